"""Cancel, resume, queue: what happens to a run from outside."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from dressage.engine.runs import Run
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Waits
from dressage.testing.platform_suite import PlatformSuite
from dressage.testing.runner import Finished, Runner, read_log, wait_for_output
from dressage.testing.runs import UNKNOWN

_BEAT = """\
import pathlib, subprocess, sys, time
child = "import pathlib, sys, time\\nwhile 1: pathlib.Path(sys.argv[1]).touch(); time.sleep(.02)"
subprocess.Popen([sys.executable, "-c", child, sys.argv[1]])
while not pathlib.Path(sys.argv[1]).exists(): time.sleep(.01)
print("up")
time.sleep(300)
"""
_CHECKPOINTS = """\
import os, pathlib
before = os.environ.get("DRESSAGE_RESUME_FROM")
step = int(pathlib.Path(before, "step").read_text()) if before else 0
print("from step", step)
folder = pathlib.Path("outputs/checkpoints")
folder.mkdir(parents=True, exist_ok=True)
(folder / "step").write_text(str(step + 5))
raise SystemExit(0 if step else 1)
"""
_HOLD_ONCE = """\
import os, pathlib, time
pathlib.Path("outputs/checkpoints").mkdir(parents=True, exist_ok=True)
pathlib.Path("outputs/checkpoints/step").write_text("1")
print("up")
if "DRESSAGE_RESUME_FROM" not in os.environ: time.sleep(300)
"""


class CancelTests(PlatformSuite):
    """Cancel: SIGTERM, a grace time, SIGKILL, for the script and all its children."""

    def test_cancel_sends_sigterm_and_the_script_may_clean_up(self, runner: Runner) -> None:
        run = runner.start(
            "import signal, sys, time\n"
            "def stop(*_):\n"
            "    open('outputs/clean', 'w').close(); sys.exit(9)\n"
            "signal.signal(signal.SIGTERM, stop)\n"
            "print('up'); time.sleep(300)\n"
        )
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        done = Finished(run, self.patience_s)
        assert done.status.state == "Canceled"
        assert done.status.exit_code in (9, None)
        assert "outputs/clean" in {file.path for file in run.files}

    def test_cancel_ends_the_scripts_children_too(self, runner: Runner, tmp_path: Path) -> None:
        if not self.shares_disk:
            pytest.skip("shares_disk = False: the script's children cannot be seen from here")
        beat = tmp_path / "beat"
        run = runner.start(_BEAT, str(beat))
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        assert Finished(run, self.patience_s).status.state == "Canceled"
        last = beat.stat().st_mtime_ns
        time.sleep(0.3)
        assert beat.stat().st_mtime_ns == last

    shares_disk: bool = True
    """False if scripts run on a machine that does not see this machine's temporary folder."""

    def test_a_script_that_ignores_sigterm_is_killed(self, runner: Runner, short_grace: None) -> None:
        run = runner.start(
            "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up'); time.sleep(300)"
        )
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        done = Finished(run, self.patience_s)
        assert done.status.state == "Canceled"
        assert done.status.exit_code in (137, None)

    @pytest.fixture
    def short_grace(self) -> None:
        """Override it to make the time from SIGTERM to SIGKILL short."""

    def test_a_second_cancel_does_nothing(self, runner: Runner) -> None:
        run = runner.start("import time; print('up'); time.sleep(300)")
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        runner.find(run.id).cancel()
        assert Finished(run, self.patience_s).status.state == "Canceled"

    def test_cancel_of_a_run_that_has_ended_changes_nothing(self, runner: Runner) -> None:
        done = runner.finish("raise SystemExit(3)")
        runner.platform.runs.cancel(done.run.id)
        assert runner.platform.runs.observe(done.run.id).state == "Failed"

    def test_cancel_of_an_unknown_run_does_nothing(self, tested: PlatformProxy) -> None:
        tested.runs.cancel(UNKNOWN)


class ResumeTests(PlatformSuite):
    """Attempts: a resumed run continues from its checkpoints, and its log continues too."""

    def test_a_resumed_run_continues_from_its_checkpoints(self, runner: Runner) -> None:
        done = runner.finish(_CHECKPOINTS)
        assert (done.status.state, done.log) == ("Failed", b"from step 0\n")
        again = Finished(runner.engine.resume(done.run.id), self.patience_s)
        assert (again.status.state, again.log) == ("Completed", b"from step 0\nfrom step 5\n")

    def test_the_files_of_a_resumed_run_are_those_of_its_last_attempt(
        self, runner: Runner, tmp_path: Path
    ) -> None:
        done = runner.finish(_CHECKPOINTS)
        again = Finished(runner.engine.resume(done.run.id), self.patience_s)
        again.run.download(tmp_path / "down", ["outputs/checkpoints/step"])
        assert (tmp_path / "down/outputs/checkpoints/step").read_text() == "10"

    def test_a_canceled_run_can_be_resumed(self, runner: Runner) -> None:
        run = runner.start(_HOLD_ONCE)
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        assert Finished(run, self.patience_s).status.state == "Canceled"
        assert Finished(runner.engine.resume(run.id), self.patience_s).status.state == "Completed"


class QueueTests(PlatformSuite):
    """Slots, priorities, waiting."""

    slots_are_limits: bool = True
    """False if the platform does not limit the runs of a target at a time, and says so in the notes of the plan."""

    @pytest.fixture
    def one_slot(self) -> dict[str, Any]:
        """The fields of a target that executes one run at a time. Override it if other fields say so."""
        return {"name": "kit-one", "slots": 1}

    def test_a_target_executes_no_more_runs_at_a_time_than_its_slots(
        self, runner: Runner, one_slot: dict[str, Any]
    ) -> None:
        if not self.slots_are_limits:
            pytest.skip("slots_are_limits = False: the platform does not limit the runs of a target")
        text = "import time; print(time.time()); time.sleep(0.5); print(time.time())"
        runs = [runner.start(text, target=one_slot) for _ in range(3)]
        times = sorted(tuple(map(float, Finished(run, self.patience_s).log.split())) for run in runs)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(times))

    def test_a_queued_run_can_be_canceled_and_never_starts(
        self, runner: Runner, one_slot: dict[str, Any]
    ) -> None:
        if not self.slots_are_limits:
            pytest.skip("slots_are_limits = False: no run is queued")
        first = runner.start("import time; print('up'); time.sleep(300)", target=one_slot)
        wait_for_output(first, b"up", self.patience_s)
        second = runner.start("print('started')", target=one_slot)
        assert second.status.state in ("Queued", "Preparing")
        second.cancel()
        assert Finished(second, self.patience_s).status.state == "Canceled"
        assert read_log(second) == b""
        assert not first.status.has_ended

    def test_a_higher_priority_leaves_the_queue_first(self, runner: Runner, one_slot: dict[str, Any]) -> None:
        if not runner.platform.has_priorities:
            pytest.skip(f"platform {runner.name!r} has no priorities")
        first = runner.start("import time; print('up'); time.sleep(300)", target=one_slot)
        wait_for_output(first, b"up", self.patience_s)
        text = "import time; print(time.time())"
        low, high = (
            runner.start_recipe(runner.recipe(text, target=one_slot), priority=priority)
            for priority in (0, 5)
        )
        first.cancel()
        order = [float(Finished(run, self.patience_s).log) for run in (high, low)]
        assert order == sorted(order)

    def test_wait_returns_at_the_end_and_not_before(self, runner: Runner) -> None:
        run = runner.start("import time; print('up'); time.sleep(300)")
        waiting = runner.platform.optional(Waits)
        if waiting is None:
            pytest.skip(f"platform {runner.name!r} has no 'runs.wait'; the engine polls")
        wait_for_output(run, b"up", self.patience_s)
        assert waiting.wait(run.id, 0.2) is False
        run.cancel()
        assert waiting.wait(run.id, self.patience_s) is True
        assert runner.platform.runs.observe(run.id).has_ended


class InterruptionTests(PlatformSuite):
    """A run that its machine lost."""

    @pytest.fixture
    def interrupt(self) -> Callable[[Run], None] | None:
        """Override it: a function that ends a run as a lost machine does, for example by a kill of its supervisor."""
        return None

    def test_a_lost_run_is_interrupted_and_can_be_resumed(
        self, runner: Runner, interrupt: Callable[[Run], None] | None
    ) -> None:
        if interrupt is None:
            pytest.skip("no fixture 'interrupt': the test class cannot take a machine away")
        run = runner.start(_HOLD_ONCE)
        wait_for_output(run, b"up", self.patience_s)
        interrupt(run)
        status = Finished(run, self.patience_s).status
        assert (status.state, status.interrupted) == ("Failed", True)
        assert Finished(runner.engine.resume(run.id), self.patience_s).status.state == "Completed"
