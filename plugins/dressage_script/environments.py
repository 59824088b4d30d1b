"""The environment of a script: from the files that are named, else from what is found."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from dressage import Environment, SettingsError
from dressage_script.discovery import choose
from dressage_script.notebooks import PROGRAM, add_program
from dressage_script.packages import Packages
from dressage_script.settings import Settings
from dressage_script.starting import Start
from dressage_script.words import read_variables


def describe_environment(settings: Settings, start: Start) -> Environment:
    """Return the environment that the settings ask for, or else the one that is found.

    Raises SettingsError or SpecError for a file that cannot be read.
    """
    named = _read_named(settings, start)
    packages, origin = (named, ()) if named else choose(settings, start, os.environ)
    if start.module == PROGRAM:
        packages = add_program(packages)
    return Environment(
        name=_name(packages.name),
        conda=packages.conda,
        requirements=packages.requirements,
        constraints=packages.constraints,
        project=packages.project,
        interpreter=packages.interpreter,
        builds=tuple(dict.fromkeys(_builds(start.root, packages))),
        indexes=settings.indexes if packages.installs else (),
        variables={**_python_path(start, packages), **read_variables(settings.variables)},
        secrets=settings.secrets,
        base_image=settings.image,
        origin=(*origin, *_built(start.root, packages), *_image(settings.image)),
    )


def _read_named(settings: Settings, start: Start) -> Packages | None:
    """Return the packages of the files that the settings name; None if they name none."""
    if not settings.conda and not settings.requirements:
        return None
    from dressage_script.readers import read_conda, read_pyproject_file, read_requirements

    conda, requirements = _path(settings.conda), _path(settings.requirements)
    if requirements and requirements.name == "pyproject.toml":
        if conda:
            raise SettingsError(
                f"conda specification {settings.conda!r} and project {settings.requirements!r}: give one of them"
            )
        return read_pyproject_file(requirements.parent, start.root, settings.extras, settings.groups)
    if conda:
        _check_file("conda specification", settings.conda, conda, "an environment.yml")
    if requirements:
        _check_file("requirements", settings.requirements, requirements, "a requirements.txt")
    read = [read_conda(conda)] if conda else []
    read += [read_requirements(requirements)] if requirements else []
    return read[0] if len(read) == 1 else read[0].joined(read[1])


def _path(given: str | None) -> Path | None:
    return Path(given).expanduser().absolute() if given else None


def _check_file(what: str, given: str | None, path: Path, example: str) -> None:
    try:
        with path.open("rb"):
            return
    except OSError as error:
        raise SettingsError(f"{what} {given!r}: {error.strerror}; give the path of {example}") from error


def _python_path(start: Start, packages: Packages) -> Mapping[str, str]:
    """Return the variable that makes the local projects and the root importable.

    A script's own folder is on the path anyway. What is built is installed.
    """
    folders = [*_below(start.root, packages.sources)]
    if start.file and "/" in start.file:
        folders.append(".")
    elif not start.command:
        folders = [folder for folder in folders if folder != "."]
    return {"PYTHONPATH": os.pathsep.join(dict.fromkeys(folders))} if folders else {}


def _built(root: Path, packages: Packages) -> Iterator[str]:
    """Yield a line for people for each project that is built."""
    for project in packages.builds:
        (folder,) = _below(root, [project.folder])
        yield f"the project in {folder!r} is built as a wheel: {project.reason}"


def _image(image: str | None) -> tuple[str, ...]:
    return (f"image {image!r}: used only by platforms that run scripts in containers",) if image else ()


def _builds(root: Path, packages: Packages) -> Iterator[str]:
    for project in packages.builds:
        (folder,) = _below(root, [project.folder])
        yield f"{folder}[{','.join(project.extras)}]" if project.extras else folder


def _below(root: Path, folders: Iterable[Path]) -> Iterator[str]:
    """Yield the folders relative to the root. Raises SettingsError for one that is not copied with the script."""
    for folder in folders:
        if not folder.is_relative_to(root):
            raise SettingsError(
                f"project {str(folder)!r} is not below {str(root)!r}, the folder that is copied; choose a folder"
                f" above both: --root {os.path.commonpath([folder, root])}"
            )
        yield folder.relative_to(root).as_posix()


def _name(text: str) -> str:
    """Return a name that every platform takes."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._") or "script"
