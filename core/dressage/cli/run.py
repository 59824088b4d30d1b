"""dressage run"""

from typing import Annotated, Any

import typer

from dressage.cli.options import (
    Arguments,
    Detach,
    Experiment,
    On,
    Priority,
    Recipe,
    Retries,
    Set,
    StreamOutput,
    Tag,
    TimeLimit,
    pairs_of,
    settings_of,
)
from dressage.cli.platform_options import Option, open_engine_with
from dressage.cli.script_options import ScriptOptions, takes_script_options


@takes_script_options
def run(
    recipe: Recipe = None,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    option: Option = None,
    detach: Detach = False,
    name: Annotated[
        str | None, typer.Option("-n", "--name", metavar="NAME", help="Name to show for the run.")
    ] = None,
    experiment: Experiment = None,
    tag: Tag = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new run even if a run with the same inputs exists.")
    ] = False,
    priority: Priority = 0,
    retries: Retries = 0,
    time_limit: TimeLimit = None,
    batch: Annotated[
        str | None,
        typer.Option(
            "--batch",
            metavar="FILE",
            help="Submit a run for each line: a script's arguments, or NAME=VALUE settings; - reads stdin.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and exit.")] = False,
    output: StreamOutput = "table",
    *,
    script: ScriptOptions,
) -> None:
    """Train a model with a recipe or a script.

    The plan is shown first. If a run with the same inputs exists, it is reused. Ctrl-C detaches: the run continues in
    the background. A second Ctrl-C asks whether to cancel it. With --batch, all runs continue in the background.
    """
    from dressage.cli.durations import seconds_of
    from dressage.cli.recipe_arguments import recipe_and_settings

    engine, settings, words = open_engine_with(on, option), settings_of(set_), arguments or []
    common: dict[str, Any] = {
        "on": on,
        "tags": pairs_of(tag, "--tag"),
        "experiment": experiment,
        "priority": priority,
        "retries": retries,
        "time_limit_s": seconds_of(time_limit, "--time-limit"),
    }
    if batch is not None and not dry_run:
        from dressage.cli.batch import read_batch, submit_batch

        lines = read_batch(engine, batch, recipe, words, script, settings)
        return submit_batch(engine, lines, output, name=name, again=again, **common)
    recipe, settings = recipe_and_settings(recipe, words, script, settings)
    if dry_run:
        from dressage.cli.plan import show

        _refuse_batch(batch)
        return show(engine.plan(recipe, set=settings, **common), output)
    from dressage.cli.following import start_and_follow

    return start_and_follow(
        lambda listener: engine.run(
            recipe, set=settings, name=name, again=again, listener=listener, **common
        ),
        detach=detach,
        output=output,
    )


def _refuse_batch(batch: str | None) -> None:
    """Raise SettingsError if a batch is given: a plan is of one run."""
    from dressage.errors import SettingsError

    if batch is not None:
        raise SettingsError(
            "--dry-run shows the plan of one run; give the settings of one line instead of --batch"
        )
