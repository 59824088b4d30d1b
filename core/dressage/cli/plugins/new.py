"""dressage plugins new"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.streams import results
from dressage.errors import SettingsError

if TYPE_CHECKING:
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
    directory: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder to create. Default: dressage-NAME in this folder."),
    ] = None,
) -> None:
    """Create a plugin: a package with an example of its kind, and tests.

    Give one kind. The package is called dressage-NAME. It can be installed and run at once, and its tests pass.
    Existing files are never changed.
    """
    from dressage.templates import create_plugin

    kind = _choose_kind({"recipe": recipe, "platform": platform, "policy": policy, "observer": observer})
    created = create_plugin(name, kind, directory)
    results().write(f"created {created.folder}\n")
    results().writelines(f"  {path}\n" for path in created.files)
    commands = (
        f"cd {shlex.quote(str(created.folder))}",
        "uv run pytest",
        f"uv run dressage {created.command}",
    )
    results().writelines(["next:\n", *(f"  {command}\n" for command in commands)])


def _choose_kind(given: "dict[Kind, bool]") -> "Kind":
    chosen = [kind for kind, is_given in given.items() if is_given]
    if len(chosen) != 1:
        options = ", ".join(f"--{kind}" for kind in given)
        said = f"{' and '.join(f'--{kind}' for kind in chosen)} were given" if chosen else "no kind was given"
        raise SettingsError(f"{said}; give one of {options}")
    return chosen[0]
