"""dressage runs cancel"""

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import OnElsewhere, RunIds, open_engine

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dressage.engine.engine import Engine
    from dressage.engine.runs import Run


def cancel(
    runs: RunIds,
    wait: Annotated[bool, typer.Option(help="Wait until the runs have ended.")] = True,
    timeout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Stop waiting after this time and exit with code 124.", min=0),
    ] = 60.0,
    on: OnElsewhere = None,
) -> None:
    """Cancel runs.

    The scripts are asked to stop. If one is still running after a grace period, it is killed. If the supervisor of a
    run was killed, its script may still be running; this command ends it.

    Of several runs, one that cannot be canceled does not stop the others. The exit code is 1 then.
    """
    engine, is_only, deadline = open_engine(), len(runs) == 1, time.monotonic() + timeout
    asked: list[Run] = []
    late: list[Run] = []
    failures: list[int] = []
    for run_id in runs:
        with _report_error(failures, is_only=is_only):
            asked += _ask(engine, run_id, on)
    for run in asked if wait else ():
        with _report_error(failures, is_only=is_only):
            late += [] if _wait(run, max(0.0, deadline - time.monotonic()), timeout) else [run]
    if failures or late:
        raise typer.Exit(1 if failures else 124)


@contextmanager
def _report_error(codes: list[int], *, is_only: bool) -> "Iterator[None]":
    """Report the error of one run, so that the others follow. is_only: there are no others, so raise it."""
    from dressage.cli.failures import report_error
    from dressage.errors import DressageError

    try:
        yield
    except DressageError as error:
        if is_only:
            raise
        codes.append(report_error(error))


def _ask(engine: "Engine", run_id: str, on: str | None) -> "list[Run]":
    """Ask a run to stop, and return it. Returns nothing, and says why, if there is no end to wait for."""
    from dressage.cli.display import say

    found = engine.get(run_id, on=on)
    status = found.status
    if status.has_ended and status.interrupted and found.has_leftover:
        found.cancel()
        say(f"run {found.id} has ended: {status.state}; its script was still running and was ended")
        return []
    if status.has_ended and (not status.interrupted or found.folder.refresh().status.has_ended):
        say(f"run {found.id} has already ended: {status.state}")
        return []
    found.cancel()
    return [found]


def _wait(run: "Run", left_s: float, timeout_s: float) -> bool:
    """Wait for the end of a run that was asked to stop. Returns False if it has not ended; says how it stands."""
    from dressage.cli.display import say

    status = run.wait(left_s)
    if status.has_ended:
        say(f"run {run.id}: {status.state}")
        return True
    why = f": {status.reason}" if status.reason else ""
    say(f"run {run.id} is still {status.state} after {timeout_s:g} s{why}")
    return False
