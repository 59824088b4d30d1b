"""dressage plan"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import Arguments, As, Conda, On, Recipe, Set, Stream, engine, settings_of
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.engine.engine import Engine
    from dressage.results.plans import Plan


def plan(
    recipe: Recipe,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    conda: Conda = None,
    price: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Prices of machines: CSV with the header size,usd_per_hour."),
    ] = None,
    output: As = "table",
) -> None:
    """Say what a run would do, and why; touch nothing."""
    from dressage.cli.recipe_arguments import recipe_and_settings

    recipe, settings = recipe_and_settings(recipe, arguments or [], conda, settings_of(set_))
    found = _priced(on, price) if price else engine()
    show(found.plan(recipe, on=on, set=settings), output)


def _priced(on: str | None, table: Path) -> "Engine":
    """An engine whose platform has that table of prices. Raises SettingsError if the platform takes none."""
    from dressage.errors import SettingsError

    found = engine()
    name = on or found.configuration.option("on").value
    found.platform(name)  # so that what is wrong without a table is said first
    priced = engine({name: {"prices": str(table.absolute())}})
    try:
        priced.platform(name)
    except SettingsError as error:
        raise SettingsError(f"platform {name!r} has no prices; leave --price out") from error
    return priced


def show(plan: "Plan", output: Stream) -> None:
    from dressage.cli.display import Program, plan_lines
    from dressage.cli.output import print_json
    from dressage.results.events import PlanMade

    if output == "json":
        print_json(plan)
    elif output == "jsonl":
        Program()(PlanMade(plan))
    else:
        results().write(plan_lines(plan, results()) + "\n")
