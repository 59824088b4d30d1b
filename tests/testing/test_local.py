"""The local platform passes the conformance kit."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from dressage.engine.runs import Run
from dressage.testing import PlatformTests


class TestLocal(PlatformTests):
    defaults_too = True

    @pytest.fixture
    def platform(self) -> str:
        return "local"

    @pytest.fixture
    def project(self, empty_project: Path) -> Path:
        """A folder whose settings make the time from SIGTERM to SIGKILL short."""
        (empty_project / "dressage.toml").write_text("[platforms.local]\ngrace_s = 0.5\n")
        return empty_project

    @pytest.fixture
    def interrupt(self) -> Callable[[Run], None]:
        """Kill the run's supervisor and its script."""

        def kill(run: Run) -> None:
            for process in run.folder.refresh().processes.values():
                os.kill(process, signal.SIGKILL)

        return kill
