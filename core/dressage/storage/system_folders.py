"""Folders that are no project's: nobody wants to copy all of them for a run."""

import os
import tempfile
from pathlib import Path

from dressage.errors import SpecError

_WITH_ALL_BELOW = ("/bin", "/boot", "/etc", "/proc", "/sbin", "/sys", "/System")
_TOP = frozenset(
    {
        *("/", "/dev", "/dev/shm", "/home", "/lib", "/lib64", "/media", "/mnt"),  # noqa: S108
        *("/opt", "/root", "/run", "/srv", "/tmp", "/usr", "/var"),  # noqa: S108
        *(f"/usr/{name}" for name in ("bin", "include", "lib", "lib64", "libexec", "sbin", "share", "src")),
        *(f"/usr/local{name}" for name in ("", "/bin", "/lib", "/share", "/src")),
        *(f"/var/{name}" for name in ("backups", "cache", "lib", "log", "mail", "spool", "tmp")),
        *("/Applications", "/Library", "/Users", "/Volumes", "/private", "/private/tmp", "/private/var"),
    }
)


def refuse_system_folder(directory: Path) -> None:
    """Raise SpecError for a folder of the system, or the user's home folder. Projects may be below some of them."""
    if kind := find_system_folder(directory):
        raise SpecError(
            f"source directory {str(directory)!r} is {kind}; move the script to a separate folder, or name the"
            " project's folder with --root"
        )


def find_system_folder(directory: Path) -> str | None:
    """Return what kind of folder it is, if it is one of the system or the user's home folder."""
    real = os.path.realpath(directory)
    if real == os.path.realpath(Path("~").expanduser()):
        return "your home folder"
    if real in {*_TOP, os.path.realpath(tempfile.gettempdir())} or _is_below(real):
        return "a folder of the system"
    return None


def _is_below(real: str) -> bool:
    """Return whether the folder is one of those, or below it. They may be links: /bin is often /usr/bin."""
    folders = {*_WITH_ALL_BELOW, *map(os.path.realpath, _WITH_ALL_BELOW)}
    return any(real == folder or real.startswith(f"{folder}/") for folder in folders)
