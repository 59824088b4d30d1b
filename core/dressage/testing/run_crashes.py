"""Submit a run twice, at once, or from a client that is killed: it is one run, and nothing is lost."""

from dressage.testing.platform_suite import Arguments, PlatformSuite
from dressage.testing.processes import Processes
from dressage.testing.runner import Finished, Runner, read_log, wait_for_output

_ONCE = "import os, time; print('started', os.environ['DRESSAGE_RUN_ID']); time.sleep(0.3)"

_SECOND_TIME = """\
import os, pathlib
pathlib.Path("outputs/checkpoints").mkdir(parents=True, exist_ok=True)
pathlib.Path("outputs/checkpoints/step").write_text("1")
again = "DRESSAGE_RESUME_FROM" in os.environ
print("try", 2 if again else 1)
raise SystemExit(0 if again else 1)
"""


class CrashTests(PlatformSuite):
    """`submit` can be repeated, by anyone and at any time, and a run outlives its clients."""

    def test_a_submission_returns_before_the_end_of_the_run(
        self, runner: Runner, processes: Processes
    ) -> None:
        submission = runner.prepare("import time; print('up'); time.sleep(2 * 86400)")
        processes.call("submit", submission.run_id)  # fails after `patience_s` if it does not return
        run = runner.find(submission.run_id)
        assert not run.status.has_ended

    def test_a_run_that_is_submitted_twice_is_one_run(self, runner: Runner) -> None:
        submission = runner.prepare(_ONCE)
        runner.platform.runs.submit(submission)
        runner.platform.runs.submit(submission)
        self.check_ran_once(runner, submission.run_id)

    def test_a_run_that_is_submitted_again_after_its_end_is_one_run(self, runner: Runner) -> None:
        submission = runner.prepare(_ONCE)
        runner.platform.runs.submit(submission)
        self.check_ran_once(runner, submission.run_id)
        runner.platform.runs.submit(submission)
        self.check_ran_once(runner, submission.run_id)

    def test_a_run_that_several_processes_submit_at_once_is_one_run(
        self, runner: Runner, processes: Processes
    ) -> None:
        submission = runner.prepare(_ONCE)
        processes.call_at_once("submit", [submission.run_id] * 4)
        self.check_ran_once(runner, submission.run_id)

    def test_a_submission_that_is_killed_anywhere_can_be_repeated(
        self, runner: Runner, processes: Processes
    ) -> None:
        made = Arguments(lambda _: runner.prepare(_ONCE).run_id)
        self.kill_and_repeat(processes, "submit", made)
        for run_id in made.made:
            self.check_ran_once(runner, run_id)

    def test_a_command_that_is_killed_anywhere_can_be_repeated(
        self, runner: Runner, processes: Processes
    ) -> None:
        """From the plan to the registered model: the same command again reaches the same end."""
        save = (
            "import pathlib; pathlib.Path('outputs/model').mkdir(); open('outputs/model/w', 'w').write('1')\n"
        )
        made = Arguments(lambda n: runner.recipe(f"{save}{_ONCE}  # {n}", model=f"kit-{n}").to_json())
        self.kill_and_repeat(processes, "run", made)
        runs = [runner.find(summary.run_id) for summary in runner.engine.runs()]
        started = [run for run in runs if run.folder.refresh().is_submitted]
        assert {run.status.state for run in started} == {"Completed"}
        for run in started:
            assert read_log(run).count(b"started") == 1
        models = [version.name for version in runner.platform.models.list()]
        assert sorted(models) == sorted(f"kit-{n}" for n in range(len(made.made)))

    def test_a_resume_that_is_killed_anywhere_can_be_repeated(
        self, runner: Runner, processes: Processes
    ) -> None:
        """The next attempt is started once, and the end of the one before is not taken for its end."""
        made = Arguments(lambda _: runner.finish(_SECOND_TIME).run.id)
        self.kill_and_repeat(processes, "finish", made)
        for run_id in made.made:
            run = runner.find(run_id)
            assert (run.status.state, read_log(run)) == ("Completed", b"try 1\ntry 2\n")

    def test_a_run_continues_when_its_client_is_killed(self, runner: Runner, processes: Processes) -> None:
        submission = runner.prepare("import time; print('up'); time.sleep(1); print('end')")
        processes.call("submit", submission.run_id)  # that process has ended now
        run = runner.find(submission.run_id)
        wait_for_output(run, b"up", self.patience_s)
        assert Finished(runner.find(submission.run_id), self.patience_s).log == b"up\nend\n"

    def test_a_run_is_found_whose_client_was_killed_before_the_answer_to_its_submission(
        self, runner: Runner
    ) -> None:
        run = runner.find(runner.lose_answer("import time; print('up'); time.sleep(2 * 86400)"))
        assert not run.status.has_ended
        wait_for_output(run, b"up", self.patience_s)
        run.cancel()
        assert run.wait(timeout_s=self.patience_s).state == "Canceled"

    def test_a_run_is_canceled_whose_client_was_killed_before_the_answer_to_its_submission(
        self, runner: Runner
    ) -> None:
        run = runner.find(runner.lose_answer("import time; time.sleep(2 * 86400)"))
        run.cancel()
        assert run.wait(timeout_s=self.patience_s).state == "Canceled"
        assert runner.platform.runs.observe(run.id).state == "Canceled"

    def check_ran_once(self, runner: Runner, run_id: str) -> None:
        """Wait for the end of a run whose script prints its id, and check that it was started once."""
        done = Finished(runner.find(run_id), self.patience_s)
        assert (done.status.state, done.log) == ("Completed", f"started {run_id}\n".encode())
