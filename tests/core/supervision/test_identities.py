"""Processes are identified by their place and start time: a process id alone means another process elsewhere."""

import os
import subprocess
import sys

import pytest
from tests.clients import kill_supervisor, start_and_hold
from tests.recipes import Tiny

from dressage import Engine, StageError
from dressage.supervision.identities import Identity


def test_a_process_is_itself():
    own = Identity.of(os.getpid())
    assert own.is_here
    assert Identity.parse(str(own)) == own


def test_a_process_that_has_ended_is_not_here():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    identity = Identity.of(child.pid)
    child.communicate(b"\n")
    assert not identity.is_here


@pytest.mark.parametrize("other", [{"start": "1"}, {"place": "another boot"}, {"process": os.getppid()}])
def test_a_process_of_the_same_number_is_not_here(other: dict[str, str]):
    assert not Identity.of(os.getpid())._replace(**other).is_here  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["", "12", "{}", "[1, 2]", '["a", "b", "c"]', b"\xff"])
def test_a_text_that_is_no_identity_is_none(text: str | bytes):
    assert Identity.parse(text) is None


def test_an_innocent_process_is_not_killed_for_a_script_of_another_container(engine: Engine, tiny: Tiny):
    """The lock of the script names an innocent process of ours, as a process id from another container does."""
    run, hold = start_and_hold(engine, engine.directory)
    kill_supervisor(run)
    run.wait(60)
    innocent = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    lock = run.folder.lock("script")
    script = Identity.parse(lock.read_text())
    assert script
    foreign = Identity.of(innocent.pid)._replace(place="another container")
    lock.write_text(str(foreign))
    try:
        with pytest.raises(StageError, match="in another container or on another machine; end it there"):
            engine.resume(run.id)
        with pytest.raises(StageError, match="in another container"):
            run.cancel()
        assert innocent.poll() is None
        assert script.is_here  # not killed either
    finally:
        lock.write_text(str(script))
        run.cancel()
        hold.unlink(missing_ok=True)
        innocent.communicate(b"\n")
