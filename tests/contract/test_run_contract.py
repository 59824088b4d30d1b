"""The run contract: argv, working directory, outputs, logs, variables, signals and exit code, on every platform."""

import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.contract.conftest import FinishScript, StartScript
from tests.fixtures import WriteScript
from tests.waiting import eventually

from dressage.engine.runs import Run


def test_the_script_gets_its_arguments_as_they_were_given(submit: FinishScript):
    done = submit("import json, sys; print(json.dumps(sys.argv))", "--lr 0.1 'two words' --flag")
    assert json.loads(done.log) == ["train.py", "--lr", "0.1", "two words", "--flag"]


def test_it_starts_in_a_writable_copy_of_its_source(submit: FinishScript, script: WriteScript):
    path = script("", name="data.txt")
    path.write_text("original")
    done = submit(
        "from pathlib import Path; p = Path('data.txt'); p.write_text(p.read_text() + '!'); print(p.read_text())"
    )
    assert done.log == b"original!\n"
    assert path.read_text() == "original"


def test_modules_next_to_the_script_can_be_imported(submit: FinishScript, script: WriteScript):
    script("ANSWER = 42", name="layers.py")
    assert submit("import layers; print(layers.ANSWER)").log == b"42\n"


def test_outputs_and_logs_exist_and_their_files_are_kept(submit: FinishScript, tmp_path: Path):
    done = submit("open('outputs/a.txt', 'w').write('a'); open('logs/b.txt', 'w').write('b')")
    assert {file.path for file in done.run.files} >= {"outputs/a.txt", "logs/b.txt"}
    assert done.output("outputs/a.txt", tmp_path / "down") == "a"


def test_output_and_errors_reach_the_log_in_order_and_byte_for_byte(submit: FinishScript):
    done = submit(
        "import os, sys\n"
        "for n in range(100):\n"
        "    print(n, 'out'); print(n, 'err', file=sys.stderr)\n"
        "os.write(1, bytes(range(256)))\n"
    )
    lines = b"".join(b"%d out\n%d err\n" % (n, n) for n in range(100))
    assert done.log == lines + bytes(range(256))


def test_the_log_can_be_read_from_any_byte(submit: FinishScript):
    done = submit("print('0123456789')")
    assert b"".join(done.run.logs(offset=4)) == b"456789\n"


def test_output_is_not_buffered(start: StartScript, project: Path):
    """A print can be read while the script runs."""
    run: Run = start("import time\nprint('up')\ntime.sleep(300)")
    seen = next(iter(run.logs(follow=True)))
    assert (seen, run.status.has_ended) == (b"up\n", False)
    run.cancel()
    run.wait(60)


def test_files_are_listed_while_the_script_runs(start: StartScript):
    run: Run = start("import time\nopen('outputs/early', 'w').close()\nprint('up')\ntime.sleep(300)")
    next(iter(run.logs(follow=True)))
    assert "outputs/early" in {file.path for file in run.files}
    run.cancel()
    run.wait(60)


def test_variables_say_where_to_record(submit: FinishScript):
    names = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "DRESSAGE_RUN_ID")
    done = submit(f"import json, os; print(json.dumps([os.environ.get(name) for name in {names!r}]))")
    address, experiment, run_id = json.loads(done.log)
    assert address.startswith(("http://", "https://", "azureml://"))
    assert (experiment, run_id) == ("script", done.run.id)


def test_the_first_run_that_a_script_opens_is_the_run_itself(submit: FinishScript):
    done = submit("import mlflow; mlflow.start_run(); mlflow.log_param('a', 1)")
    assert done.run.tracked.params == {"a": "1"}


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_the_scripts_own(submit: FinishScript, code: int):
    done = submit(f"raise SystemExit({code})")
    assert (done.status.exit_code, done.status.state) == (code, "Failed" if code else "Completed")


def test_the_exit_code_after_a_signal_is_128_plus_its_number(submit: FinishScript):
    done = submit("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert (done.status.state, done.status.exit_code) == ("Failed", 137)


def test_cancel_sends_sigterm_and_the_script_may_clean_up(
    start: StartScript, exit_code_when_canceled: Callable[[int], int | None]
):
    run: Run = start(
        "import signal, sys, time\n"
        "def stop(*_):\n"
        "    open('outputs/clean', 'w').close(); sys.exit(9)\n"
        "signal.signal(signal.SIGTERM, stop)\n"
        "print('up'); time.sleep(300)\n"
    )
    next(iter(run.logs(follow=True)))
    run.cancel()
    status = run.wait(60)
    assert (status.state, status.exit_code) == ("Canceled", exit_code_when_canceled(9))
    assert "outputs/clean" in {file.path for file in run.files}


def test_cancel_ends_the_scripts_children_too(start: StartScript, tmp_path: Path):
    beat = tmp_path / "beat"
    run: Run = start(
        "import subprocess, sys, time\n"
        f"beat = {str(beat)!r}\n"
        "loop = 'while 1: pathlib.Path(sys.argv[1]).touch(); time.sleep(.02)'\n"
        "child = 'import pathlib, sys, time' + chr(10) + loop\n"
        "subprocess.Popen([sys.executable, '-c', child, beat])\n"
        "print('up'); time.sleep(300)\n"
    )
    next(iter(run.logs(follow=True)))
    eventually(beat.exists)
    run.cancel()
    run.wait(60)
    last = beat.stat().st_mtime_ns
    time.sleep(0.3)
    assert beat.stat().st_mtime_ns == last


def test_a_script_that_ignores_sigterm_is_killed_after_the_grace_time(
    start: StartScript, short_grace: None, exit_code_when_canceled: Callable[[int], int | None]
):
    run: Run = start(
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up'); time.sleep(300)"
    )
    next(iter(run.logs(follow=True)))
    run.cancel()
    assert (run.wait(60).state, run.status.exit_code) == ("Canceled", exit_code_when_canceled(137))


def test_a_missing_log_is_empty_not_an_error(submit: FinishScript):
    assert submit("").log == b""


def test_states_end_in_completed(start: Callable[..., Run]):
    states: list[str] = []
    from dressage.results.events import StateChanged

    run = start("print(1)")
    status = run.follow(lambda event: states.append(event.state) if isinstance(event, StateChanged) else None)
    assert status.state == "Completed"
    assert set(states) <= {"Queued", "Preparing", "Running", "Finalizing"}
