"""Create a plugin: all of its files, or none."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from dressage.errors import SettingsError
from dressage.templates.copies import Content, Copy, Scripts, files_of
from dressage.templates.installation import find_installation
from dressage.templates.naming import Kind, names_of
from dressage.templates.rendering import first_command, render_copy, render_files


class Created(NamedTuple):
    """A new plugin. files: their paths in the folder. command: what to try first, without "dressage"."""

    folder: Path
    files: tuple[str, ...]
    command: str


def create_plugin(name: str, kind: Kind, folder: Path | None = None) -> Created:
    """Write the package of a new plugin. folder: default: the name of its distribution, in the working directory.

    Raises SettingsError for a name that cannot be used, and for a folder that is not empty or cannot be written.
    """
    names = names_of(name)
    files = render_files(kind, names, find_installation())
    target = choose_folder(names.distribution, folder)
    write_folder(target, files)
    return Created(target, tuple(sorted(files)), first_command(kind, names))


def create_copy(
    copy: Copy, placed: Mapping[str, Scripts], settings: Mapping[str, str], folder: Path | None = None
) -> Created:
    """Write the package of a copied recipe. placed: the folders of its scripts. settings: those that it needs.

    Raises SettingsError for a folder that is not empty or cannot be written.
    """
    rendered, command = render_copy(copy.original, copy.names, copy.entry, settings, find_installation())
    licenses = {f"licenses/{path.name}": path for path in copy.original.licenses}
    files: dict[str, Content] = {**rendered, **licenses, **copy.files(), **files_of(placed)}
    target = choose_folder(copy.names.distribution, folder)
    write_folder(target, files)
    return Created(target, tuple(sorted(files)), command)


def choose_folder(distribution: str, folder: Path | None) -> Path:
    """Return the folder of a new plugin. Raises SettingsError if it exists already."""
    target = Path(os.path.realpath(folder or distribution))
    _check_free(target)
    return target


def write_folder(folder: Path, files: Mapping[str, Content]) -> None:
    """Write the files to a temporary folder beside `folder`, and rename it, so that there are all files or none.

    Raises SettingsError if `folder` is not empty, is a file or cannot be written.
    """
    temporary = folder.with_name(f".{folder.name}.{os.urandom(8).hex()}")
    try:
        for path, content in files.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            _write(temporary / path, content)
        temporary.rename(folder)  # replaces an empty folder, and nothing else
    except OSError as error:
        _check_free(folder)  # another process may have written it
        raise SettingsError(
            f"cannot write folder {str(folder)!r}: {error.strerror}; give another --directory"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _write(path: Path, content: Content) -> None:
    match content:
        case str():
            path.write_text(content, encoding="utf-8")
        case bytes():
            path.write_bytes(content)
        case _:
            shutil.copy(content, path)
            path.chmod(path.stat().st_mode | 0o200)  # a package may be installed read-only


def _check_free(folder: Path) -> None:
    """Raise SettingsError unless the folder does not exist, or is empty and can be replaced."""
    if folder == Path.cwd():
        raise SettingsError(
            f"folder {str(folder)!r} is the working directory; give a folder that does not exist yet"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise SettingsError(
            f"folder {str(folder)!r} is not empty; nothing was written; give another --directory"
        )
    if folder.exists() and not folder.is_dir():
        raise SettingsError(f"{str(folder)!r} is a file; nothing was written; give another --directory")
