"""dressage run"""

from typing import Annotated

import typer

from dressage.cli.options import (
    Arguments,
    Conda,
    Detach,
    Experiment,
    On,
    Recipe,
    Set,
    StreamOutput,
    Tag,
    pairs_of,
    settings_of,
)
from dressage.cli.platform_options import Option, open_engine_with


def run(
    recipe: Recipe,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    option: Option = None,
    conda: Conda = None,
    detach: Detach = False,
    name: Annotated[
        str | None, typer.Option("-n", "--name", metavar="NAME", help="Name to show for the run.")
    ] = None,
    experiment: Experiment = None,
    tag: Tag = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new run even if a run with the same inputs exists.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and exit.")] = False,
    output: StreamOutput = "table",
) -> None:
    """Train a model with a recipe or a script.

    The plan is shown first. If a run with the same inputs exists, it is reused. Ctrl-C detaches: the run continues in
    the background. A second Ctrl-C asks whether to cancel it.
    """
    from dressage.cli.following import start_and_follow
    from dressage.cli.recipe_arguments import recipe_and_settings

    recipe, settings = recipe_and_settings(recipe, arguments or [], conda, settings_of(set_))
    engine, tags = open_engine_with(on, option), pairs_of(tag, "--tag")
    if dry_run:
        from dressage.cli.plan import show

        return show(engine.plan(recipe, on=on, set=settings, tags=tags, experiment=experiment), output)
    return start_and_follow(
        lambda listener: engine.run(
            recipe,
            on=on,
            set=settings,
            tags=tags,
            name=name,
            experiment=experiment,
            again=again,
            listener=listener,
        ),
        detach=detach,
        output=output,
    )
