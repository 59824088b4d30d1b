"""The active Python interpreter: the active virtual environment's Python, else the one that runs dressage."""

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from dressage.environments.signatures import platform_tag, signature_of
from dressage.files.digests import digest_of

_INSTALLING_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python interpreter. notice: what a user should know if the choice is unexpected; else None."""

    executable: Path
    version: str
    site_packages: tuple[Path, ...]
    notice: str | None = None

    def distributions(self) -> list[tuple[str, int]]:
        """Return each installed distribution ("numpy-2.1.0") and when it was installed (seconds since 1970)."""
        entries = [entry for folder in self.site_packages for entry in _entries(folder)]
        return sorted(
            (entry.name.removesuffix(".dist-info"), int(entry.stat().st_mtime)) for entry in entries
        )

    @property
    def lock(self) -> str:
        """The installed distributions as a requirements file."""
        return "".join(f"{name.replace('-', '==', 1)}\n" for name, _ in self.distributions())

    @property
    def key(self) -> str:
        """A digest of the interpreter and of what is installed; changes in editable installs are not detected."""
        return digest_of(
            {
                "executable": str(self.executable),
                "base": [str(self.executable.resolve()), signature_of(self.executable)],
                "version": self.version,
                "platform": platform_tag(),
                "distributions": self.distributions(),
            }
        )


class InterpreterKeys:
    """Remembers the key of an interpreter while nothing is installed: a key takes milliseconds, a check does not."""

    def __init__(self) -> None:
        self._known: tuple[object, str] | None = None

    def key_of(self, interpreter: Interpreter) -> str:
        """Return `interpreter.key`. To install or remove a distribution changes the time of its folder."""
        folders = [folder.stat().st_mtime for folder in interpreter.site_packages if folder.exists()]
        if time.time() - max(folders, default=0.0) < _INSTALLING_S:
            return interpreter.key  # an installer may still be at work in a distribution's own folder
        stamp = (interpreter, signature_of(interpreter.executable), folders)
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, interpreter.key)
        return self._known[1]


def active_interpreter() -> Interpreter:
    """Return the interpreter of the active virtual environment, else the one that runs dressage."""
    active = os.environ.get("VIRTUAL_ENV")
    if active:
        found = _read_virtual_environment(Path(active).absolute(), None)
        return found or _current(f"VIRTUAL_ENV is {active!r}, which is not a virtual environment")
    return _current(None)


def _current(notice: str | None) -> Interpreter:
    """Return the interpreter that runs dressage."""
    is_virtual = sys.prefix != sys.base_prefix
    found = _read_virtual_environment(Path(sys.prefix), notice) if is_virtual else None
    return found or Interpreter(
        executable=Path(sys.executable),
        version="{}.{}.{}".format(*sys.version_info[:3]),
        site_packages=tuple(
            Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))
        ),
        notice=notice,
    )


def _read_virtual_environment(root: Path, notice: str | None) -> Interpreter | None:
    """Read the virtual environment at `root` from its files; None if there is none, or it is broken."""
    executable, settings = root / "bin" / "python", _settings(root / "pyvenv.cfg")
    version = settings.get("version_info") or settings.get("version")
    if version is None or not executable.exists():
        return None
    parts = version.split(".")[:3]
    library = Path("lib") / f"python{parts[0]}.{parts[1]}" / "site-packages"
    shared = settings.get("include-system-site-packages") == "true" and "home" in settings
    base = (Path(settings["home"]).parent / library,) if shared else ()
    return Interpreter(
        executable=executable, version=".".join(parts), site_packages=(root / library, *base), notice=notice
    )


def _settings(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(".dist-info")]
    except OSError:
        return []
