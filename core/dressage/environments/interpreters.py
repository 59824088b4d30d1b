"""Python interpreters in virtual environments and conda environments, read from their files."""

import os
import re
import time
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dressage.environments.signatures import platform_tag, signature_of
from dressage.files.digests import digest_of

_INSTALLING_S = 60.0
_CONDA_PYTHON = re.compile(r"python-(?P<version>\d+\.\d+\.\d+)\w*-[^-]+\.json")


class Interpreter(Struct, frozen=True, kw_only=True):
    """A Python interpreter.

    conda: the folder with the records of its conda packages, if it is a conda environment's.
    notice: what a user should know if the choice is unexpected; else None.
    """

    executable: Path
    version: str
    site_packages: tuple[Path, ...]
    conda: Path | None = None
    notice: str | None = None

    def distributions(self) -> list[tuple[str, int]]:
        """Return each installed distribution ("numpy-2.1.0") and when it was installed (seconds since 1970)."""
        entries = [entry for folder in self.site_packages for entry in _entries(folder, ".dist-info")]
        return sorted(
            (entry.name.removesuffix(".dist-info"), int(entry.stat().st_mtime)) for entry in entries
        )

    def conda_packages(self) -> list[str]:
        """Return each installed conda package ("cudatoolkit-11.8.0-h4ba93d1_12")."""
        entries = _entries(self.conda, ".json") if self.conda else []
        return sorted(entry.name.removesuffix(".json") for entry in entries)

    @property
    def lock(self) -> str:
        """The installed distributions as a requirements file; conda packages are comments."""
        conda = [f"# conda: {name}\n" for name in self.conda_packages()]
        return "".join([*conda, *(f"{name.replace('-', '==', 1)}\n" for name, _ in self.distributions())])

    @property
    def key(self) -> str:
        """A digest of the interpreter and of what is installed; changes in editable installs are not detected."""
        content = {
            "executable": str(self.executable),
            "base": [str(self.executable.resolve()), signature_of(self.executable)],
            "version": self.version,
            "platform": platform_tag(),
            "distributions": self.distributions(),
        }
        return digest_of({**content, "conda": self.conda_packages()} if self.conda else content)


class InterpreterKeys:
    """Remembers the key of an interpreter while nothing is installed: a key takes milliseconds, a check does not."""

    def __init__(self) -> None:
        self._known: tuple[object, str] | None = None

    def key_of(self, interpreter: Interpreter) -> str:
        """Return `interpreter.key`. To install or remove a distribution changes the time of its folder."""
        places = (*interpreter.site_packages, *filter(None, (interpreter.conda,)))
        folders = [folder.stat().st_mtime for folder in places if folder.exists()]
        if time.time() - max(folders, default=0.0) < _INSTALLING_S:
            return interpreter.key  # an installer may still be at work in a distribution's own folder
        stamp = (interpreter, signature_of(interpreter.executable), folders)
        if self._known is None or self._known[0] != stamp:
            self._known = (stamp, interpreter.key)
        return self._known[1]


def read_interpreter(folder: Path) -> Interpreter | None:
    """Return the interpreter of the virtual or conda environment in `folder`; None if there is none.

    Only files are read: an environment is found in less than a millisecond, and no program is run.
    """
    return _read_virtual(folder) or _read_conda(folder)


def _read_virtual(folder: Path) -> Interpreter | None:
    settings = _settings(folder / "pyvenv.cfg")
    version = settings.get("version_info") or settings.get("version")
    if version is None or not (folder / "bin" / "python").exists():
        return None
    found = _interpreter(folder, ".".join(version.split(".")[:3]))
    if settings.get("include-system-site-packages") != "true" or "home" not in settings:
        return found
    base = _interpreter(Path(settings["home"]).parent, found.version)
    return replace(found, site_packages=(*found.site_packages, *base.site_packages))


def _read_conda(folder: Path) -> Interpreter | None:
    records = folder / "conda-meta"
    versions = [match["version"] for entry in _entries(records, ".json") if (match := _python(entry))]
    if not versions or not (folder / "bin" / "python").exists():
        return None
    return replace(_interpreter(folder, versions[0]), conda=records)


def _python(entry: os.DirEntry[str]) -> re.Match[str] | None:
    return _CONDA_PYTHON.fullmatch(entry.name)


def _interpreter(folder: Path, version: str) -> Interpreter:
    library = "python{}.{}".format(*version.split("."))
    return Interpreter(
        executable=folder / "bin" / "python",
        version=version,
        site_packages=(folder / "lib" / library / "site-packages",),
    )


def _settings(path: Path) -> dict[str, str]:
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    pairs = (line.partition("=") for line in lines)
    return {key.strip(): value.strip() for key, _, value in pairs}


def _entries(folder: Path, ending: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if entry.name.endswith(ending)]
    except OSError:
        return []
