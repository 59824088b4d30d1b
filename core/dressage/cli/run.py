"""dressage run"""

from typing import Annotated

import typer

from dressage.cli.options import Arguments, Conda, On, Recipe, Set, StreamFormat, Tag, pairs_of, settings_of
from dressage.cli.platform_options import Option, open_engine_with


def run(
    recipe: Recipe,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    option: Option = None,
    conda: Conda = None,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Return once the run is submitted.")] = False,
    name: Annotated[str | None, typer.Option("-n", "--name", help="A name to show for the run.")] = None,
    experiment: Annotated[str | None, typer.Option(help="Experiment to group the run under.")] = None,
    tag: Tag = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new run even if one with the same inputs exists.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan.")] = False,
    output: Annotated[StreamFormat, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> None:
    """Train: carry out a recipe's plan, or run a script.

    Ctrl-C detaches: the run continues in the background. A second Ctrl-C asks whether to cancel it.
    """
    from dressage.cli.following import start_and_follow
    from dressage.cli.recipe_arguments import recipe_and_settings

    recipe, settings = recipe_and_settings(recipe, arguments or [], conda, settings_of(set_))
    engine, tags = open_engine_with(on, option), pairs_of(tag, "--tag")
    if dry_run:
        from dressage.cli.plan import show

        return show(engine.plan(recipe, on=on, set=settings, tags=tags), output)
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
