"""The platform passes the conformance kit of dressage. A second home folder takes the place of the other machine."""

import os
import shlex
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from dressage.engine.runs import Run
from dressage.files.trees import files_below
from dressage.testing import PlatformTests

NETWORK = ("UV_", "SSL_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""How the names of variables begin that programs need to reach package indexes."""


class OtherMachine:
    """A machine that only a command reaches. home: the home folder of its user; it is created."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / "dressage-runs"
        home.mkdir()

    @property
    def reach(self) -> str:
        """The command that executes a shell command there. Of our variables, it gets those for the network."""
        kept = {name: value for name, value in os.environ.items() if name.startswith(NETWORK)}
        variables = {**kept, "HOME": str(self.home), "PATH": os.environ["PATH"]}
        return shlex.join(
            ["env", "-i", *(f"{name}={value}" for name, value in variables.items()), "sh", "-c"]
        )

    def configure(
        self, project: Path, reach: str | None = None, python: str = sys.executable, **options: float
    ) -> None:
        """Write the options of the platform. reach: another command. python: another interpreter."""
        lines = [f"reach = '''{reach or self.reach}'''", f"python = '{python}'"]
        lines += [f"{name} = {value}" for name, value in options.items()]
        (project / "dressage.toml").write_text("\n".join(["[platforms.machine]", *lines, ""]))

    def files(self) -> list[str]:
        """Return the files there, without the caches of programs."""
        return sorted(path for path in files_below(self.home) if not path.startswith(".cache/"))

    def processes(self) -> list[int]:
        """Return its processes: those with its home."""
        wanted, found = f"\0HOME={self.home}\0".encode(), []
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if wanted in b"\0" + (entry / "environ").read_bytes():
                    found.append(int(entry.name))
        return found

    def stop(self) -> None:
        """Kill all its processes, as a restart does."""
        while processes := self.processes():
            for process in processes:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)


class TestRemoteMachine(PlatformTests):
    @pytest.fixture
    def machine(self, tmp_path: Path) -> OtherMachine:
        return OtherMachine(tmp_path / "other")

    @pytest.fixture
    def platform(self, project: Path, machine: OtherMachine) -> str:
        machine.configure(project, grace_s=0.5)
        return "machine"

    @pytest.fixture
    def read_remote(self, machine: OtherMachine) -> Callable[[], object]:
        return machine.files

    @pytest.fixture
    def interrupt(self, machine: OtherMachine) -> Callable[[Run], None]:
        return lambda _: machine.stop()
