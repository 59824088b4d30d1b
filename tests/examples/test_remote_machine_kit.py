"""The example `remote_machine` passes the conformance kit. A second home takes the place of the other machine."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.examples.machines import OtherMachine

from dressage.engine.runs import Run
from dressage.testing import PlatformTests


class TestRemoteMachine(PlatformTests):
    @pytest.fixture
    def platform(self) -> str:
        return "machine"

    @pytest.fixture
    def machine(self, tmp_path: Path) -> OtherMachine:
        return OtherMachine(tmp_path / "other")

    @pytest.fixture
    def project(self, project: Path, machine: OtherMachine, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A folder that is configured for the machine."""
        machine.install(monkeypatch)
        machine.configure(project, grace_s=0.5)
        return project

    @pytest.fixture
    def read_remote(self, machine: OtherMachine) -> Callable[[], object]:
        return machine.files

    @pytest.fixture
    def interrupt(self, machine: OtherMachine) -> Callable[[Run], None]:
        """Kill all processes of the machine, as a restart does."""
        return lambda _: machine.stop()
