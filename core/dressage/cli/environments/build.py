"""dressage environments build"""

from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from dressage.cli.options import On, Set, complete_recipe, engine, settings_of
from dressage.cli.streams import results


def build(
    target: Annotated[
        str,
        typer.Argument(
            help="A recipe's name, or a conda specification's path.", autocompletion=complete_recipe
        ),
    ],
    on: On = None,
    set_: Set = None,
    upgrade: Annotated[bool, typer.Option("--upgrade", help="Take what has been released since.")] = False,
) -> None:
    """Build the environment of a recipe or a conda file, unless it is there."""
    from dressage.cli.display import Person
    from dressage.errors import SettingsError
    from dressage.results.events import StageStarted, progress_of
    from dressage.specs.descriptions import Environment

    found = engine()
    path = Path(target).expanduser()
    if not path.is_file() and ("/" in target or path.suffix in (".yml", ".yaml")):
        raise SettingsError(f"conda specification {target!r} is no file; check the path")
    found.workspace.create()
    if path.is_file():
        environment = Environment(name=path.stem, conda=path.read_text(encoding="utf-8"))
    else:
        environment = found.describe(target, on=on, set=settings_of(set_)).environment
    with closing(Person()) as tell:
        tell(StageStarted("environment", environment.name))
        version = found.platform(on).environments.ensure(
            environment, progress_of("environment", tell), upgrade=upgrade
        )
    results().write(f"{version.name}:{version.key}\n")
