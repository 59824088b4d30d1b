"""Run the command line on a pseudo-terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path


def start_on_terminal(project: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], int]:
    """Start a command on a terminal with 80 columns; return the process and our end of the terminal."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "dressage.cli.main", *arguments],
        cwd=project,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80", "NO_COLOR": "1"},
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
    except OSError:  # Linux raises this when the other end is closed
        pass
    return seen


def run_on_terminal(project: Path, *arguments: str) -> list[str]:
    """Run a command on a terminal; return the lines that it prints."""
    process, terminal = start_on_terminal(project, *arguments)
    lines = read_to_end(terminal).decode().splitlines()
    assert process.wait(60) == 0, lines
    return lines
