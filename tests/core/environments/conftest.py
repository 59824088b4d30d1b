"""A workspace's environments folder, and package indexes on loopback."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

import pytest
from tests.package_index import Index, serve_index

from dressage import Environment, Project
from dressage import Index as NamedIndex
from dressage.environments.uv_environments import UvEnvironments
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion

PASSWORD = "s3cr3t-passw0rd"


@dataclass
class Heard:
    """A Progress that remembers."""

    lines: list[str] = field(default_factory=list)

    def __call__(self, what: str, done: int, total: int | None) -> None:
        self.lines.append(what)


class Described(TypedDict, total=False):
    """Fields of an Environment, besides its name and conda specification."""

    requirements: str
    constraints: str
    project: Project
    interpreter: Path
    indexes: tuple[str | NamedIndex, ...]
    find_links: tuple[str, ...]
    base_image: str
    variables: Mapping[str, str]
    secrets: tuple[str, ...]


@dataclass
class Stage:
    """The stage under test, and what it said while it worked."""

    root: Path
    heard: Heard = field(default_factory=Heard)
    indexes: dict[str, str] = field(default_factory=dict)
    find_links: dict[str, str] = field(default_factory=dict)

    @property
    def environments(self) -> UvEnvironments:
        return UvEnvironments(self.root, indexes=self.indexes, find_links=self.find_links)

    def ensure(
        self,
        conda: str | None = None,
        *,
        name: str = "lab",
        upgrade: bool = False,
        **described: Unpack[Described],
    ) -> EnvironmentVersion:
        self.heard = Heard()
        environment = Environment(name=name, conda=conda, **described)
        return self.environments.ensure(environment, self.heard, upgrade=upgrade)

    def plan(
        self, conda: str | None = None, *, name: str = "lab", **described: Unpack[Described]
    ) -> StagePlan:
        return self.environments.plan(Environment(name=name, conda=conda, **described))

    def lock(self, version: EnvironmentVersion) -> str:
        return self.environments.lock(version.key)

    @property
    def has_built(self) -> bool:
        return any(line.startswith("installing") for line in self.heard.lines)

    def folders(self) -> list[Path]:
        return [path.parent for path in self.root.glob("*/environment.json")]


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return Stage(tmp_path / "workspace" / "environments")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    """Named to uv as pip users name theirs."""
    with serve_index(tmp_path / "index") as index:
        monkeypatch.setenv("PIP_INDEX_URL", index.url)
        monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
        monkeypatch.delenv("UV_INDEX_URL", raising=False)
        yield index


@pytest.fixture
def private_index(tmp_path: Path) -> Iterator[Index]:
    """One that answers those alone who know its password; its URL has it."""
    with serve_index(tmp_path / "private", credentials=f"reader:{PASSWORD}") as index:
        yield index
