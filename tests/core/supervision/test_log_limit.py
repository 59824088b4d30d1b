"""A limit for the log of a run: the script is not stopped, and the log says what is left out."""

import os
import signal
from pathlib import Path

from tests.clients import kill_supervisor
from tests.fixtures import Dressage, WriteScript
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run

LIMIT = 100_000


def start(project: Path, path: Path, limit_mb: float | None = LIMIT / 1e6) -> Run:
    engine = Engine(project, platforms={"local": {} if limit_mb is None else {"log_limit_mb": limit_mb}})
    return engine.run("script", set={"path": str(path)}, again=True)


def log_of(run: Run) -> bytes:
    return b"".join(run.logs())


def test_a_script_that_prints_more_than_the_limit_completes_and_the_log_says_what_is_left_out(
    project: Path, script: WriteScript
) -> None:
    run = start(project, script("for n in range(100_000): print(f'{n:09}')\n"))
    assert run.wait(60).state == "Completed"
    log = log_of(run)
    whole = b"".join(b"%09d\n" % n for n in range(100_000))
    begin, end = whole[:LIMIT], whole[-16384:]
    left_out = len(whole) - len(begin) - len(end)
    assert log == (
        begin
        + b"\n[the log has reached its limit of 0.1 MB]\n"
        + f"[{left_out:,} bytes of output are left out here]\n".encode()
        + end
    )


def test_a_log_below_the_limit_is_complete_and_in_order(project: Path, script: WriteScript) -> None:
    path = script("import sys\nfor n in range(100): print(n); print(-n, file=sys.stderr)\n")
    run = start(project, path)
    assert run.wait(60).state == "Completed"
    assert log_of(run) == b"".join(b"%d\n%d\n" % (n, -n) for n in range(100))


def test_without_the_option_there_is_no_limit(project: Path, script: WriteScript) -> None:
    run = start(project, script("print('x' * 200_000)"), None)
    assert run.wait(60).state == "Completed"
    assert len(log_of(run)) == 200_001


def test_the_reason_of_a_failure_is_kept(project: Path, script: WriteScript) -> None:
    run = start(project, script("print('x' * 200_000)\nraise ValueError('wrong')"))
    assert "ValueError: wrong" in str(run.wait(60).reason)
    assert log_of(run).endswith(b"ValueError: wrong\n")


def test_the_script_continues_and_its_output_is_written_after_its_supervisor_was_killed(
    project: Path, script: WriteScript
) -> None:
    path = script(
        "import pathlib, time\nprint('up')\n"
        "while not pathlib.Path('go').exists(): time.sleep(0.02)\n"
        "print('x' * 200_000); print('the end')\npathlib.Path('done').touch()\n"
    )
    run = start(project, path)
    eventually(lambda: b"up" in log_of(run))
    kill_supervisor(run)
    (run.folder.work / "go").touch()
    eventually((run.folder.work / "done").exists)
    eventually(lambda: run.folder.log.read_bytes().endswith(b"the end\n"))


def test_a_process_that_the_script_leaves_behind_does_not_hold_up_the_run(
    project: Path, script: WriteScript
) -> None:
    path = script(
        "import subprocess, sys\n"
        "left = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "open('outputs/left', 'w').write(str(left.pid)); print('done')\n"
    )
    run = start(project, path)
    try:
        assert run.wait(60).state == "Completed"
        assert log_of(run) == b"done\n"
    finally:
        os.kill(int((run.folder.work / "outputs/left").read_text()), signal.SIGKILL)


def test_the_reason_of_a_failure_is_kept_if_a_process_is_left_behind(
    project: Path, script: WriteScript
) -> None:
    path = script(
        "import subprocess\n"
        "left = subprocess.Popen(['sleep', '600'], start_new_session=True)\n"
        "open('outputs/left', 'w').write(str(left.pid)); print('x' * 200_000)\n"
        "raise ValueError('no such luck')\n"
    )
    run = start(project, path)
    try:
        status = run.wait(60)
        assert "no such luck" in (status.reason or "")
        assert log_of(run).count(b"left out here]") == 1
    finally:
        os.kill(int((run.folder.work / "outputs/left").read_text()), signal.SIGKILL)


def test_the_limit_is_an_option_of_the_command(dressage: Dressage, script: WriteScript) -> None:
    path = script("print('x' * 200_000)")
    ran = dressage("run", str(path), "-O", "log-limit-mb=0.01")
    assert "[the log has reached its limit of 0.01 MB]" in ran.stdout
