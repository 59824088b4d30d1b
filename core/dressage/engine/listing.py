"""How the runs of a listing stand now: each platform is asked in a thread, and none holds up another."""

import threading
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace

from dressage.errors import DressageError
from dressage.results.statuses import RunStatus, RunSummary

_LISTING_S = 10.0
"""How long a listing waits for a platform to say how its runs stand."""


def look_at(summaries: Sequence[RunSummary], ask: Callable[[str], RunStatus]) -> list[RunSummary]:
    """The summaries as the runs stand now. ask: the status of a run, by its id.

    A platform that does not answer in time, or breaks, is named; its runs are as they were last recorded.
    """
    unended = [summary for summary in summaries if not summary.status.has_ended]
    current: dict[str, RunSummary] = {}
    threads = {
        name: threading.Thread(target=_ask_one, args=(name, unended, ask, current), daemon=True)
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


def _ask_one(
    platform: str,
    summaries: Sequence[RunSummary],
    ask: Callable[[str], RunStatus],
    current: dict[str, RunSummary],
) -> None:
    """A run that its platform cannot tell of hides none of the others."""
    errors = []
    for summary in summaries:
        if summary.platform == platform:
            try:
                current[summary.run_id] = replace(summary, status=ask(summary.run_id))
            except DressageError as error:
                errors.append(error)
    if errors:
        _warn(platform, str(errors[0]))


def _warn(platform: str, reason: str) -> None:
    import logging

    message = "platform %r: %s; its runs are shown as last recorded"
    logging.getLogger("dressage").warning(message, platform, reason)
