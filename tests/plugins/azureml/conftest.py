"""A small recipe on the azureml platform, with a new loopback service for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.azureml import Loopback, loopback
from tests.recipes import Settings, Tiny

from dressage import ComputeTarget, Engine, hookimpl


class Cloudy(Tiny):
    """The small recipe with a cluster that has a size, which Azure needs."""

    size = "Standard_DS3_v2"

    @hookimpl
    def compute(self, settings: Settings) -> ComputeTarget:
        return ComputeTarget(
            name="cpu-cluster", size=self.size, max_nodes=settings.slots, slots=settings.slots
        )


LASTING = 1000
"""Count of a fault that does not stop. Any other fault must happen in its test."""


@pytest.fixture
def service(
    tmp_path_factory: pytest.TempPathFactory, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Loopback]:
    with loopback(tmp_path_factory.mktemp("azureml")) as running:
        with monkeypatch.context() as patch:
            running.enter(project, patch)
            yield running
        state = running.state()
        assert not state["unknown"]
        assert not state["failures"]
        assert not [fault for fault in state["pending"] if fault["times"] < LASTING / 2]


@pytest.fixture
def azure(service: Loopback, project: Path) -> Engine:
    """An engine whose platform is azureml, with the small recipe as `tiny`."""
    return with_tiny(project)


def with_tiny(project: Path, **platform: object) -> Engine:
    engine = Engine(project, environ={"DRESSAGE_ON": "azureml"}, platforms={"azureml": platform})
    engine.plugins.add("recipe", "tiny", Cloudy(project))
    return engine


@pytest.fixture
def elsewhere(service: Loopback, project: Path, tmp_path: Path) -> Path:
    """The folder of the same project on another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("config.json", "dressage.toml"):
        (folder / name).write_bytes((project / name).read_bytes())
    return folder


@pytest.fixture
def other(elsewhere: Path) -> Engine:
    """The engine of the other machine."""
    return with_tiny(elsewhere)


def count_submissions(service: Loopback) -> int:
    """Return the number of runs that were submitted so far."""
    return sum(path.endswith("/snapshotrun") for path in service.changes())
