"""Summarise a run that has ended: closing lines, JSON and exit code."""

import shlex
from typing import Any

from dressage.cli.display import say
from dressage.cli.output import colour_text, duration_of, number_of
from dressage.cli.recordings import list_warnings
from dressage.cli.streams import results
from dressage.engine.runs import Run
from dressage.files.encoding import to_json
from dressage.results.statuses import RunStatus


def exit_code(status: RunStatus) -> int:
    """Return 0 if the run completed, else the script's exit code. Without one: 1 if canceled, 3 if failed."""
    if status.state == "Completed":
        return 0
    return status.exit_code or (1 if status.state == "Canceled" else 3)


def print_summary(run: Run, status: RunStatus) -> None:
    """Print the result of a run and the next commands to use."""
    colour = {"Completed": "green", "Canceled": "yellow"}.get(status.state, "red")
    time = duration_of(status)
    lines = [
        f"run {run.id}  {colour_text(status.state, colour, results())}" + (f" in {time}" if time else "")
    ]
    if status.reason:
        lines.append(f"  reason    {status.reason}")
    if hint := describe_leftover(run, status):
        lines.append(f"            {hint}")
    tracked, metric = run.tracked, run.request.model.primary_metric
    value = tracked.latest().get(metric.name) if metric else None
    if metric and value is not None:
        lines.append(f"  {metric.name.lower()}  {number_of(value)}")
    registered = [f"{model.name}:{model.version}"] if (model := run.model) else []
    lines += [f"  model     {version}" for version in [*registered, *tracked.registered]]
    lines += [f"  warning   {notice}" for notice in list_warnings(tracked)]
    results().write("\n".join(lines) + "\n")
    results().flush()
    say("next: " + "\n      ".join(_next_commands(run, status)))


def describe_leftover(run: Run, status: RunStatus) -> str | None:
    """Return how to end the script of an interrupted run, if it is still running; None if it is not, or not known."""
    if not status.interrupted or run.is_offline or not run.has_leftover:
        return None
    return f"its script is still running; end it with: dressage runs cancel {run.id}"


def as_result(run: Run, status: RunStatus) -> dict[str, Any]:
    """Return the result of a run for JSON output."""
    tracked, metric = run.tracked, run.request.model.primary_metric
    latest = tracked.latest()
    return {
        "run_id": run.id,
        "recipe": run.request.recipe,
        "platform": run.request.platform,
        **to_json(status),
        "metric": metric.name if metric else None,
        "value": latest.get(metric.name) if metric else None,
        "metrics": latest,
        "model": to_json(run.model),
        "registered": tracked.registered,
        "warnings": list(list_warnings(tracked)),
    }


def _next_commands(run: Run, status: RunStatus) -> list[str]:
    if status.state != "Completed":
        return [f"dressage runs logs {run.id}", f"dressage resume {run.id}"]
    commands = [f"dressage runs show {run.id}"]
    if model := run.model:
        reference = shlex.quote(f"{model.name}:{model.version}")
        commands += [f"dressage models show {reference}", f"dressage models download {reference} --to model"]
    else:
        commands.append(f"dressage runs files {run.id}")
    return commands
