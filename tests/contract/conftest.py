"""Fixtures of the run contract's suite. It runs on each platform that needs no account."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import pytest
from tests.azureml import Loopback, loopback
from tests.fixtures import WriteScript

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus

PLATFORMS = ("local", pytest.param("azureml", marks=pytest.mark.slow))


class StartScript(Protocol):
    """Submits a script and returns its run."""

    def __call__(self, text: str, arguments: str = "") -> Run: ...


class FinishedRun:
    """A run that has ended."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.status: RunStatus = run.wait(timeout_s=300)

    @property
    def log(self) -> bytes:
        return b"".join(self.run.logs())

    def output(self, path: str, target: Path) -> str:
        self.run.download(target, [path])
        return (target / path).read_text()


class FinishScript(Protocol):
    """Runs a script to its end."""

    def __call__(self, text: str, arguments: str = "") -> FinishedRun: ...


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest, project: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "azureml":
        request.getfixturevalue("service").enter(project, monkeypatch)
    return str(request.param)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loopback]:
    """The service that stands in for Azure ML, for all tests. Fails if it got a request that it does not know."""
    with loopback(tmp_path_factory.mktemp("azureml")) as running:
        yield running
        state = running.state()
        assert not state["unknown"]
        assert not state["failures"]


@pytest.fixture
def start(engine: Engine, platform: str, script: WriteScript) -> StartScript:
    """A function that submits a script and returns its run."""

    def submit(text: str, arguments: str = "") -> Run:
        return engine.run("script", on=platform, set={"path": str(script(text)), "arguments": arguments})

    return submit


@pytest.fixture
def submit(start: StartScript) -> FinishScript:
    """A function that runs a script to its end."""

    def run(text: str, arguments: str = "") -> FinishedRun:
        return FinishedRun(start(text, arguments))

    return run


@pytest.fixture
def short_grace(platform: str, project: Path, request: pytest.FixtureRequest) -> None:
    """0.2 s from SIGTERM to SIGKILL. In Azure ML the node decides it, not the client."""
    if platform == "azureml":
        request.getfixturevalue("service").behave(grace_s=0.2)
    else:
        (project / "dressage.toml").write_text(f"[platforms.{platform}]\ngrace_s = 0.2\n")


@pytest.fixture
def exit_code_when_canceled(platform: str) -> Callable[[int], int | None]:
    """A function that returns the exit code that a canceled run reports. Azure ML does not report it."""
    return lambda code: None if platform == "azureml" else code
