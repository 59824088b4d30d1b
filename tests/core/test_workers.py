"""Workers: code with pins of its own, in a process and an environment of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.waiting import eventually

from dressage import StageError
from dressage.workers import Worker, WorkerError

LOCK = "six==1.17.0 --hash=sha256:{}\n"
SIX = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
HANDLERS = """
import os, sys, time, subprocess

class Odd(Exception):
    kind = "odd"

def echo(tell, **given):
    return given

def pins(tell):
    import six, importlib.util
    return [six.__version__, importlib.util.find_spec("dressage") is None]

def chatter(tell):
    print("noise on stdout")
    subprocess.run(["echo", "noise of a child"])
    return "done"

def steps(tell):
    for step in range(3):
        tell("step", step, 3)

def fail(tell):
    raise Odd("it is\\nodd")

def die(tell):
    print("last words", flush=True)
    os._exit(7)

def break_off(tell):
    def half(conversation, number, **field):
        conversation.replies.write(b'{"id": 1, "res')
        conversation.replies.flush()
        os._exit(9)
    sys.modules["__main__"].Conversation.send = half

def wait(tell, path):
    while not os.path.exists(path):
        time.sleep(0.01)
    return os.getpid()

HANDLERS = {f.__name__: f for f in (echo, pins, chatter, steps, fail, die, break_off, wait)}
"""


@pytest.fixture(scope="module")
def caches(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("caches")


@pytest.fixture
def worker(tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    (tmp_path / "toy.lock").write_text(LOCK.format(SIX))
    (tmp_path / "toys.py").write_text(HANDLERS)
    made = Worker("toy", lock=tmp_path / "toy.lock", source=tmp_path, module="toys", log=tmp_path / "toy.log")
    yield made
    made.close()


def test_arguments_and_results_are_json(worker: Worker):
    assert worker.call("echo", number=1, text="ä", nothing=None) == {
        "number": 1,
        "text": "ä",
        "nothing": None,
    }


def test_it_runs_on_its_own_pins_without_dressage(worker: Worker):
    assert worker.call("pins") == ["1.17.0", True]


def test_what_libraries_print_goes_to_its_log(worker: Worker):
    assert worker.call("chatter") == "done"
    assert worker.call("echo") == {}
    assert "noise of a child" in worker.log.read_text()


def test_progress_arrives_before_the_result(worker: Worker):
    told: list[tuple[str, int, int | None]] = []
    worker.call("steps", lambda *step: told.append(step))
    assert told == [("step", 0, 3), ("step", 1, 3), ("step", 2, 3)]


def test_a_failure_is_one_line_with_its_kind(worker: Worker):
    with pytest.raises(WorkerError, match=r"^it is odd$") as failed:
        worker.call("fail")
    assert failed.value.kind == "odd"


def test_a_worker_that_dies_is_reported_with_its_last_words_and_started_again(worker: Worker):
    with pytest.raises(WorkerError, match="exited during die: last words"):
        worker.call("die")
    assert worker.call("echo", alive=True) == {"alive": True}


@pytest.mark.timeout(60)  # it would wait for the rest for ever
def test_a_worker_that_dies_in_the_middle_of_a_reply_is_reported(worker: Worker):
    with pytest.raises(WorkerError, match="exited during break_off"):
        worker.call("break_off")


def test_workers_add_to_their_log(worker: Worker, tmp_path: Path):
    worker.call("chatter")
    second = Worker(
        "toy", lock=tmp_path / "toy.lock", source=tmp_path, module="toys", log=tmp_path / "toy.log"
    )
    second.call("echo")
    second.close()
    assert "noise of a child" in worker.log.read_text()


def test_calls_do_not_wait_for_each_other(worker: Worker, tmp_path: Path):
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(worker.call, "wait", path=str(tmp_path / "go"))
        assert worker.call("echo") == {}
        (tmp_path / "go").touch()
        assert waiting.result(30)


def test_all_callers_of_a_worker_that_dies_get_an_error(worker: Worker):
    with ThreadPoolExecutor() as pool:
        waiting = [pool.submit(worker.call, "wait", path="/nowhere") for _ in range(3)]
        with pytest.raises(WorkerError):
            worker.call("die")
        assert worker.call("echo") == {}
        assert all(isinstance(one.exception(30), WorkerError) for one in waiting)


def test_it_dies_with_its_client(worker: Worker, tmp_path: Path, caches: Path):
    worker.call("echo")  # its environment is built
    code = (
        "import sys; from pathlib import Path; from dressage.workers import Worker\n"
        f"here = Path({str(tmp_path)!r})\n"
        "w = Worker('toy', lock=here / 'toy.lock', source=here, module='toys', log=here / 'b.log')\n"
        "print(w.call('wait', path=str(here)), flush=True); w.call('wait', path='/nowhere')\n"
    )
    client = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert client.stdout
    pid = int(client.stdout.readline())
    client.kill()
    client.wait()
    eventually(lambda: not _lives(pid))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_a_lock_that_cannot_be_installed_is_reported_in_one_line(
    tmp_path: Path, caches: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    (tmp_path / "bad.lock").write_text(LOCK.format("0" * 64))
    worker = Worker("bad", lock=tmp_path / "bad.lock", source=tmp_path, module="x", log=tmp_path / "log")
    with pytest.raises(StageError, match=r"environment of worker 'bad' could not be built: .*[Hh]ash"):
        worker.call("echo")
