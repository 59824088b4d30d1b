"""The progress of a stage that takes more than a second."""

import signal
from pathlib import Path

import pytest
from tests.fileserver import serve_files
from tests.terminal import read_to_end, read_until, start_on_terminal
from tests.waiting import eventually

from dressage.cli.display import TextDisplay
from dressage.results.events import StageStarted, progress_of

HIDE, SHOW = b"\x1b[?25l", b"\x1b[?25h"


def test_ctrl_c_restores_the_cursor_of_the_terminal(project: Path):
    with serve_files(files={"/a": bytes(1 << 20)}, pause_s=0.25) as server:
        process, terminal = start_on_terminal(project, "datasets", "register", "a", f"{server.address}/a")
        read_until(terminal, HIDE)
        process.send_signal(signal.SIGINT)
        rest = read_to_end(terminal)
    assert process.wait(60) == 130
    assert SHOW in rest
    assert HIDE not in rest.rpartition(SHOW)[2]


def test_without_a_terminal_a_long_stage_prints_a_line(capsys: pytest.CaptureFixture[str]):
    tell = TextDisplay()
    shown: list[str] = []

    def has_shown_the_stage() -> bool:
        shown.append(capsys.readouterr().err)
        return "keras-env" in "".join(shown)

    tell(StageStarted("environment", "keras-env"))
    eventually(has_shown_the_stage)
    tell.close()
    assert "".join(shown) == "  environment  keras-env\n"


def test_a_line_of_output_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]):
    tell = TextDisplay()
    tell(StageStarted("environment", "keras-env"))
    progress_of("environment", tell)("Step 1/3 : FROM [base]\n", 0, None)
    tell.close()
    assert capsys.readouterr().err == "Step 1/3 : FROM [base]\n"
