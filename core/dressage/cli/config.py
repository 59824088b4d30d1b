"""dressage config"""

from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import As, complete_platform, complete_recipe, engine

if TYPE_CHECKING:
    from dressage.engine.engine import Engine
    from dressage.specs.configuration import Value
    from dressage.specs.settings import Owner


def config(
    recipe: Annotated[
        str | None, typer.Argument(help="Show this recipe's settings too.", autocompletion=complete_recipe)
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            help="Show this platform's options; the configured one's by default.",
            autocompletion=complete_platform,
        ),
    ] = None,
    output: As = "table",
) -> None:
    """Show each configured value and where it came from."""
    from dressage.cli.output import print_json, print_table
    from dressage.specs.configuration import DEFAULTS, Value
    from dressage.specs.settings import Owner

    found = engine()
    values = {name: found.configuration.option(name) for name in DEFAULTS}
    values["workspace"] = Value(str(found.workspace.root), values["workspace"].origin)
    values |= _plugins_of(found)
    values |= _values_of(found, Owner("platform", on or values["on"].value))
    if recipe:
        values |= _values_of(found, Owner("recipe", recipe))
    if output == "json":
        print_json(values)
    else:
        print_table(
            ("NAME", "VALUE", "FROM"), [(name, value.value, value.origin) for name, value in values.items()]
        )


def _plugins_of(found: "Engine") -> "dict[str, Value]":
    """What is said about plugins, where something is."""
    from dressage.specs.configuration import Value

    said = found.configuration.plugins()
    return {
        **{
            f"plugins.files.{number}": Value(file.written, file.origin)
            for number, file in enumerate(said.files, 1)
        },
        **{f"plugins.disabled.{name}": Value(True, origin) for name, origin in said.disabled.items()},
        **{f"plugins.required.{name}": Value(True, origin) for name, origin in said.required.items()},
        **({"plugins.order": Value(", ".join(said.order), said.order_origin)} if said.order else {}),
        **{
            f"plugins.{choice.name}": Value(choice.provider, choice.origin)
            for choice in reversed(said.choices)
        },
    }


def _values_of(found: "Engine", owner: "Owner") -> "dict[str, Value]":
    from dressage.specs.configuration import Value

    declared = found.settings(owner.name) if owner.kind == "recipe" else found.options(owner.name)
    configured = found.configuration.values(owner, (item.name for item in declared))
    return {
        f"{owner.kind}s.{owner.name}.{item.name}": configured.get(item.name, Value(item.default, "default"))
        for item in declared
    }
