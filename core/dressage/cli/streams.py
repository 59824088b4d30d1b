"""The standard streams. Only results go to stdout; what plugins print goes to stderr."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

_STDOUT, _STDERR = 1, 2

_results: list[TextIO] = []
"""The duplicate of stdout for results, after `prepare` has opened it; a list so that it can be set."""


def prepare() -> None:
    """Open streams that the shell closed, and duplicate stdout for results.

    stdout itself stays as it is until `divert`, because Typer prints help and versions there.
    """
    for name in ("stdin", "stdout", "stderr"):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # gets the descriptor number of the missing stream
            os.set_inheritable(nowhere, True)
            setattr(sys, name, open(nowhere, "r" if name == "stdin" else "w", encoding="utf-8"))  # noqa: SIM115, PTH123
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # characters that the encoding lacks become `?`
        with suppress(OSError):  # not a descriptor: main() was called with a stream in memory
            if sys.stdout.fileno() == _STDOUT and not _results:
                _results.append(_duplicate(sys.stdout))


def results() -> TextIO:
    """Return the stream for results: the duplicate of stdout, or sys.stdout if `prepare` made none."""
    return _results[0] if _results else sys.stdout


def divert() -> None:
    """Redirect stdout to stderr, for print(), C libraries and subprocesses."""
    if _results:
        _point_stdout_at(_STDERR)
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(line_buffering=True)


@contextmanager
def silent() -> Iterator[None]:
    """Discard what is printed to stdout, during shell completion: stderr would disturb the command line too."""
    if not _results:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    _point_stdout_at(nowhere)
    os.close(nowhere)
    try:
        yield
    finally:
        _point_stdout_at(_results[0].fileno())


def finish() -> None:
    """Flush all streams. Discard what cannot be written: Python would try again at exit and print an error."""
    for stream in (sys.__stdout__, results()):
        if stream is None or stream.closed:
            continue
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _duplicate(stream: io.TextIOWrapper) -> TextIO:
    duplicate = open(os.dup(stream.fileno()), "w", encoding=stream.encoding, errors=stream.errors)  # noqa: SIM115, PTH123
    duplicate.reconfigure(line_buffering=stream.line_buffering or stream.write_through)
    return duplicate


def _point_stdout_at(descriptor: int) -> None:
    sys.stdout.flush()
    os.dup2(descriptor, _STDOUT)
