"""Format what a run's script recorded, for `runs show` and the summary of a run."""

import json
from collections.abc import Iterator
from itertools import islice
from typing import Any

from dressage.cli.output import escape_text, iso_time, number_of, print_fields, print_table
from dressage.cli.streams import results
from dressage.results.metrics import Point, json_number
from dressage.results.tracking import Input, LoggedModel, RunData, Tracked

_VALUE_LENGTH = 60
"""Maximum length of the value of a parameter or tag in a table."""
_WARNING_LENGTH = 200
_MAX_INDENT = 8
_LEFT_OUT_SHOWN = 10
"""Number of files shown that a run does not keep."""
_METRICS_SHOWN = 3
"""Number of metrics shown for each of the script's MLflow runs."""


def as_fields(tracked: Tracked) -> dict[str, Any]:
    """Return everything that was recorded, for JSON output."""
    return {
        "mlflow_run": {
            "name": tracked.name,
            "status": tracked.status,
            "started": iso_time(tracked.started_ms),
            "ended": iso_time(tracked.ended_ms),
            "deleted": tracked.deleted,
        },
        **_data(tracked),
        "experiments": [
            {"experiment_id": key, "name": named.name, "deleted": named.deleted, "tags": named.tags}
            for key, named in tracked.experiments.items()
        ],
        "logged_models": [_model(model) for model in _models(tracked)],
        "registered": tracked.registered,
        "runs": [_run(tracked, run) for run in tracked.runs.values()],
        "traces": [{"trace_id": trace_id, "path": f"traces/{trace_id}"} for trace_id in tracked.traces],
        "refused": [
            {"request": request, "count": refused.count, "message": refused.message}
            for request, refused in tracked.refused.items()
        ],
        "left_out": [{"path": path, "problem": problem} for path, problem in tracked.left_out.items()],
        "damaged": [{"file": file, "message": message} for file, message in tracked.damaged.items()],
    }


def print_sections(tracked: Tracked, *, has_ended: bool) -> None:
    """Print sections with titles; empty sections are left out. has_ended: whether the run has ended."""
    hidden = (
        "mlflow.",
        "dressage.experiments",
    )  # `runs show` prints the experiments' names in a separate line
    tags = {name: value for name, value in tracked.tags.items() if not name.startswith(hidden)}
    for title, fields in (
        ("parameters", [(name, _cut(value, _VALUE_LENGTH)) for name, value in tracked.params.items()]),
        ("tags", [(name, _cut(value, _VALUE_LENGTH)) for name, value in tags.items()]),
        ("inputs", [(read.name, _context(read)) for read in tracked.inputs]),
        (
            "logged models",
            [
                *((model.name, _model_line(model)) for model in _models(tracked)),
                *_models_before_mlflow_3(tracked),
            ],
        ),
        ("registered", [("versions", ", ".join(tracked.registered))] if tracked.registered else []),
        ("traces", [("count", len(tracked.traces))] if tracked.traces else []),
    ):
        if fields:
            results().write(f"\n{title}\n")
            print_fields([(f"  {name}", value) for name, value in fields])
    if tracked.runs:
        results().write("\nMLflow runs\n")
        rows = [_row(tracked, run, has_ended) for run in tracked.runs.values()]
        print_table(("  RUN", "STATUS", "METRICS"), rows)


def list_warnings(tracked: Tracked) -> Iterator[str]:
    """Yield a warning for each part of the record that cannot be read, and for MLflow requests that failed."""
    if tracked.unreadable:
        yield f"cannot read {tracked.unreadable} event(s) of the run's journal"
    for file, problem in tracked.damaged.items():
        yield escape_text(f"cannot read all of {file}: {problem}; the metrics before that are recorded")
    for path, problem in islice(tracked.left_out.items(), _LEFT_OUT_SHOWN):
        yield escape_text(f"not kept: {path}, {problem}")
    if (more := len(tracked.left_out) - _LEFT_OUT_SHOWN) > 0:
        yield f"not kept: {more} more; for all, see: dressage runs show {tracked.run_id} -o json"
    for request, refused in tracked.refused.items():
        times = "" if refused.count == 1 else f" ({refused.count} times)"
        if refused.message:
            yield _cut(
                escape_text(f"MLflow request refused: {request}{times}: {refused.message}"), _WARNING_LENGTH
            )
        else:
            yield escape_text(f"MLflow request not supported by this platform: {request}{times}")


def mlflow_run(tracked: Tracked, known: tuple[str | None, ...]) -> str | None:
    """Return the run's MLflow name and status.

    The name is left out if it is one of the `known` names, the status unless it is FAILED or KILLED. None if both are
    left out.
    """
    name = tracked.name if tracked.name not in known else None
    status = tracked.status if tracked.status in ("FAILED", "KILLED") else None
    return "  ".join(filter(None, [name, status])) or None


def mlflow_experiments(tracked: Tracked) -> str | None:
    """Return the names of the experiments that the script used, except the run's own."""
    names = [named.name for key, named in tracked.experiments.items() if key != "0" and not named.deleted]
    return ", ".join(names) or None


def _models(tracked: Tracked) -> list[LoggedModel]:
    return [model for model in tracked.models.values() if not model.deleted]


def _data(run: RunData) -> dict[str, Any]:
    return {
        "params": run.params,
        "tags": run.tags,
        "history": {key: [_point(point) for point in points] for key, points in run.metrics.items()},
        "inputs": run.inputs,
        "outputs": [output._asdict() for output in run.outputs],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "value": json_number(point.value),
        "step": point.step,
        "timestamp": point.timestamp,
        "attempt": point.attempt,
    }


def _run(tracked: Tracked, run: RunData) -> dict[str, Any]:
    named = tracked.experiments.get(run.experiment_id)
    return {
        "run_id": run.run_id,
        "name": run.name,
        "parent_id": run.parent_id,
        "experiment": named.name if named else None,
        "status": run.status,
        "attempt": run.attempt,
        "started": iso_time(run.started_ms),
        "ended": iso_time(run.ended_ms),
        "deleted": run.deleted,
        **_data(run),
    }


def _model(model: LoggedModel) -> dict[str, Any]:
    names = ("model_id", "name", "model_type", "status", "source_run_id", "attempt", "params", "tags")
    return {name: getattr(model, name) for name in (*names, "metrics", "path", "registered")}


def _context(read: Input) -> str:
    context = read.tags.get("mlflow.data.context")
    return f"{read.digest}" + (f"  {context}" if context else "")


def _models_before_mlflow_3(tracked: Tracked) -> list[tuple[str, object]]:
    """Return models logged by clients before MLflow 3: artifacts of the run that are listed in a tag."""
    try:
        history = json.loads(tracked.tags.get("mlflow.log-model.history", "[]"))
        paths = [str(entry["artifact_path"]) for entry in history]
    except (ValueError, TypeError, KeyError):
        return []
    known = {model.name for model in tracked.models.values()}
    return [(path, path) for path in dict.fromkeys(paths) if path not in known]


def _model_line(model: LoggedModel) -> str:
    parts = [model.path, *model.registered] + ([model.status] if model.status != "READY" else [])
    return "  ".join([*parts, *_attempt(model.attempt)])


def _row(tracked: Tracked, run: RunData, has_ended: bool) -> tuple[str, str, str]:
    """Return the table row of an MLflow run. A run that the script did not end is shown as interrupted."""
    status = "interrupted" if has_ended and run.status == "RUNNING" else run.status
    words = [status, *(["deleted"] if run.deleted else []), *_attempt(run.attempt)]
    metrics = [f"{name} {number_of(value)}" for name, value in run.latest().items()]
    more = [f"and {len(metrics) - _METRICS_SHOWN} more"] if len(metrics) > _METRICS_SHOWN else []
    return f"  {_label(tracked, run)}", ", ".join(words), "  ".join([*metrics[:_METRICS_SHOWN], *more])


def _attempt(attempt: int) -> list[str]:
    return [f"attempt {attempt}"] if attempt > 1 else []


def _label(tracked: Tracked, run: RunData) -> str:
    """Return the run's name, indented by its depth below other MLflow runs of the script."""
    depth, above, seen = 0, run, {run.run_id}
    while (parent := tracked.runs.get(above.parent_id or "")) and parent.run_id not in seen:
        depth, above = depth + 1, parent
        seen.add(parent.run_id)
    return "  " * min(depth, _MAX_INDENT) + _cut(run.name or run.run_id, _VALUE_LENGTH)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
