"""dressage plan"""

from typing import TYPE_CHECKING

from dressage.cli.options import (
    Arguments,
    Experiment,
    On,
    Output,
    Priority,
    Recipe,
    Retries,
    Set,
    StreamFormat,
    Tag,
    TimeLimit,
    pairs_of,
    settings_of,
)
from dressage.cli.platform_options import Option, open_engine_with
from dressage.cli.script_options import ScriptOptions, takes_script_options
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.results.plans import Plan


@takes_script_options
def plan(
    recipe: Recipe = None,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    option: Option = None,
    experiment: Experiment = None,
    tag: Tag = None,
    priority: Priority = 0,
    retries: Retries = 0,
    time_limit: TimeLimit = None,
    output: Output = "table",
    *,
    script: ScriptOptions,
) -> None:
    """Show what a run would do and why, without changing anything."""
    from dressage.cli.durations import seconds_of
    from dressage.cli.recipe_arguments import recipe_and_settings

    recipe, settings = recipe_and_settings(recipe, arguments or [], script, settings_of(set_))
    found = open_engine_with(on, option).plan(
        recipe,
        on=on,
        set=settings,
        tags=pairs_of(tag, "--tag"),
        experiment=experiment,
        priority=priority,
        retries=retries,
        time_limit_s=seconds_of(time_limit, "--time-limit"),
    )
    show(found, output)


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
