"""What an environment is built from, and the local projects that a script imports."""

from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from dressage import Project


class LocalBuild(Struct, frozen=True):
    """A local project that is built as a wheel. folder: absolute. reason: why its folder is not enough."""

    folder: Path
    reason: str
    extras: tuple[str, ...] = ()


class Packages(Struct, frozen=True, kw_only=True):
    """What an environment is built from, and the local projects that a script imports.

    name: of the environment. The fields up to `interpreter` are those of `Environment`.
    sources: folders of packages that are imported as they are, absolute. builds: projects that are built.
    """

    name: str
    conda: str | None = None
    requirements: str | None = None
    constraints: str | None = None
    project: Project | None = None
    interpreter: Path | None = None
    sources: tuple[Path, ...] = ()
    builds: tuple[LocalBuild, ...] = ()

    @property
    def installs(self) -> bool:
        return self.conda is not None or self.requirements is not None or self.project is not None

    def joined(self, other: "Packages") -> "Packages":
        """Return the packages of a conda specification and of a requirements file in one."""
        return replace(
            self,
            requirements=_joined(self.requirements, other.requirements),
            constraints=_joined(self.constraints, other.constraints),
            sources=(*self.sources, *other.sources),
            builds=(*self.builds, *other.builds),
        )


def _joined(first: str | None, second: str | None) -> str | None:
    return (first or "") + (second or "") if first or second else first
