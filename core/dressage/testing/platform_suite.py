"""What the suites of a platform share: which platform it is, and how its runs are started."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dressage import ComputeTarget, Engine, Environment, FileDataset, Source
from dressage.hooks.proxy import PlatformProxy
from dressage.testing.processes import Processes, spread
from dressage.testing.runner import Runner
from dressage.testing.suite import Suite


class PlatformSuite(Suite):
    """The base of the suites of a platform.

    patience_s: how long a run or a process may take before a test fails, in seconds.
    kills: at how many moments each test of crashes kills a process.
    """

    patience_s: float = 300
    kills: int = 6
    defaults_too: bool = False
    """Whether to test capabilities that the platform does not have, and that core provides instead."""

    @pytest.fixture
    def platform(self) -> str:
        """The name of the platform, which is installed or named by a settings file. Each test class gives it."""
        raise NotImplementedError("give a fixture 'platform' that returns the name of the platform")

    @pytest.fixture
    def target(self) -> ComputeTarget:
        """The compute target of the tests. Override it if the platform needs other fields, such as a size."""
        return ComputeTarget(name="kit", slots=4)

    @pytest.fixture
    def environment(self) -> Environment:
        """The environment of the scripts. Override it if the platform cannot use the active interpreter."""
        return Environment(name="kit")

    @pytest.fixture
    def read_remote(self) -> Callable[[], object]:
        """Override it: a function that returns what is on the platform, to compare it before and after a plan."""
        return lambda: None

    @pytest.fixture
    def tested(self, engine: Engine, platform: str) -> PlatformProxy:
        """The platform."""
        return engine.platform(platform)

    @pytest.fixture
    def runner(
        self, project: Path, platform: str, target: ComputeTarget, environment: Environment
    ) -> Iterator[Runner]:
        """Starts scripts on the platform. Runs that have not ended after a test are canceled."""
        runner = Runner(project, platform, target, environment, self.patience_s)
        yield runner
        runner.end_all()

    @pytest.fixture
    def processes(self, project: Path, platform: str) -> Processes:
        """Starts processes that use the platform."""
        return Processes(project, platform, self.patience_s)

    def require(self, tested: PlatformProxy, capability: str) -> None:
        """Skip the test if the platform does not have a capability and core provides it."""
        if not self.defaults_too and not tested.has(capability):
            pytest.skip(f"platform {tested.name!r} has no {capability!r}; core provides them")

    def kill_and_repeat(self, processes: Processes, action: str, arguments: Callable[[], Any]) -> None:
        """Kill processes at moments that are spread over an action, and carry it out again after each.

        arguments: returns the argument for the process; each call may prepare another one.
        """
        count = processes.count_changes(action, arguments())
        assert count, f"{action} changes nothing that a test can see"
        for moment in spread(count, self.kills):
            argument = arguments()
            processes.kill(action, argument, moment)
            processes.call(action, argument)


class Arguments:
    """A function that makes another argument for each call, and remembers them.

    make: takes a number, which is different in each call.
    """

    def __init__(self, make: Callable[[int], Any]) -> None:
        self._make = make
        self.made: list[Any] = []

    def __call__(self) -> Any:
        self.made.append(self._make(len(self.made)))
        return self.made[-1]


def make_dataset(folder: Path, files: Mapping[str, bytes], name: str = "kit-data") -> FileDataset:
    """Write files below a folder, and return a dataset of them."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return FileDataset(
        name=name, sources=tuple(Source(path=path, addresses=(str(folder / path),)) for path in files)
    )
