"""Download files into a folder of the user: never through links, and never over other files unless that is requested.

The files are downloaded to a hidden folder in it first. When all are complete and none is in the way of another, they
are moved to their names. So an error, a full disk or a kill leaves no incomplete file under a final name.
"""

import filecmp
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from dressage.errors import SettingsError, StageError, UnreachableError
from dressage.files.digests import digest_of, digest_of_file
from dressage.files.locks import FileLock
from dressage.files.trees import files_below, remove_tree
from dressage.results.versions import File
from dressage.specs.names import leaves_folder


def download_into(
    folder: Path, label: str, files: Sequence[File], fetch: Callable[[Path], None], *, overwrite: bool = False
) -> tuple[str, ...]:
    """Download files below a folder. Existing files with the same bytes are kept.

    label: identifies what is downloaded: an interrupted download of the same may be continued. files: with size and
    digest as far as they are known; none if only `fetch` knows them. fetch: called with the hidden folder; downloads
    the files to their paths there. overwrite: whether to replace files with other bytes.
    Returns the paths of the files. Raises SettingsError, before any file has changed, if another file or a link is in
    the way; and the errors of `fetch`.
    """
    if _are_there(folder, files, overwrite=overwrite):
        return tuple(file.path for file in files)
    with _staging(folder, label) as staged:
        fetch(staged)
        paths = [file.path for file in files] or sorted(files_below(staged))
        moved = [path for path in paths if not _is_same(folder, staged, path, overwrite=overwrite)]
        for path in moved:
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (staged / path).replace(folder / path)
    return tuple(paths)


def _are_there(folder: Path, files: Iterable[File], *, overwrite: bool) -> bool:
    """Return whether all files are there, with their digests. Raises SettingsError if something is in the way."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise SettingsError(f"{str(folder)!r} is not a folder; choose another one with --to")
    found = [_find(folder, file, overwrite=overwrite) for file in files]
    return bool(found) and all(found)


def _find(folder: Path, file: File, *, overwrite: bool) -> bool:
    """Return whether a file is there, with its digest. Raises SettingsError if something is in the way."""
    size = _check_way(folder, file.path)
    if size is None:
        return False
    place = folder / file.path
    is_known = file.sha256 is not None and file.size in (None, size)
    is_same = is_known and digest_of_file(place) == file.sha256
    is_other = file.size not in (None, size) or (is_known and not is_same)
    if is_other and not overwrite:
        _refuse_other(place)
    return is_same


def _is_same(folder: Path, staged: Path, path: str, *, overwrite: bool) -> bool:
    """Return whether a downloaded file has the bytes of the existing one. Raises if something is in the way."""
    downloaded, place = staged / path, folder / path
    if not downloaded.is_file() or downloaded.is_symlink():
        raise StageError("dataset", f"file {path!r} was not downloaded; run the command again")
    if _check_way(folder, path) is None:
        return False
    is_same = filecmp.cmp(downloaded, place, shallow=False)
    if not is_same and not overwrite:
        _refuse_other(place)
    return is_same


def _check_way(folder: Path, path: str) -> int | None:
    """Return the size of the file at a path below the folder; None if there is none.

    Raises SettingsError for a path that leads out of the folder, or if a link or something else is in the way.
    """
    if leaves_folder(path):
        raise SettingsError(f"file path {path!r} leads out of the folder; it is not downloaded")
    parents = [Path(parent) for parent in reversed(PurePosixPath(path).parents) if parent.name]
    for parent in parents:
        if _status_of(folder / parent, stat.S_ISDIR, "folder") is None:
            return None
    status = _status_of(folder / path, stat.S_ISREG, "file")
    return status.st_size if status else None


def _status_of(place: Path, is_right: Callable[[int], bool], wanted: str) -> os.stat_result | None:
    """Return the status of a file or folder; None if it does not exist. Raises SettingsError for anything else."""
    try:
        status = place.lstat()
    except FileNotFoundError:
        return None
    if not is_right(status.st_mode):
        kind = "a symbolic link" if stat.S_ISLNK(status.st_mode) else f"not a {wanted}"
        raise SettingsError(f"{str(place)!r} is {kind}; move it, or choose another folder with --to")
    return status


def _refuse_other(place: Path) -> None:
    raise SettingsError(
        f"{str(place)!r} exists with other content; choose another folder with --to, or replace it with --overwrite"
    )


@contextmanager
def _staging(folder: Path, label: str) -> Iterator[Path]:
    """Create the hidden folder. After an error it is removed, unless the same download may be continued."""
    is_new = not folder.exists()
    staged = folder / f".dressage-{digest_of(label)[:12]}"
    lock = FileLock(staged.with_suffix(".lock"))
    _status_of(lock.path, stat.S_ISREG, "file")
    _status_of(staged, stat.S_ISDIR, "folder")
    folder.mkdir(parents=True, exist_ok=True)
    with lock:
        staged.mkdir(exist_ok=True)
        try:
            yield staged
            remove_tree(staged)
        except UnreachableError:
            raise
        except Exception:
            remove_tree(staged)
            raise
        finally:
            lock.path.unlink(missing_ok=True)
            if is_new:
                with suppress(OSError):  # it is not empty
                    folder.rmdir()
