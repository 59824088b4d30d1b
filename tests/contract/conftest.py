"""The run contract's suite runs on every platform that this machine can offer."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.azureml import Loopback, loopback

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.statuses import RunStatus

PLATFORMS = ("local", "azureml")


class Submitted:
    """A script that was run to its end on a platform."""

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
    """What stands for Azure ML; it serves all tests, and none may send it what it does not know."""
    with loopback(tmp_path_factory.mktemp("azureml")) as running:
        yield running
        state = running.state()
        assert not state["unknown"]
        assert not state["failures"]


@pytest.fixture
def start(engine: Engine, platform: str, script: Callable[[str], Path]) -> Callable[..., Run]:
    """Submits a script and answers with its run."""

    def begin(text: str, arguments: str = "") -> Run:
        return engine.run("script", on=platform, set={"path": str(script(text)), "arguments": arguments})

    return begin


@pytest.fixture
def submit(start: Callable[..., Run]) -> Callable[..., Submitted]:
    """Runs a script to its end."""
    return lambda text, arguments="": Submitted(start(text, arguments))


@pytest.fixture
def short_grace(platform: str, project: Path, request: pytest.FixtureRequest) -> None:
    """A fifth of a second from SIGTERM to SIGKILL; on Azure ML that is the node's affair, not the client's."""
    if platform == "azureml":
        request.getfixturevalue("service").behave(grace_s=0.2)
    else:
        (project / "dressage.toml").write_text(f"[platforms.{platform}]\ngrace_s = 0.2\n")


@pytest.fixture
def told_when_cancelled(platform: str) -> Callable[[int], int | None]:
    """What is known of a cancelled script's exit code: Azure ML keeps it to itself."""
    return lambda code: None if platform == "azureml" else code
