"""Showing what an engine does while it does it."""

import sys
import time
from typing import TYPE_CHECKING, Any

import msgspec

from dressage.cli.output import coloured, is_terminal, size_of
from dressage.encoding import to_json
from dressage.events import (
    Event,
    LogWritten,
    PlanMade,
    RunCreated,
    RunEnded,
    RunFound,
    StageFinished,
    StageProgress,
    StageStarted,
    StateChanged,
)
from dressage.plans import Plan, StagePlan

if TYPE_CHECKING:
    from rich.progress import Progress

_BAR_AFTER_S = 1.0
_LINE_EVERY_S = 10.0
_COLOURS = {"reuse": "green", "none": "dim"}


class Person:
    """Tells a person: itself on stderr, the script's own output on stdout, byte for byte."""

    def __init__(self, *, script_output: bool = True) -> None:
        self._script_output = script_output
        self._bar: Progress | None = None
        self._begun = self._told = 0.0

    def __call__(self, event: Event) -> None:
        match event:
            case PlanMade():
                say(plan_lines(event.plan))
            case RunCreated():
                say(f"run {event.run_id}")
            case RunFound(reason="reused"):
                say(f"run {event.run_id} did this already; train anew with --again")
            case RunFound():
                say(f"run {event.run_id} goes on: {event.reason}")
            case StageStarted():
                self._begun = self._told = time.monotonic()
            case StageProgress():
                self._progress(event)
            case StageFinished():
                self.close()
                say(f"  {event.stage:<12} {event.result}  ({event.seconds:.1f} s)")
            case StateChanged():
                say(f"  {event.state}")
            case LogWritten() if self._script_output:
                sys.stdout.buffer.write(event.data)
                sys.stdout.buffer.flush()
            case RunEnded():
                self.close()

    def _progress(self, event: StageProgress) -> None:
        """A bar for what takes longer than a second; off a terminal a line now and then."""
        now = time.monotonic()
        if is_terminal(sys.stderr):
            if self._bar is None and now - self._begun > _BAR_AFTER_S:
                self._bar = _bar(event)
            if self._bar:
                self._bar.update(
                    self._bar.task_ids[0], description=event.what, completed=event.done, total=event.total
                )
        elif now - self._told > _LINE_EVERY_S:
            self._told = now
            say(f"  {event.stage:<12} {event.what} {_amount(event)}".rstrip())

    def close(self) -> None:
        """Take the bar away, if there is one."""
        if self._bar:
            self._bar.stop()
            self._bar = None


class Program:
    """Tells a program: one JSON object a line on stdout, of every event."""

    def __call__(self, event: Event) -> None:
        fields: dict[str, Any] = {"event": type(event).__name__}
        if isinstance(event, LogWritten):
            fields |= {"run_id": event.run_id, "offset": event.offset}
            fields["text"] = event.data.decode("utf-8", errors="replace")
        else:
            fields |= to_json(event)
        sys.stdout.write(msgspec.json.encode(fields).decode() + "\n")
        sys.stdout.flush()


def say(text: str) -> None:
    """A line of our own, beside the script's output."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def plan_lines(plan: Plan, stream: Any = None) -> str:
    stream = stream or sys.stderr
    lines = [f"plan: {plan.recipe} on {plan.platform}"]
    for stage in plan.stages:
        lines += _stage_lines(stage, stream)
    return "\n".join(lines)


def _stage_lines(stage: StagePlan, stream: Any) -> list[str]:
    name = stage.name if stage.version is None else f"{stage.name}:{stage.version}"
    action = coloured(f"{stage.action:<7}", _COLOURS.get(stage.action, "yellow"), stream)
    size = f"{size_of(stage.size)}; " if stage.size else ""
    first, *more = stage.reasons or ("",)
    lines = [f"  {stage.stage:<12} {action} {name:<24} {size}{first}".rstrip()]
    lines += [f"{'':<47}{reason}" for reason in more]
    return lines + [f"{'':<47}by plugin {change}" for change in stage.changed_by]


def _bar(event: StageProgress) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    amount = [DownloadColumn()] if event.stage == "dataset" else []
    bar = Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        *amount,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task(event.what, total=event.total)
    bar.start()
    return bar


def _amount(event: StageProgress) -> str:
    if event.stage == "dataset":
        return f"{size_of(event.done)} of {size_of(event.total) or 'unknown'}"
    return f"{event.done} of {event.total}" if event.total else ""
