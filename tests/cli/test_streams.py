"""Where the command line writes, whatever its standard streams are."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.terminal import read_to_end

from dressage.cli.main import build_app

COLUMNS = 100

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def buffered(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a user's machine, where what cannot be written shows at exit alone."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def with_a_terminal(project: Path, stream: str, *arguments: str) -> tuple[list[str], str]:
    """The lines on a terminal that is one stream, and what the other stream got."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "dressage.cli.main", *arguments],
        cwd=project,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: theirs},
    )
    os.close(theirs)
    shown = read_to_end(ours).decode().splitlines()
    out, errors = process.communicate(timeout=60)
    return shown, errors if stream == "stdout" else out


@pytest.mark.parametrize(
    ("arguments", "begin"),
    [
        ("--help", "Usage: dressage"),
        ("run --help", "Usage: dressage run"),
        ("--version", "0."),
        ("--show-completion bash", "_dressage_completion"),
    ],
)
def test_what_is_asked_of_the_command_line_itself_is_on_stdout(dressage: Command, arguments: str, begin: str):
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    told = dressage(*arguments.split(), env=environment)
    assert (told.stdout.startswith(begin), told.stderr) == (True, "")


@pytest.mark.parametrize("arguments", ["--help", "recipes list", "recipes list -o json", "doctor"])
def test_a_full_disk_under_stdout_is_told_in_one_line(dressage: Command, arguments: str):
    with Path("/dev/full").open("w") as full:
        told = dressage(*arguments.split(), capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert told.stderr == "error: No space left on device; make room, then run it again\n"
    assert told.returncode == 1


@pytest.mark.parametrize("arguments", ["--help", "recipes list", "recipes list -o json"])
def test_a_reader_that_has_gone_is_no_error(dressage: Command, arguments: str):
    reader, writer = os.pipe()
    os.close(reader)
    told = dressage(*arguments.split(), capture_output=False, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    assert (told.returncode, told.stderr) == (1, "")


def test_a_table_fits_the_terminal_that_is_stdout_alone(project: Path):
    shown, _ = with_a_terminal(project, "stdout", "recipes", "show", "keras-mnist")
    assert shown[0].startswith("SETTING")
    assert 80 < max(map(len, shown)) <= COLUMNS


def test_a_table_is_whole_where_stderr_alone_is_a_terminal(project: Path, dressage: Command):
    _, out = with_a_terminal(project, "stderr", "recipes", "show", "keras-mnist")
    assert out == dressage("recipes", "show", "keras-mnist").stdout


def test_an_embedder_finds_results_on_its_own_stdout(project: Path, capsys: pytest.CaptureFixture[str]):
    build_app()(["init"], standalone_mode=False)
    assert capsys.readouterr().out == f"{project / '.dressage'}\n"
