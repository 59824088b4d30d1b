"""dressage recipes show"""

from typing import Annotated

import typer

from dressage.cli.options import As, complete_recipe, engine


def show(
    recipe: Annotated[str, typer.Argument(help="A recipe's name.", autocompletion=complete_recipe)],
    output: As = "table",
) -> None:
    """Show a recipe's settings, with types and defaults."""
    from dressage.cli.output import print_json, print_table

    settings = engine().settings(recipe)
    if output == "json":
        print_json(settings)
    else:
        rows = [(item.name, item.type, item.default, item.help) for item in settings]
        print_table(("SETTING", "TYPE", "DEFAULT", "HELP"), rows)
