"""dressage models register"""

from pathlib import Path
from typing import Annotated

import typer

from dressage.cli.options import On, open_engine
from dressage.cli.streams import results


def register(
    name: Annotated[str, typer.Argument(help="Model name.")],
    folder: Annotated[Path, typer.Argument(help="Folder that contains the model.")],
    on: On = None,
) -> None:
    """Register a folder as a model version.

    If a version with the same content exists, it is used and no new version is created.
    """
    from dressage.cli.display import say
    from dressage.errors import SettingsError
    from dressage.files.walking import walk
    from dressage.specs.names import check_name

    check_name("model", name)
    if not folder.is_dir():
        raise SettingsError(f"{str(folder)!r} is not a folder; give the folder that contains the model")
    engine = open_engine()
    engine.workspace.create()
    for found in sorted(walk(folder)):
        if found.problem:
            say(f"left out: {found.shown}, {found.problem}")
    version = engine.platform(on).models.register(name, folder.absolute())
    results().write(f"{version.name}:{version.version}\n")
