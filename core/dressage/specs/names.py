"""Check names that every platform accepts, and paths that must stay inside a folder."""

from pathlib import PurePosixPath

from dressage.errors import SpecError


def check_name(kind: str, name: str) -> None:
    """Raise SpecError unless the name is ASCII letters, digits, '-', '_' and '.', with a letter or digit first."""
    fine = bool(name) and len(name) <= 255 and name.isascii() and name[0].isalnum()
    if not fine or not all(letter.isalnum() or letter in "-_." for letter in name):
        raise SpecError(
            f"{kind} name {name!r}: use letters, digits, '-', '_' and '.', beginning with a letter or digit"
        )


def leaves_folder(path: str) -> bool:
    """Return whether a path is absolute, contains "..", or is not a valid path."""
    parts = PurePosixPath(path)
    return parts.is_absolute() or ".." in parts.parts or "\0" in path


def is_below(path: str, folder: str) -> bool:
    """Return whether a relative path is in a relative folder; every path is in "."."""
    return PurePosixPath(path).is_relative_to(PurePosixPath(folder))
