"""dressage init"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from dressage.cli.options import complete_platform, open_engine
from dressage.cli.platform_options import complete_option, values_of
from dressage.cli.streams import results
from dressage.errors import SettingsError


def init(
    values: Annotated[
        list[str] | None,
        typer.Argument(
            help="Options of the platform, as KEY=VALUE; needs --on.", autocompletion=complete_option
        ),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on", metavar="PLATFORM", help="Also configure this platform.", autocompletion=complete_platform
        ),
    ] = None,
) -> None:
    """Create a workspace in this folder; with --on, also configure a platform.

    This command is optional: the first run creates a workspace if none is found here or in a parent folder.

    With --on, the options are checked first. If the platform has its own configuration file, that file is written.
    Otherwise a dressage.toml that selects the platform and sets the options is created in this folder. An existing
    dressage.toml is not changed: the lines to add are printed, and the exit code is 2.
    """
    if values and not on:
        raise SettingsError(f"option {values[0]!r} needs a platform; add --on PLATFORM")
    if on:
        results().write(f"{_configure(on, values_of(values or []))}\n")
    results().write(f"{_create_workspace()}\n")


def _configure(name: str, values: Mapping[str, str]) -> Path:
    from dressage.files.permissions import as_user
    from dressage.platforms.protocols import Initialises

    engine = open_engine({name: values})
    platform = engine.platform(name)  # raises SettingsError for wrong values
    if (initialising := platform.optional(Initialises)) is not None:
        with as_user():
            path: Path = initialising.initialise(values)
        return path
    options = engine.resolve_options(name)
    for item in engine.options(name):
        if item.secret and item.name in values:
            raise SettingsError(
                f"platform {name!r}: option {item.name} is secret and is not written to a file; set it as a variable"
            )
    with as_user():
        return _write_settings_file(engine.directory, name, {key: getattr(options, key) for key in values})


def _write_settings_file(directory: Path, platform: str, options: Mapping[str, Any]) -> Path:
    from dressage.specs.configuration import FILE
    from dressage.specs.settings_file import is_already_set, platform_lines

    path, lines = directory / FILE, platform_lines(platform, options)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(lines)
    except FileExistsError:
        if not is_already_set(path, platform, options):
            results().write(lines)
            message = f"{str(path)!r} already exists and was not changed; merge the printed lines into it"
            raise SettingsError(message) from None
    return path


def _create_workspace() -> Path:
    from dressage.records.workspace import FOLDER, Workspace, find_workspace

    engine = open_engine()
    configured = engine.configuration.option("workspace").value
    root = find_workspace(engine.directory, configured or FOLDER)
    workspace = Workspace(root, engine.configuration.workspace_mode())
    workspace.create()
    return workspace.root
