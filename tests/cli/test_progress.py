"""How a stage that takes long is shown."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

from tests.fileserver import serving
from tests.waiting import eventually

from dressage.cli.telling import Person
from dressage.events import StageStarted

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


def on_a_terminal(project: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """The command line with a pseudo-terminal for its stderr, and the other end of that."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dressage.cli.main", *arguments],
        cwd=project,
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    return process, ours


def read_until(terminal: int, mark: bytes) -> bytes:
    seen = b""
    while mark not in seen:
        seen += os.read(terminal, 1 << 12)
    return seen


def read_to_end(terminal: int) -> bytes:
    seen = b""
    try:
        while data := os.read(terminal, 1 << 12):
            seen += data
    except OSError:  # how Linux says that the other end has closed
        pass
    return seen


def test_ctrl_c_gives_the_terminal_its_cursor_back(project):
    with serving(files={"/a": bytes(1 << 20)}, pause_s=0.25) as server:
        process, terminal = on_a_terminal(project, "datasets", "register", "a", f"{server.address}/a")
        read_until(terminal, HIDE)
        process.send_signal(signal.SIGINT)
        rest = read_to_end(terminal)
    assert process.wait(60) == 130
    assert SHOW in rest
    assert HIDE not in rest.rpartition(SHOW)[2]


def test_off_a_terminal_a_silent_stage_says_what_it_is_at(capsys):
    tell, told = Person(), []
    tell(StageStarted("environment", "keras-env"))
    eventually(lambda: told.append(capsys.readouterr().err) or "keras-env" in "".join(told))
    tell.close()
    assert "".join(told) == "  environment  keras-env\n"
