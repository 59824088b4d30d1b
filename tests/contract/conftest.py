"""Fixtures of the run contract's suite. It runs on each platform that needs no account."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.azureml import Loopback, loopback

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus

PLATFORMS = ("local", "azureml")


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
def start(engine: Engine, platform: str, script: Callable[[str], Path]) -> Callable[..., Run]:
    """A function that submits a script and returns its run."""

    def submit(text: str, arguments: str = "") -> Run:
        return engine.run("script", on=platform, set={"path": str(script(text)), "arguments": arguments})

    return submit


@pytest.fixture
def submit(start: Callable[..., Run]) -> Callable[..., FinishedRun]:
    """A function that runs a script to its end."""
    return lambda text, arguments="": FinishedRun(start(text, arguments))


@pytest.fixture
def short_grace(platform: str, project: Path, request: pytest.FixtureRequest) -> None:
    """0.2 s from SIGTERM to SIGKILL. In Azure ML the node decides it, not the client."""
    if platform == "azureml":
        request.getfixturevalue("service").behave(grace_s=0.2)
    else:
        (project / "dressage.toml").write_text(f"[platforms.{platform}]\ngrace_s = 0.2\n")


@pytest.fixture
def exit_code_when_cancelled(platform: str) -> Callable[[int], int | None]:
    """A function that returns the exit code that a cancelled run reports. Azure ML does not report it."""
    return lambda code: None if platform == "azureml" else code
