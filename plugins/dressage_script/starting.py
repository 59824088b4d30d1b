"""What is started, and in which folder: from what a user gives to a description of the script."""

from pathlib import Path

from msgspec import Struct

from dressage import SettingsError
from dressage_script.notebooks import check_notebook
from dressage_script.settings import Settings
from dressage_script.words import split

_SHELLS = ("sh", "bash", "zsh", "dash", "ksh")
_START = 8192
"""How many bytes of a file are read to find out what it is."""


class Start(Struct, frozen=True, kw_only=True):
    """How a script is started.

    root: the folder that is copied, and the working directory. file, module, command: one of the three, as in
    `Script`. arguments: those that come before the user's. path: the file that the user named; None if none is.
    name: what the user knows the script by, if it is none of the three.
    """

    root: Path
    file: str | None = None
    module: str | None = None
    command: str | None = None
    arguments: tuple[str, ...] = ()
    path: Path | None = None
    name: str | None = None


def find_start(settings: Settings) -> Start:
    """Return how to start what the settings name. Raises SettingsError."""
    given = [name for name in ("path", "module", "command") if getattr(settings, name)]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        raise SettingsError(
            f"give the path of a script, a module or a command, one of the three (given: {found})"
        )
    if settings.module:
        return Start(root=_root(settings.root, Path.cwd()), module=_check_module(settings.module))
    if settings.command:
        program, *arguments = split("command", settings.command)
        return Start(root=_root(settings.root, Path.cwd()), command=program, arguments=tuple(arguments))
    return _start_file(settings)


def _start_file(settings: Settings) -> Start:
    path = _absolute(settings.path)
    if path.is_dir():
        if not (path / "__main__.py").is_file():
            raise SettingsError(
                f"folder {settings.path!r} has no __main__.py; give the path of a script, or a module with -m"
            )
        path /= "__main__.py"
    if not path.is_file():
        raise SettingsError(f"script {settings.path!r} is not a file; give the path of a script")
    root = _root(settings.root, path.parent)
    file = _find_below(root, path)
    if file is None:
        raise SettingsError(
            f"script {settings.path!r} is not below the root {str(root)!r}; choose a folder above it"
        )
    if path.suffix == ".ipynb":
        check_notebook(settings.path, path)
        arguments = (file, f"outputs/{path.name}", "--log-output", "--no-progress-bar", "--kernel", "python3")
        return Start(root=root, module="papermill", arguments=arguments, path=path, name=file)
    if shell := _shell_of(path):
        _check_line_ends(settings.path, path)
        return Start(root=root, command=shell, arguments=(file,), path=path, name=file)
    _check_python(settings.path, path)
    name = path.parent.name if path.name == "__main__.py" else None
    return Start(root=root, file=file, path=path, name=name)


def _root(given: str | None, default: Path) -> Path:
    """Return the project's folder, absolute and without "..". Raises SettingsError if it is not a folder."""
    root = _absolute(given) if given else default
    if not root.is_dir():
        raise SettingsError(f"root {given!r} is not a folder; give the project's folder")
    if root == Path(root.anchor):
        raise SettingsError(f"root {str(root)!r} is the whole file system; give the project's folder")
    return root


def _absolute(given: str) -> Path:
    """Return a path as the user wrote it; if it contains "..", the system decides where that leads."""
    path = Path(given).expanduser().absolute()
    if path.name == "..":
        return path.resolve()
    return path.parent.resolve() / path.name if ".." in path.parts else path


def find_below(root: Path, given: str | None) -> tuple[str, ...]:
    """Return the path of a file in the project's folder, if it is there."""
    found = _find_below(root, _absolute(given)) if given else None
    return (found,) if found else ()


def _find_below(root: Path, path: Path) -> str | None:
    """Return the path of a script in the project's folder; None if it is outside. Links may lead to either."""
    for base, file in ((root, path), (root.resolve(), path.parent.resolve() / path.name)):
        if file.is_relative_to(base):
            return file.relative_to(base).as_posix()
    return None


def _check_module(module: str) -> str:
    if not all(part.isidentifier() for part in module.split(".")):
        raise SettingsError(f"module {module!r} is not a module's name; write it like package.train")
    return module


def _shell_of(path: Path) -> str | None:
    """Return the shell that runs a file; None if it is not a shell script."""
    words = _first_line(path).removeprefix("#!").split() if _first_line(path).startswith("#!") else []
    programs = [Path(word).name for word in words if not word.startswith("-")]
    shell = next((name for name in programs if name in _SHELLS), None)
    return shell or ("bash" if path.suffix in (".sh", ".bash") else None)


def _check_line_ends(given: str, path: Path) -> None:
    """Raise SettingsError for a shell script with the line ends of Windows, which become a part of its words."""
    if _first_line(path).endswith("\r\n"):
        raise SettingsError(
            f"shell script {given!r} has the line ends of Windows; convert it: sed -i 's/\\r$//' {given}"
        )


def _check_python(given: str, path: Path) -> None:
    """Raise SettingsError for a file that is no Python script: better than a SyntaxError of its first line."""
    if path.suffix in (".py", ".pyw") or "python" in _first_line(path):
        return
    with path.open("rb") as file:
        is_binary = b"\0" in file.read(_START)
    what = "a program or data" if is_binary else "not a Python script, notebook or shell script"
    raise SettingsError(
        f"{given!r} is {what}; to start a program, write it after --: dressage run -- {given}"
        if is_binary
        else f"{given!r} is {what}; name it .py or .sh, or write a command after --"
    )


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(_START).decode("utf-8", errors="replace")
