"""What the command line writes to each standard stream."""

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from tests.fixtures import Dressage
from tests.terminal import read_to_end

from dressage.cli.main import build_app

COLUMNS = 100


@pytest.fixture(autouse=True)
def buffer_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Python buffer stdout as it does for users, where a failed write is noticed only at exit."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def run_with_terminal(project: Path, stream: str, *arguments: str) -> tuple[list[str], str]:
    """Run a command with a terminal as `stream`; return the terminal's lines and the text of the other stream."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, COLUMNS, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "dressage.cli.main", *arguments],
        cwd=project,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
        text=True,
        stdout=theirs if stream == "stdout" else subprocess.PIPE,
        stderr=theirs if stream == "stderr" else subprocess.PIPE,
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
def test_help_version_and_completion_are_on_stdout(dressage: Dressage, arguments: str, begin: str):
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    result = dressage(*arguments.split(), env=environment)
    assert (result.stdout.startswith(begin), result.stderr) == (True, "")


@pytest.mark.parametrize("arguments", ["--help", "recipes list", "recipes list -o json", "doctor"])
def test_a_full_disk_for_stdout_is_one_line_of_error(dressage: Dressage, arguments: str):
    with Path("/dev/full").open("w") as full:
        result = dressage(*arguments.split(), stdout=full)
    assert result.stderr == "error: No space left on device; free some space, then run the command again\n"
    assert result.returncode == 1


@pytest.mark.parametrize("arguments", ["--help", "recipes list", "recipes list -o json"])
def test_a_reader_that_closes_the_pipe_is_not_an_error(dressage: Dressage, arguments: str):
    reader, writer = os.pipe()
    os.close(reader)
    result = dressage(*arguments.split(), stdout=writer)
    os.close(writer)
    assert (result.returncode, result.stderr) == (1, "")


def test_a_table_fits_if_only_stdout_is_a_terminal(project: Path):
    shown, _ = run_with_terminal(project, "stdout", "recipes", "show", "keras-mnist")
    assert shown[0].startswith("SETTING")
    assert 80 < max(map(len, shown)) <= COLUMNS


def test_a_table_is_not_wrapped_if_only_stderr_is_a_terminal(project: Path, dressage: Dressage):
    _, out = run_with_terminal(project, "stderr", "recipes", "show", "keras-mnist")
    assert out == dressage("recipes", "show", "keras-mnist").stdout


def test_results_go_to_the_stdout_of_an_embedding_program(project: Path, capsys: pytest.CaptureFixture[str]):
    build_app()(["init"], standalone_mode=False)
    assert capsys.readouterr().out == f"{project / '.dressage'}\n"
