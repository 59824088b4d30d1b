"""Local projects that are built as wheels."""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from dressage.environments.build_folders import BuildFolder
from dressage.environments.records import Resolution
from dressage.environments.uv_process import Uv
from dressage.errors import StageError
from dressage.files.trees import remove_tree
from dressage.platforms.protocols import Progress
from dressage.specs.environments import Environment

_WHEEL = re.compile(r"@ file://(\S+\.whl)")


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that was built. extras: as in a requirement, "[cuda]", or ""."""

    path: Path
    extras: str = ""

    @property
    def requirement(self) -> str:
        return f"{self.path.name.partition('-')[0]}{self.extras} @ {self.path.as_uri()}"

    @property
    def locked(self) -> str:
        """The requirement as a line of a lock."""
        digest = sha256(self.path.read_bytes()).hexdigest()
        return f"{self.requirement} \\\n    --hash=sha256:{digest}"


@dataclass(frozen=True, slots=True)
class WheelBuilder:
    """Builds the projects of an environment in a build folder, and keeps the wheels in `target`."""

    environment: Environment
    place: BuildFolder
    uv: Uv
    progress: Progress
    target: Path

    def build(self, python: str) -> Sequence[Wheel]:
        """Build the wheels with this interpreter. The source is copied first, because builds write into it.

        Raises StageError if a project cannot be built.
        """
        source = self.environment.source
        if not self.environment.builds or source is None:
            return ()
        copy, built = self.place.folder / "source", self.place.folder / "wheels"
        shutil.copytree(source.path, copy, symlinks=True)
        for number, name in enumerate(self.environment.builds):
            folder = name.partition("[")[0]
            self.progress(f"building the project in {folder!r}", 0, None)
            self._build(copy / folder, folder, built / str(number), python)
        if self.target.exists():
            remove_tree(self.target)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        built.rename(self.target)
        return [
            Wheel(next((self.target / str(number)).glob("*.whl")), name.removeprefix(name.partition("[")[0]))
            for number, name in enumerate(self.environment.builds)
        ]

    def _build(self, project: Path, folder: str, target: Path, python: str) -> None:
        if not project.is_dir():
            raise StageError(
                "environment",
                f"environment {self.environment.name!r}: the copy of the script's folder has no {folder!r}; if it is"
                " ignored, include its files",
            )
        what = f"building the project in {folder!r}"
        self.uv.run(what, "build", "--wheel", "--python", python, "--out-dir", str(target), str(project))


def has_wheels(resolution: Resolution) -> bool:
    """Return whether the wheels that were built for the resolution still exist."""
    return all(Path(unquote(path)).exists() for path in _WHEEL.findall(resolution.requirements))
