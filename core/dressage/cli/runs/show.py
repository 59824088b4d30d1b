"""dressage runs show"""

import shlex
from typing import TYPE_CHECKING, Any

from dressage.cli.options import OnElsewhere, Output, RunId, open_engine
from dressage.cli.streams import results
from dressage.errors import DressageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dressage.engine.runs import Run
    from dressage.records.requests import RunRequest
    from dressage.results.versions import File

_LOST_ENVIRONMENT = "it has the variables of another shell, because its own were lost in the queue"
_SHOWN_FILES = 50
"""How many files of a run are shown; `dressage runs files` lists all."""


def show(run: RunId, on: OnElsewhere = None, output: Output = "table") -> None:
    """Show one run: stages, metrics, files and model.

    If the platform cannot be reached, the recorded data is shown, then the error.
    """
    found = open_engine().get(run, on=on)
    print_run = _print_json if output == "json" else _print_sections
    try:
        print_run(found, found.files)
    except DressageError:
        found.is_offline = True
        print_run(found, None)
        raise


def _print_json(run: "Run", files: "Sequence[File] | None") -> None:
    from dressage.cli.output import print_json
    from dressage.cli.recordings import as_fields
    from dressage.cli.summaries import as_result
    from dressage.files.encoding import to_json
    from dressage.specs.credentials import hide_in_values

    fields = as_result(run, run.status) | {
        "request": hide_in_values(to_json(run.request)),
        "judgement": run.judgement,
        **as_fields(run.tracked),
    }
    print_json(fields | {"files": files})


def _print_sections(run: "Run", files: "Sequence[File] | None") -> None:
    from dressage.cli.charts import draw_chart
    from dressage.cli.output import (
        duration_of,
        number_of,
        print_fields,
        shorten_digest,
        size_of,
        state_of,
        time_of,
    )
    from dressage.cli.recordings import list_warnings, mlflow_experiments, mlflow_run, print_sections
    from dressage.cli.summaries import describe_leftover
    from dressage.delivery.standings import list_given_up
    from dressage.specs.credentials import hide_credentials

    request, status, tracked = run.request, run.status, run.tracked
    metric = request.model.primary_metric
    print_fields(
        (
            ("run", run.id),
            ("name", request.name),
            ("state", state_of(status)),
            ("reason", status.reason),
            ("", describe_leftover(run, status)),
            ("exit code", status.exit_code),
            ("created", time_of(run.created)),
            ("started", time_of(status.started) or None),
            ("ended", time_of(status.ended) or None),
            ("duration", duration_of(status) or None),
            ("note", _LOST_ENVIRONMENT if run.lost_environment else None),
            ("recipe", f"{request.recipe} on {request.platform}"),
            ("script", request.script.label),
            ("arguments", hide_credentials(shlex.join(map(str, request.script.arguments))) or None),
            ("settings", _format_settings(request)),
            ("experiment", request.experiment),
            ("priority", request.priority or None),
            ("retries", request.retries or None),
            ("time limit", _format_limit(request.compute.time_limit_s)),
            ("tags", shlex.join(f"{name}={value}" for name, value in request.tags.items()) or None),
            ("policies", _policies(run)),
            *_policy_changes(run),
            ("mlflow run", mlflow_run(tracked, (run.id, request.name))),
            ("description", tracked.tags.get("mlflow.note.content")),
            ("mlflow experiments", mlflow_experiments(tracked)),
            ("dataset", run.stage("dataset")),
            ("compute", run.stage("compute") or _compute(request)),
            ("environment", run.stage("environment")),
            ("snapshot", shorten_digest(request.snapshot.digest) if request.snapshot.files else None),
            ("model", run.stage("model")),
            (metric.name.lower() if metric else "", None if run.metric is None else number_of(run.metric)),
            ("folder", run.path),
        )
    )
    print_sections(tracked, has_ended=status.has_ended)
    if tracked.metrics:
        results().write("\nmetrics\n")
    latest = tracked.latest()
    for name, points in tracked.metrics.items():
        results().write("".join(f"  {line}\n" for line in draw_chart(name, points, latest[name])))
    for warning in (*list_warnings(tracked), *list_given_up(run.folder)):
        results().write(f"\nwarning: {warning}\n")
    if files:
        results().write("\nfiles\n")
        print_fields([(f"  {file.path}", size_of(file.size)) for file in files[:_SHOWN_FILES]])
        if len(files) > _SHOWN_FILES:
            results().write(f"  and {len(files) - _SHOWN_FILES} more: dressage runs files {run.id}\n")


def _format_limit(seconds: float | None) -> str | None:
    return None if seconds is None else f"{seconds:g} s"


def _compute(request: "RunRequest") -> str | None:
    """Return the target of a run that dressage did not start: its record has no stages."""
    from dressage.records.adoption import UNKNOWN_RECIPE

    return request.compute.name if request.recipe == UNKNOWN_RECIPE else None


def _policy_changes(run: "Run") -> "Iterator[tuple[str, str]]":
    """Yield what the policies changed, one line per change."""
    for changes in run.judgement.changes.values():
        for policy, line in changes:
            yield "", f"changed by policy {policy}: {line}"


def _policies(run: "Run") -> str | None:
    """Format the policies that judged the run, in their order, and those that were disabled."""
    judgement = run.judgement
    names = [f"{name} ({source})" if source else name for name, source in judgement.policies.items()]
    disabled = [f"{name} (disabled by {by})" for name, by in judgement.disabled.items()]
    return ", ".join([*names, *disabled]) or None


def _format_settings(request: "RunRequest") -> str | None:
    """Format the settings that differ from the defaults; all settings if the recipe cannot be loaded."""
    try:
        defaults = {item.name: _format_value(item.default) for item in open_engine().settings(request.recipe)}
    except DressageError:
        defaults = {}
    values = {name: _format_value(value) for name, value in request.settings.items()}
    given = [f"{name}={value}" for name, value in values.items() if defaults.get(name) != value]
    return shlex.join(given) or None


def _format_value(value: Any) -> str:
    """Format a value as `--set` takes it."""
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
