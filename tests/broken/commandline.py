"""Run many short commands fast."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

Result = CompletedProcess[str]


class CommandLine:
    """Runs each command in a new process, as `python -m dressage.cli.main` does, but faster."""

    def __init__(self, server: "subprocess.Popen[str]", output: Path) -> None:
        self._server, self._output = server, output

    def __call__(
        self, *words: str, cwd: Path, env: Mapping[str, str], constants: Mapping[str, Any] | None = None
    ) -> Result:
        """Run a command. constants: values of module constants, by dotted name."""
        command = {
            "words": words,
            "environ": {**_environ(), **env},
            "directory": str(cwd),
            "output": str(self._output),
            "constants": dict(constants or {}),
        }
        assert self._server.stdin
        assert self._server.stdout
        self._server.stdin.write(json.dumps(command) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        read = [(self._output / name).read_text(errors="replace") for name in ("stdout", "stderr")]
        return CompletedProcess(words, code, *read)


def _environ() -> dict[str, str]:
    """Return the environment variables without dressage's settings."""
    return {name: value for name, value in os.environ.items() if not name.startswith("DRESSAGE_")}


@contextmanager
def command_line(output: Path) -> Iterator[CommandLine]:
    words = [sys.executable, str(Path(__file__).with_name("server.py"))]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin
        yield CommandLine(server, output)
        server.stdin.close()
