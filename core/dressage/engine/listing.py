"""List runs with their current statuses. Each platform is asked in its own thread, so that none delays another."""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from dressage.engine.runs import list_leftovers
from dressage.errors import DressageError
from dressage.files.disk import describe
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import History
from dressage.records.index import RunIndex
from dressage.records.workspace import Workspace
from dressage.results.statuses import RunStatus, RunSummary, State

_LISTING_S = 10.0
"""How long a listing waits for the answers of a platform."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Which runs to list; see `Engine.runs`."""

    limit: int | None
    tags: Mapping[str, str]
    experiment: str | None
    state: State | None
    on: str | None

    def read(
        self,
        workspace: Workspace,
        find_platform: Callable[[str], PlatformProxy],
        ask: Callable[[str], RunStatus],
    ) -> list[RunSummary]:
        """Return the runs, newest first. ask: returns the status of a run id."""
        history: History | None = find_platform(self.on).optional(History) if self.on else None
        if history:
            found = history.list_runs(
                self.limit, experiment=self.experiment, state=self.state, tags=self.tags
            )
            return list(found)[: self.limit]
        is_filtered = self.experiment or self.state or self.on
        recorded = RunIndex(workspace).summaries(None if is_filtered else self.limit, self.tags)
        named = [run for run in recorded if self._has_names(run)]
        current = update_statuses(named if self.state else named[: self.limit], ask)
        chosen = [run for run in current if self.state in (None, run.status.state)][: self.limit]
        return mark_leftovers(chosen, lambda name: list_leftovers(find_platform(name)))

    def _has_names(self, run: RunSummary) -> bool:
        return self.experiment in (None, run.experiment) and self.on in (None, run.platform)


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
