"""dressage config"""

from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import Output, complete_platform, complete_recipe, open_engine

if TYPE_CHECKING:
    from dressage.engine.engine import Engine
    from dressage.specs.configuration import Value
    from dressage.specs.settings import Owner


def config(
    recipe: Annotated[
        str | None,
        typer.Argument(help="Also show the settings of this recipe.", autocompletion=complete_recipe),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="PLATFORM",
            help="Platform whose options to show. Default: the configured platform.",
            autocompletion=complete_platform,
        ),
    ] = None,
    output: Output = "table",
) -> None:
    """Show each configuration value and where it comes from."""
    from dressage.cli.output import print_json, print_table
    from dressage.environments.redaction import without_credentials
    from dressage.specs.configuration import DEFAULTS, Value
    from dressage.specs.settings import Owner

    engine = open_engine()
    values = {name: engine.configuration.option(name) for name in DEFAULTS}
    values["workspace"] = Value(str(engine.workspace.root), values["workspace"].origin)
    mirror = values["mirror"]
    if mirror.value is not None:
        values["mirror"] = Value(without_credentials(mirror.value), mirror.origin)
    values |= _download_values(engine)
    values |= _plugin_values(engine)
    values |= _values_of(engine, Owner("platform", on or values["on"].value))
    values |= _observer_values(engine)
    if recipe:
        values |= _values_of(engine, Owner("recipe", recipe))
    if output == "json":
        print_json(values)
    else:
        print_table(
            ("NAME", "VALUE", "FROM"),
            [(name, _format(value.value), value.origin) for name, value in values.items()],
        )


def _format(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


def _download_values(engine: "Engine") -> "dict[str, Value]":
    from dressage.specs.configuration import Value
    from dressage.specs.downloads import TABLE, DownloadLimits
    from dressage.specs.settings import Owner, list_settings

    declared = list_settings(DownloadLimits)
    configured = engine.configuration.values(Owner("table", TABLE), (item.name for item in declared))
    return {
        f"{TABLE}.{item.name}": configured.get(item.name, Value(item.default, "default")) for item in declared
    }


def _plugin_values(engine: "Engine") -> "dict[str, Value]":
    """The settings about plugins, where there are any."""
    from dressage.specs.configuration import Value

    settings = engine.configuration.plugins()
    files, choices = enumerate(settings.files, 1), reversed(settings.choices)
    return {
        **{f"plugins.files.{number}": Value(file.written, file.origin) for number, file in files},
        **{f"plugins.disabled.{name}": Value(True, origin) for name, origin in settings.disabled.items()},
        **{f"plugins.required.{name}": Value(True, origin) for name, origin in settings.required.items()},
        **(
            {"plugins.order": Value(", ".join(settings.order), settings.order_origin)}
            if settings.order
            else {}
        ),
        **{f"plugins.{choice.name}": Value(choice.provider, choice.origin) for choice in choices},
    }


def _observer_values(engine: "Engine") -> "dict[str, Value]":
    """Return the options of observers that settings files set. Addresses have no passwords."""
    from dressage.specs.settings import Owner

    names = dict.fromkeys(
        name for _, table in engine.configuration.files for name in table.get("observers", {})
    )
    return {
        f"observers.{name}.{option}": _redact(value)
        for name in names
        for option, value in engine.configuration.values(Owner("observer", name), ()).items()
    }


def _redact(value: "Value") -> "Value":
    from dressage.environments.redaction import without_credentials
    from dressage.specs.configuration import Value

    return Value(without_credentials(value.value), value.origin) if isinstance(value.value, str) else value


def _values_of(engine: "Engine", owner: "Owner") -> "dict[str, Value]":
    from dressage.specs.configuration import Value
    from dressage.specs.credentials import HIDDEN

    declared = engine.settings(owner.name) if owner.kind == "recipe" else engine.options(owner.name)
    configured = engine.configuration.values(owner, (item.name for item in declared))
    values = {item.name: configured.get(item.name, Value(item.default, "default")) for item in declared}
    return {
        f"{owner.kind}s.{owner.name}.{item.name}": Value(HIDDEN, values[item.name].origin)
        if item.secret and values[item.name].value
        else values[item.name]
        for item in declared
    }
