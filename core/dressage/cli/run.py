"""dressage run"""

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer

from dressage.cli.options import Arguments, Conda, On, Recipe, Set, Stream, engine, settings_of


def run(
    recipe: Recipe,
    arguments: Arguments = None,
    on: On = None,
    set_: Set = None,
    conda: Conda = None,
    detach: Annotated[bool, typer.Option("-d", "--detach", help="Leave once the run is submitted.")] = False,
    name: Annotated[str | None, typer.Option("-n", "--name", help="A name to show for the run.")] = None,
    experiment: Annotated[str | None, typer.Option(help="The experiment it counts to.")] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Start a new run even if this was done before.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only plan.")] = False,
    output: Annotated[Stream, typer.Option("-o", "--output", help="How to print it.")] = "table",
) -> None:
    """Train: carry out a recipe's plan, or run a script.

    Ctrl-C leaves the run to itself; a second one asks whether to cancel it.
    """
    from dressage.cli.following import started

    recipe, settings = asked_for(recipe, arguments or [], conda, settings_of(set_))
    if dry_run:
        from dressage.cli.plan import show

        return show(engine().plan(recipe, on=on, set=settings), output)
    return started(
        lambda listener: engine().run(
            recipe, on=on, set=settings, name=name, experiment=experiment, again=again, listener=listener
        ),
        detach=detach,
        output=output,
    )


def asked_for(
    recipe: str, arguments: list[str], conda: Path | None, settings: dict[str, Any]
) -> tuple[str, dict[str, Any]]:
    """A path is a script, for the recipe that runs scripts; anything else is a recipe's name."""
    from dressage.errors import SettingsError

    if is_script(recipe):
        words = {"path": recipe, "arguments": shlex.join(arguments), "conda": str(conda or "")}
        return "script", {name: value for name, value in words.items() if value} | settings
    if arguments or conda:
        given = "--conda" if conda else f"argument {arguments[0]!r}"
        raise SettingsError(
            f"recipe {recipe!r} takes no {given}; use --set NAME=VALUE, or name a script by its path"
        )
    return recipe, settings


def is_script(recipe: str) -> bool:
    """Whether what stands for a recipe is a script's path."""
    return "/" in recipe or recipe.endswith(".py")
