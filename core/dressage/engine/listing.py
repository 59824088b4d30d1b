"""Update the statuses of a list of runs. Each platform is asked in its own thread, so that none delays another."""

import threading
import time
from collections.abc import Callable, Collection, Sequence

from msgspec.structs import replace

from dressage.errors import DressageError
from dressage.files.disk import describe
from dressage.results.statuses import RunStatus, RunSummary

_LISTING_S = 10.0
"""How long a listing waits for the answers of a platform."""


def update_statuses(summaries: Sequence[RunSummary], ask: Callable[[str], RunStatus]) -> list[RunSummary]:
    """Return the summaries with the current statuses. ask: returns the status of a run id.

    If a platform fails or does not answer in time, a warning names it and its runs keep their last recorded status.
    """
    unended = [summary for summary in summaries if not summary.status.has_ended]
    current: dict[str, RunSummary] = {}
    threads = {
        name: threading.Thread(target=_ask_platform, args=(name, unended, ask, current), daemon=True)
        for name in dict.fromkeys(summary.platform for summary in unended)
    }
    for thread in threads.values():
        thread.start()
    deadline = time.monotonic() + _LISTING_S
    for name, thread in threads.items():
        thread.join(max(0.0, deadline - time.monotonic()))
        if thread.is_alive():
            _warn(name, f"no answer within {_LISTING_S:g} s")
    found = dict(current)
    return [found.get(summary.run_id, summary) for summary in summaries]


def _ask_platform(
    platform: str,
    summaries: Sequence[RunSummary],
    ask: Callable[[str], RunStatus],
    current: dict[str, RunSummary],
) -> None:
    """Ask for the statuses of one platform's runs. If one fails, the others are still asked for."""
    errors: list[Exception] = []
    for summary in summaries:
        if summary.platform == platform:
            try:
                current[summary.run_id] = replace(summary, status=ask(summary.run_id))
            except (DressageError, OSError) as error:
                errors.append(error)
    if errors:
        _warn(platform, describe(errors[0]))


def mark_leftovers(
    summaries: Sequence[RunSummary], ask: Callable[[str], Collection[str]]
) -> list[RunSummary]:
    """Return the summaries, marked if the script is still running although the run was interrupted.

    ask: returns the ids of such runs of a platform; it is asked only if one of its runs was interrupted.
    """
    left: set[str] = set()
    for platform in {summary.platform for summary in summaries if summary.status.interrupted}:
        try:
            left.update(ask(platform))
        except DressageError as error:
            _warn(platform, str(error))
    return [
        replace(summary, has_leftover=True) if summary.run_id in left else summary for summary in summaries
    ]


def _warn(platform: str, reason: str) -> None:
    import logging

    message = "platform %r: %s; its runs are shown as last recorded"
    logging.getLogger("dressage").warning(message, platform, reason)
