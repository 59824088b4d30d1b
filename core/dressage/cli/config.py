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
    from dressage.specs.configuration import DEFAULTS, Value
    from dressage.specs.settings import Owner

    engine = open_engine()
    values = {name: engine.configuration.option(name) for name in DEFAULTS}
    values["workspace"] = Value(str(engine.workspace.root), values["workspace"].origin)
    values |= _values_of(engine, Owner("platform", on or values["on"].value))
    if recipe:
        values |= _values_of(engine, Owner("recipe", recipe))
    if output == "json":
        print_json(values)
    else:
        print_table(
            ("NAME", "VALUE", "FROM"), [(name, value.value, value.origin) for name, value in values.items()]
        )


def _values_of(engine: "Engine", owner: "Owner") -> "dict[str, Value]":
    from dressage.specs.configuration import Value

    declared = engine.settings(owner.name) if owner.kind == "recipe" else engine.options(owner.name)
    configured = engine.configuration.values(owner, (item.name for item in declared))
    return {
        f"{owner.kind}s.{owner.name}.{item.name}": configured.get(item.name, Value(item.default, "default"))
        for item in declared
    }
