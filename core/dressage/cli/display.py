"""Display the events of an engine: as text for people, or as JSON lines for programs."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any

from dressage.cli.output import (
    as_json,
    colour_text,
    escape_text,
    format_state,
    is_terminal,
    size_of,
    wrap_text,
)
from dressage.cli.progress import StageDisplay
from dressage.cli.streams import results
from dressage.files.encoding import to_json
from dressage.results.events import (
    STARTED_ELSEWHERE,
    Event,
    LogWritten,
    PlanMade,
    RunCreated,
    RunEnded,
    RunFound,
    RunJudged,
    StageFinished,
    StageOutput,
    StageProgress,
    StageStarted,
    StateChanged,
)
from dressage.results.plans import LeftOut, Plan, StagePlan

_REASONS_AT = 48
_COLOURS = {"reuse": "green", "follow": "green", "none": "dim"}


class TextDisplay:
    """Displays events as text on stderr, and the script's output on stdout, byte for byte."""

    def __init__(self, *, script_output: bool = True) -> None:
        self._script_output = script_output
        self._is_mid_line = False
        self._display = StageDisplay()

    def __call__(self, event: Event) -> None:
        match event:
            case PlanMade():
                say(plan_lines(event.plan))
            case RunCreated():
                say("\n".join(_created_lines(event)))
            case RunFound():
                say("\n".join(_found_lines(event)))
            case RunJudged():
                say("\n".join(_judged_lines(event)))
            case StageStarted():
                self._display.begin(event)
            case StageProgress():
                self._display.update(event)
            case StageOutput():
                self._display.write(event.text)
            case StageFinished():
                self._display.end()
                self._say(f"  {event.stage:<12} {event.result}  ({event.seconds:.1f} s)")
            case StateChanged():
                self._say(f"  {format_state(event.state, event.reason)}")
            case LogWritten() if self._script_output:
                results().buffer.write(event.data)
                results().buffer.flush()
                self._is_mid_line = not event.data.endswith(b"\n")
            case RunEnded():
                self._end_line()

    def _say(self, text: str) -> None:
        if is_terminal(results()):
            self._end_line()
        say(text)

    def _end_line(self) -> None:
        """End the line if the script's output did not end with a line break."""
        if self._is_mid_line:
            results().write("\n")
            results().flush()
            self._is_mid_line = False

    def close(self) -> None:
        """Remove the progress bar and restore the terminal, also after an error."""
        self._display.end()


class JsonLinesDisplay:
    """Displays each event as one line of JSON on stdout."""

    def __call__(self, event: Event) -> None:
        fields: dict[str, Any] = {"event": type(event).__name__}
        if isinstance(event, LogWritten):
            fields |= {"run_id": event.run_id, "offset": event.offset}
            fields["text"] = event.data.decode("utf-8", errors="replace")
        else:
            fields |= to_json(event)
        results().buffer.write(as_json(fields) + b"\n")
        results().buffer.flush()

    def close(self) -> None:
        """Do nothing: each line is written at once."""


def say(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def _created_lines(event: RunCreated) -> Iterator[str]:
    yield f"run {event.run_id}"
    yield from (f"  source file {escape_text(change)}" for change in event.changes)


def _found_lines(event: RunFound) -> Iterator[str]:
    if event.reason != "reused":
        verb = "following" if event.reason == STARTED_ELSEWHERE else "resuming"
        yield f"{verb} run {event.run_id}: {event.reason}"
    else:
        yield f"reusing run {event.run_id} (same inputs); --again starts a new run"
    if event.ignored:
        yield f"  ignored options of this command: {event.ignored}"


def _judged_lines(event: RunJudged) -> Iterator[str]:
    yield f"  {'policies':<12} {', '.join(event.policies) or 'none'} (judged again)"
    yield from (f"{'':<15}changed by policy {escape_text(line)}" for line in event.changed_by)
    yield from _disabled_lines(event.disabled_policies)


def _disabled_lines(policies: Mapping[str, str]) -> Iterator[str]:
    """Yield a line per disabled policy. policies: the file or variable that disables each, by name."""
    yield from (f"  {'disabled':<12} policy {name}, by {origin}" for name, origin in policies.items())


def plan_lines(plan: Plan, stream: Any = None) -> str:
    stream = stream or sys.stderr
    lines = [f"plan: {plan.recipe} on {plan.platform}"]
    for stage in plan.stages:
        lines += _stage_lines(stage, stream)
    lines += [f"  left out: {left_out_line(one)}" for one in plan.left_out]
    if plan.tags:
        tags = ", ".join(f"{name}={value}" for name, value in plan.tags.items())
        lines.append(f"  {'tags':<12} {escape_text(tags)}")
    lines += [
        f"{'':<{_REASONS_AT}}changed by policy {escape_text(change)}" for change in plan.tags_changed_by
    ]
    if plan.policies:
        order = " (in this order)" if len(plan.policies) > 1 else ""
        lines.append(f"  {'policies':<12} {', '.join(plan.policies)}{order}")
    lines += _disabled_lines(plan.disabled_policies)
    return "\n".join(lines)


def left_out_line(left: LeftOut) -> str:
    """Return "data/train.bin, 12 files, 1.2 GB, by .gitignore"."""
    if left.size is None:
        more = f" and {left.files - 1} more" if left.files > 1 else ""
        return f"{escape_text(left.path)}{more}, {left.reason}"
    files = f"{left.files:,} file{'s' if left.files > 1 else ''}"
    count = f"{files}, {size_of(left.size)}"
    if not left.is_complete:
        count = f"more than {files}, more than {size_of(left.size)}"
    return f"{escape_text(left.path)}, {count}, {left.reason}"


def _stage_lines(stage: StagePlan, stream: Any) -> list[str]:
    name = stage.name if stage.version is None else f"{stage.name}:{stage.version}"
    action = colour_text(f"{stage.action:<7}", _COLOURS.get(stage.action, "yellow"), stream)
    size = f"{size_of(stage.size)}; " if stage.size else ""
    first, *more = stage.reasons or ("",)
    reasons = [f"{size}{first}", *more, *(f"changed by policy {change}" for change in stage.changed_by)]
    lines = [line for reason in reasons for line in wrap_text(reason, _REASONS_AT, stream)]
    return [
        f"  {stage.stage:<12} {action} {name:<24} {lines[0]}".rstrip(),
        *(f"{'':<{_REASONS_AT}}{line}" for line in lines[1:]),
    ]
