"""Reads the files in which people list packages, with the files and folders that they refer to.

A description is one text, which is recorded: `-r` and `-c` files become part of it, paths become absolute, and local
projects (`-e .`) are returned separately.
"""

import codecs
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dressage.environments.requirements import logical_lines
from dressage.errors import SpecError

_EXTRAS = re.compile(r"(?P<path>[^\[\]]*)\[(?P<extras>[^\]]*)\]")
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[(?P<extras>[^\]]*)\])?\s*@\s*(?P<target>\S+)")
_CONDA_LINE = re.compile(
    r"""\s*-\s+(?P<quote>["']?)(?P<entry>[-./].*?|file:.*?|\w[\w.-]*\s*@.*?)(?P=quote)\s*(?:\s#.*)?"""
)
_OPTIONS = {
    **dict.fromkeys(("-r", "--requirement"), "requirements"),
    **dict.fromkeys(("-c", "--constraint"), "constraints"),
    **dict.fromkeys(("-e", "--editable"), "project"),
    **dict.fromkeys(("-f", "--find-links"), "links"),
}


@dataclass(frozen=True, slots=True)
class ProjectReference:
    """A local project that a list of packages names, such as `-e .[plot]`. folder: absolute."""

    folder: Path
    extras: tuple[str, ...] = ()


@dataclass(slots=True)
class PackageList:
    """The packages of a file: lines of a requirements.txt and of constraints, local projects, and the files read."""

    requirements: list[str] = field(default_factory=list)
    constraints: list[str] = field(default_factory=list)
    projects: list[ProjectReference] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)


def read_requirements_file(path: Path) -> PackageList:
    """Read a requirements.txt and the files that it refers to. Raises SpecError for a file that cannot be read."""
    found = PackageList()
    _read(path, found, found.requirements)
    return found


def read_conda_file(path: Path) -> tuple[str, PackageList]:
    """Read an environment.yml. Returns its text, and the entries of its pip part that refer to files and folders.

    Those entries are left out of the text. Raises SpecError for a file that cannot be read.
    """
    text, found, kept = read_text(path), PackageList(files=[path]), []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        match = _CONDA_LINE.fullmatch(line.rstrip())
        if match is None or not _add(match["entry"], path, number, found, found.requirements):
            kept.append(line)
    return "".join(kept), found


def read_text(path: Path) -> str:
    """Return the text of a file: UTF-8, or UTF-16 as PowerShell writes it. Raises SpecError."""
    try:
        content = path.read_bytes()
        is_utf_16 = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        return content.decode("utf-16" if is_utf_16 else "utf-8-sig")
    except OSError as error:
        raise SpecError(f"file {str(path)!r}: {error.strerror}; give the path of a file") from error
    except UnicodeDecodeError as error:
        raise SpecError(f"file {str(path)!r} is not UTF-8 text; save it as UTF-8") from error


def _read(path: Path, found: PackageList, lines: list[str]) -> None:
    """Add the file's packages. lines: where its requirements go, which for a `-c` file are the constraints."""
    if path in found.files:
        return
    found.files.append(path)
    for number, line in logical_lines(read_text(path)):
        if not _add(line, path, number, found, lines):
            lines.append(line)


def _add(line: str, path: Path, number: int, found: PackageList, lines: list[str]) -> bool:
    """Add what a line refers to; return whether it refers to a file or a folder."""
    option, _, value = re.sub(r"[ =]+", " ", line, count=1).partition(" ")
    kind = _OPTIONS.get(option)
    try:
        if kind in ("requirements", "constraints"):
            target = found.constraints if kind == "constraints" else lines
            _read(_file(path.parent, value), found, target)
        elif kind == "links":
            lines.append(line if "://" in value else f"--find-links {_absolute(path.parent, value)}")
        elif kind == "project" or not line.startswith("-"):
            return _add_local(value if kind else line, path, found, lines, is_editable=bool(kind))
        else:
            return False
    except SpecError as error:
        raise SpecError(f"{str(path)!r}, line {number}: {error}") from error
    return True


def _add_local(text: str, path: Path, found: PackageList, lines: list[str], *, is_editable: bool) -> bool:
    """Add a local project or a local archive; return whether the text is one. Raises SpecError."""
    bare = text.split(" ;", maxsplit=1)[0].split(" --", maxsplit=1)[0].strip()
    named = _NAMED.match(bare)
    target, extras = (named["target"], named["extras"] or "") if named else (bare, "")
    match = None if named else _EXTRAS.fullmatch(bare)
    if match and (match["path"].startswith((".", "/", "file:")) or is_editable):
        target, extras = match["path"], match["extras"]
    if re.match(r"(\w+\+)?\w+://", target) and not target.startswith("file:"):
        if is_editable:
            lines.append(text)  # an editable checkout is installed as any other
        return is_editable
    local = _local(path.parent, target)
    if is_editable or (local.is_dir() and _looks_like_path(target)):
        if not any((local / name).is_file() for name in ("pyproject.toml", "setup.py", "setup.cfg")):
            raise SpecError(f"{str(local)!r} is not a Python project; give a folder with a pyproject.toml")
        names = tuple(name.strip() for name in extras.split(",") if name.strip())
        found.projects.append(ProjectReference(local, names))
        return True
    if not named and _looks_like_path(target) and local.is_file():
        lines.append(text.replace(target, str(local), 1))
        return True
    return False


def _looks_like_path(target: str) -> bool:
    return (
        target in (".", "..")
        or target.startswith("file:")
        or "/" in target
        or target.endswith((".whl", ".zip", ".tar.gz"))
    )


def _local(folder: Path, target: str) -> Path:
    if target.startswith("file:"):
        target = unquote(urlsplit(target).path)
    return _absolute(folder, target)


def _file(folder: Path, value: str) -> Path:
    if re.match(r"https?://", value):
        raise SpecError(f"{value!r} is not a file of this machine; download it, and give its path")
    return _local(folder, value.strip("\"'"))


def _absolute(folder: Path, value: str) -> Path:
    """Return the path without `..`, so that a file has one name. Links are kept."""
    from os.path import normpath

    return Path(normpath(folder / Path(value).expanduser()))
