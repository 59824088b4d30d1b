"""dressage environments build"""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import On, Set, complete_recipe, open_engine, settings_of
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.specs.environments import Environment


def build(
    target: Annotated[
        str,
        typer.Argument(
            help="Recipe name, or path of a conda specification or a requirements file (.txt).",
            autocompletion=complete_recipe,
        ),
    ],
    on: On = None,
    set_: Set = None,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Resolve again to the newest allowed versions.")
    ] = False,
) -> None:
    """Build the environment of a recipe or a specification file, unless it is already built.

    The file is a conda specification or, if its name ends in .txt, a requirements file for pip.
    """
    from dressage.cli.display import TextDisplay
    from dressage.errors import SettingsError
    from dressage.results.events import StageStarted, progress_of

    engine = open_engine()
    path = Path(target).expanduser()
    if not path.is_file() and ("/" in target or path.suffix in (".yml", ".yaml", ".txt")):
        raise SettingsError(f"{target!r} is not a file; give a conda specification or a requirements file")
    engine.workspace.create()
    if path.is_file() and ("/" in target or path.suffix):  # a bare name is a recipe, which policies judge
        environment = _read_environment(path)
    else:
        environment = engine.describe(target, on=on, set=settings_of(set_)).environment
    with closing(TextDisplay()) as display:
        display(StageStarted("environment", environment.name))
        version = engine.platform(on).environments.ensure(
            environment, progress_of("environment", display), upgrade=upgrade
        )
    results().write(f"{version.name}:{version.key}\n")


def _read_environment(path: Path) -> "Environment":
    from dressage.specs.environments import Environment

    text = path.read_text(encoding="utf-8")
    if path.suffix == ".txt":
        return Environment(name=path.stem, requirements=text)
    return Environment(name=path.stem, conda=text)
