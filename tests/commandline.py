"""Run command lines in copies of this process: faster than new ones, and with the same `main`."""

import logging
import os
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NamedTuple

_HANGS_S = 60


class Called(NamedTuple):
    """code: the exit code; -14 for a command that hung. err: what was written to stderr."""

    code: int
    out: str
    err: str


def call(folder: Path, *arguments: str) -> Called:
    """Run `dressage ARGUMENTS` in a folder."""
    import dressage.cli.main  # noqa: F401 - imported before the fork, once

    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        process = os.fork()
        if not process:
            _become(folder, arguments, out.fileno(), err.fileno())
        _, status = os.waitpid(process, 0)
        texts = [os.pread(file.fileno(), 10_000_000, 0).decode(errors="replace") for file in (out, err)]
    return Called(os.waitstatus_to_exitcode(status), *texts)


def _become(folder: Path, arguments: tuple[str, ...], out: int, err: int) -> None:
    code = 99
    try:
        signal.alarm(_HANGS_S)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(out, 1)
        os.dup2(err, 2)
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
        logging.root.handlers.clear()  # those of pytest
        os.chdir(folder)
        sys.argv = ["dressage", *arguments]
        from dressage.cli.main import main

        main()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
