"""dressage recipes show"""

from typing import Annotated

import typer

from dressage.cli.options import Output, complete_recipe, open_engine


def show(
    recipe: Annotated[str, typer.Argument(help="Recipe name.", autocompletion=complete_recipe)],
    output: Output = "table",
) -> None:
    """Show the settings of a recipe, with types and defaults."""
    from dressage.cli.output import print_json, print_table

    settings = open_engine().settings(recipe)
    if output == "json":
        print_json(settings)
    else:
        rows = [
            (item.name, f"{item.type}, secret" if item.secret else item.type, item.default, item.help)
            for item in settings
        ]
        print_table(("SETTING", "TYPE", "DEFAULT", "HELP"), rows)
