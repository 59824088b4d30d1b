"""What a script's environment is if nothing is said: what is found first, in the order of `_candidates`.

The readers are imported only if there is a file to read: that takes milliseconds.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dressage import SpecError
from dressage.environments.active_interpreter import active_environment, base_environment
from dressage.environments.interpreters import read_interpreter
from dressage_script.packages import Packages
from dressage_script.settings import Settings
from dressage_script.starting import Start

_MOST_ABOVE = 3
"""How many folders above the copied one are looked at."""
_CONDA_FILES = ("environment.yml", "environment.yaml", "conda.yml", "conda.yaml")


class _Candidate(Struct, frozen=True):
    """label: for people. read: returns its packages. is_interpreter: whether it exists and nothing is installed."""

    label: str
    read: Callable[[], Packages]
    is_interpreter: bool = False


def choose(settings: Settings, start: Start, environ: Mapping[str, str]) -> tuple[Packages, tuple[str, ...]]:
    """Return the packages that are found first, and lines that say what was taken and what was not.

    environ: of the user's shell. An interpreter is of this machine only, so the first file that is found describes
    the environment for other platforms. Raises SpecError if the file that is taken cannot be read.
    """
    found = list(_candidates(settings, start, environ))
    if not found:
        return Packages(name="interpreter"), _find_above(start)
    taken, others = found[0], found[1:]
    packages, lines = taken.read(), [] if taken.is_interpreter else [f"found {taken.label}"]
    if taken.is_interpreter:
        described = next((one for one in others if not one.is_interpreter), None)
        others = [one for one in others if one is not described]
        if described:
            packages, line = _described(packages, described)
            lines.append(line)
    if others:
        lines.append(f"not used: {', '.join(one.label for one in others)}")
    return packages, tuple(lines)


def _find_above(start: Start) -> tuple[str, ...]:
    """Return a line if a project's file is in a folder above the one that is copied; up to that of a repository."""
    for folder in start.root.parents[:_MOST_ABOVE]:
        if path := _first([folder], ("uv.lock", "pyproject.toml", "requirements.txt", *_CONDA_FILES)):
            return (
                f"not used: {str(path)!r} is above the folder that is copied; to use it: --root {folder}",
            )
        if (folder / ".git").exists():
            break
    return ()


def _described(packages: Packages, other: _Candidate) -> tuple[Packages, str]:
    """Add the description for platforms that cannot use an interpreter of this machine."""
    try:
        found = other.read()
    except SpecError as error:
        return packages, f"not used: {other.label} ({error})"
    line = f"not used on this machine: {other.label}; platforms that build an environment use it"
    return replace(found, name=packages.name, interpreter=packages.interpreter, builds=()), line


def _candidates(settings: Settings, start: Start, environ: Mapping[str, str]) -> Iterator[_Candidate]:
    """Yield what is found, in the order in which it is preferred."""
    folders = _folders(start)
    if inline := _inline(start.path):
        yield inline
    if active := active_environment(environ):
        yield _interpreter(f"the active environment {str(active)!r}", active)
    venv = next((one / ".venv" for one in folders if read_interpreter(one / ".venv")), None)
    if venv and venv != active:
        yield _interpreter(f"the virtual environment {str(venv)!r}", venv)
    if folder := next((one for one in folders if _has_dependencies(one)), None):
        yield _project(folder, start, settings)
    if path := _first(folders, ("requirements.txt",)):
        yield _requirements(path)
    if conda := _first(folders, _CONDA_FILES):
        yield _conda(conda)
    if base := base_environment(environ):
        yield _interpreter(f"conda's base environment {str(base)!r}", base)


def _inline(script: Path | None) -> _Candidate | None:
    """Return the inline metadata of a Python script; None if it has none."""
    if script is None or script.suffix not in (".py", ".pyw") or b"# /// script" not in script.read_bytes():
        return None
    from dressage_script.readers import read_inline

    packages = read_inline(script)
    return _Candidate(f"inline metadata in {script.name}", lambda: packages) if packages else None


def _folders(start: Start) -> list[Path]:
    """Return the script's folder and those above it, up to the root."""
    script = start.path.parent if start.path else start.root
    return [one for one in (script, *script.parents) if one.is_relative_to(start.root)]


def _interpreter(label: str, folder: Path) -> _Candidate:
    return _Candidate(label, lambda: Packages(name="interpreter", interpreter=folder), is_interpreter=True)


def _requirements(path: Path) -> _Candidate:
    def read() -> Packages:
        from dressage_script.readers import read_requirements

        return read_requirements(path)

    return _Candidate(f"{str(path)!r}", read)


def _conda(path: Path) -> _Candidate:
    def read() -> Packages:
        from dressage_script.readers import read_conda

        return read_conda(path)

    return _Candidate(f"{str(path)!r}", read)


def _project(folder: Path, start: Start, settings: Settings) -> _Candidate:
    def read() -> Packages:
        from dressage_script.readers import read_pyproject_file

        return read_pyproject_file(folder, start.root, settings.extras, settings.groups)

    locked = " with its uv.lock" if (folder / "uv.lock").is_file() else ""
    return _Candidate(f"{str(folder / 'pyproject.toml')!r}{locked}", read)


def _has_dependencies(folder: Path) -> bool:
    """Return whether the folder has a pyproject.toml that says what a project requires."""
    if not (folder / "pyproject.toml").is_file():
        return False
    from dressage.environments.local_projects import read_pyproject

    try:
        content = read_pyproject(folder)
    except SpecError:
        return True  # the error is shown when it is read
    project, poetry = content.get("project", {}), content.get("tool", {}).get("poetry", {})
    listed = project.get("dependencies") or "dependencies" in project.get("dynamic", ())
    return bool(listed or poetry.get("dependencies") or (content and (folder / "uv.lock").is_file()))


def _first(folders: list[Path], names: tuple[str, ...]) -> Path | None:
    return next((one / name for one in folders for name in names if (one / name).is_file()), None)
