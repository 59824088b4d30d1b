"""dressage config"""

from typing import Annotated

import typer

from dressage.cli.options import As, complete_recipe, engine


def config(
    recipe: Annotated[
        str | None, typer.Argument(help="Show this recipe's settings too.", autocompletion=complete_recipe)
    ] = None,
    output: As = "table",
) -> None:
    """Show each configured value and where it came from."""
    from dressage.cli.output import print_json, print_table
    from dressage.specs.configuration import DEFAULTS, Value

    found = engine()
    values = {name: found.configuration.option(name) for name in DEFAULTS}
    values["workspace"] = Value(str(found.workspace.root), values["workspace"].origin)
    if recipe:
        settings = found.settings(recipe)
        configured = found.configuration.recipe(recipe, tuple(item.name for item in settings))
        for item in settings:
            value = configured.get(item.name, Value(item.default, "default"))
            values[f"recipes.{recipe}.{item.name}"] = value
    if output == "json":
        print_json(values)
    else:
        print_table(
            ("NAME", "VALUE", "FROM"), [(name, value.value, value.origin) for name, value in values.items()]
        )
