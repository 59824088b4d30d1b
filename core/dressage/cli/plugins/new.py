"""dressage plugins new"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from dressage.cli.options import Set, complete_recipe, open_engine, settings_of
from dressage.cli.streams import results
from dressage.errors import SettingsError

if TYPE_CHECKING:
    from dressage.templates import Created
    from dressage.templates.naming import Kind


def new(
    name: Annotated[str, typer.Argument(help="Name of the plugin: lower-case letters, digits and '-'.")],
    recipe: Annotated[bool, typer.Option("--recipe", help="A recipe: it says what to train.")] = False,
    platform: Annotated[bool, typer.Option("--platform", help="A platform: it executes runs.")] = False,
    policy: Annotated[
        bool, typer.Option("--policy", help="A policy: it adjusts or refuses what recipes ask for.")
    ] = False,
    observer: Annotated[
        bool, typer.Option("--observer", help="An observer: it is informed of what happens to runs.")
    ] = False,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="RECIPE",
            help="A recipe: a copy of an installed one, with its scripts and data.",
            autocompletion=complete_recipe,
        ),
    ] = None,
    set_: Set = None,
    directory: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to create. Default: dressage-NAME in this folder."),
    ] = None,
) -> None:
    """Create a plugin: an example of its kind or a copy of a recipe, with tests.

    Give one kind, or a recipe to copy. The package is called dressage-NAME. It can be installed and run at once, and
    its tests pass. Settings are for a recipe that cannot be described without them. Existing files are never changed.
    """
    from dressage.templates import create_plugin

    given = {
        "recipe": recipe,
        "platform": platform,
        "policy": policy,
        "observer": observer,
        "from": from_ is not None,
    }
    kind = _choose_kind(given)
    if set_ and from_ is None:
        raise SettingsError("--set was given without --from RECIPE; only a copied recipe needs settings")
    _show(
        open_engine().copy_recipe(from_, name, set=settings_of(set_), folder=directory)
        if from_ is not None
        else create_plugin(name, cast("Kind", kind), directory)
    )


def _show(created: "Created") -> None:
    results().write(f"created {created.folder}\n")
    results().writelines(f"  {path}\n" for path in created.files)
    commands = (
        f"cd {shlex.quote(str(created.folder))}",
        "uv run pytest",
        f"uv run dressage {created.command}",
    )
    results().writelines(["next:\n", *(f"  {command}\n" for command in commands)])


def _choose_kind(given: dict[str, bool]) -> str:
    chosen = [kind for kind, is_given in given.items() if is_given]
    if len(chosen) != 1:
        options = ", ".join(f"--{kind}" for kind in given)
        said = f"{' and '.join(f'--{kind}' for kind in chosen)} were given" if chosen else "no kind was given"
        raise SettingsError(f"{said}; give one of {options}")
    return chosen[0]
