"""dressage plan"""

from typing import TYPE_CHECKING

from dressage.cli.options import (
    Arguments,
    Conda,
    Experiment,
    On,
    Output,
    Recipe,
    Set,
    StreamFormat,
    Tag,
    pairs_of,
    settings_of,
)
from dressage.cli.platform_options import Option, open_engine_with
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.results.plans import Plan


def plan(
    recipe: Recipe,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    option: Option = None,
    conda: Conda = None,
    experiment: Experiment = None,
    tag: Tag = None,
    output: Output = "table",
) -> None:
    """Show what a run would do and why, without changing anything."""
    from dressage.cli.recipe_arguments import recipe_and_settings

    recipe, settings = recipe_and_settings(recipe, arguments or [], conda, settings_of(set_))
    tags = pairs_of(tag, "--tag")
    engine = open_engine_with(on, option)
    show(engine.plan(recipe, on=on, set=settings, tags=tags, experiment=experiment), output)


def show(plan: "Plan", output: StreamFormat) -> None:
    from dressage.cli.display import JsonLinesDisplay, plan_lines
    from dressage.cli.output import print_json
    from dressage.results.events import PlanMade

    if output == "json":
        print_json(plan)
    elif output == "jsonl":
        JsonLinesDisplay()(PlanMade(plan))
    else:
        results().write(plan_lines(plan, results()) + "\n")
