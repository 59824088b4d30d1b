"""dressage plan"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import As, On, Output, Set, complete_recipe, engine, settings_of

if TYPE_CHECKING:
    from dressage.plans import Plan


def plan(
    recipe: Annotated[
        str, typer.Argument(help="A recipe's name, or a script's path.", autocompletion=complete_recipe)
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="After --: arguments of the script.")] = None,
    on: On = None,
    set_: Set = None,
    price: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prices of machines: CSV with the header size,usd_per_hour."),
    ] = None,
    output: As = "table",
) -> None:
    """Say what a run would do, and why; touch nothing."""
    from dressage.cli.run import asked_for

    recipe, settings = asked_for(recipe, arguments or [], None, settings_of(set_))
    show(engine(_priced(on, price) if price else None).plan(recipe, on=on, set=settings), output)


def _priced(on: str | None, table: Path) -> dict[str, dict[str, str]]:
    """The settings of the platform, with that table of prices."""
    return {on or engine().configuration.option("on").value: {"prices": str(table.absolute())}}


def show(plan: "Plan", output: Output) -> None:
    from dressage.cli.output import print_json
    from dressage.cli.telling import plan_lines

    if output == "json":
        print_json(plan)
    else:
        sys.stdout.write(plan_lines(plan, sys.stdout) + "\n")
