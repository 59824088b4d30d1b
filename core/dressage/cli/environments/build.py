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
    path = Path(target).expanduser().absolute()
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
    """Read a specification file, with the files that it refers to. Raises SettingsError, SpecError."""
    from dressage.environments.description_files import read_conda_file, read_requirements_file
    from dressage.errors import SettingsError
    from dressage.specs.environments import Environment

    conda, found = (None, read_requirements_file(path)) if path.suffix == ".txt" else read_conda_file(path)
    if found.projects:
        raise SettingsError(
            f"{str(path)!r} installs the local project {str(found.projects[0].folder)!r}, which is part of a run:"
            f" dressage run SCRIPT --{'conda' if conda else 'requirements'} {path}"
        )
    requirements, constraints = (
        "".join(f"{line}\n" for line in lines) for lines in (found.requirements, found.constraints)
    )
    return Environment(
        name=path.stem,
        conda=conda,
        requirements=requirements if conda is None else requirements or None,
        constraints=constraints or None,
    )
