"""Start or resume a run and follow it until it ends."""

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import typer

from dressage.cli import summaries
from dressage.cli.display import JsonLinesDisplay, TextDisplay, say
from dressage.cli.options import StreamFormat
from dressage.cli.output import print_json
from dressage.cli.streams import results
from dressage.engine.runs import Run
from dressage.results.events import Listener, RunCreated, RunFound
from dressage.results.statuses import RunStatus

_SECOND_CTRL_C_S = 1.5


def start_and_follow(
    start: Callable[[Listener], Run], *, detach: bool, output: StreamFormat, offset: int = 0
) -> None:
    """Call `start`, follow the run unless `detach` is set, and exit with the run's exit code.

    offset: where to start printing the log, in bytes.
    """
    display = JsonLinesDisplay() if output == "jsonl" else TextDisplay(script_output=output == "table")
    run = _submit(start, display)
    if detach:
        return _detach(run, output)
    status = _follow(run, display, offset)
    if output == "json":
        print_json(summaries.as_result(run, status))
    elif output == "table":
        summaries.print_summary(run, status)
    raise typer.Exit(summaries.exit_code(status))


def _detach(run: Run, output: StreamFormat) -> None:
    ended = run.status.has_ended
    if not ended:
        run.detach()
    if output == "json":
        print_json({"run_id": run.id, "state": run.status.state})
    elif output == "table":
        results().write(run.id + "\n")
    if output == "table" and not ended:
        say(f"next: dressage runs logs -f {run.id}\n      dressage runs cancel {run.id}")


def _follow(run: Run, display: TextDisplay | JsonLinesDisplay, offset: int) -> RunStatus:
    try:
        with closing(display):
            return run.follow(display, offset=offset)
    except KeyboardInterrupt:
        _handle_ctrl_c(run)
        raise typer.Exit(130) from None
    except BrokenPipeError:  # the reader of our output has closed the pipe
        if not run.status.has_ended:
            run.detach()
            say(_describe_detached(run))
        raise


def _submit(start: Callable[[Listener], Run], display: TextDisplay | JsonLinesDisplay) -> Run:
    """Run the stages and submit the run. The stages continue if the terminal is closed."""
    run_id: list[str] = []

    def listen(event: Any) -> None:
        if isinstance(event, RunCreated | RunFound):
            run_id.append(event.run_id)
        display(event)

    before = signal.signal(signal.SIGHUP, _close_terminal) if hasattr(signal, "SIGHUP") else None
    try:
        with closing(display):
            return start(listen)
    except KeyboardInterrupt:
        say(
            "stopped before the run was submitted"
            + (f"; continue with: dressage resume {run_id[0]}" if run_id else "")
        )
        raise typer.Exit(130) from None
    finally:
        if before is not None:
            signal.signal(signal.SIGHUP, before)


def _close_terminal(*_: object) -> None:
    """Redirect all streams to the null device after the terminal was closed."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdin, sys.stdout, sys.stderr, results()):
        os.dup2(nowhere, stream.fileno())


def _handle_ctrl_c(run: Run) -> None:
    """Detach from the run. A second Ctrl-C asks whether to cancel it."""
    say(f"\n{_describe_detached(run)}")
    try:
        if sys.stdin.isatty():
            say("press Ctrl-C again to cancel the run")
            time.sleep(_SECOND_CTRL_C_S)
    except KeyboardInterrupt:
        if _confirm(f"\ncancel run {run.id}?"):
            run.cancel()
            say(f"canceling run {run.id}")
    run.detach()


def _describe_detached(run: Run) -> str:
    return (
        f"detached: run {run.id} continues in the background; follow it with: dressage runs logs -f {run.id}"
    )


def _confirm(question: str) -> bool:
    try:
        return typer.confirm(question, err=True)
    except typer.Abort:  # another Ctrl-C, or the end of input
        say("")
        return False
