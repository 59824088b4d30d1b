"""What a run's script recorded, as `runs show` and the end of a run show it."""

from collections.abc import Iterator
from typing import Any

from dressage.cli.output import moment_of, number_of
from dressage.results.tracking import Input, LoggedModel, RunData, Tracked

Fields = list[tuple[str, object]]


def recorded(tracked: Tracked) -> dict[str, Any]:
    """For programs: all of it."""
    return {
        **_data(tracked),
        "logged_models": [_model(model) for model in tracked.models.values() if not model.deleted],
        "registered": tracked.registered,
        "runs": [_run(tracked, run) for run in tracked.runs.values()],
        "traces": [{"trace_id": trace_id, "path": f"traces/{trace_id}"} for trace_id in tracked.traces],
        "refused": [
            {"request": request, "count": refused.count, "message": refused.message}
            for request, refused in tracked.refused.items()
        ],
    }


def sections(tracked: Tracked) -> Iterator[tuple[str, Fields]]:
    """For people: titles and lines; what there is none of is left out."""
    tags = {name: value for name, value in tracked.tags.items() if not name.startswith("mlflow.")}
    models = [model for model in tracked.models.values() if not model.deleted]
    every: list[tuple[str, Fields]] = [
        ("parameters", list(tracked.params.items())),
        ("tags", list(tags.items())),
        ("inputs", [(read.name, _context(read)) for read in tracked.inputs]),
        ("logged models", [(model.name, _model_line(model)) for model in models]),
        ("runs of the script", [(_label(tracked, run), _run_line(run)) for run in tracked.runs.values()]),
        ("traces", [("count", len(tracked.traces))] if tracked.traces else []),
    ]
    return ((title, fields) for title, fields in every if fields)


def notices(tracked: Tracked) -> Iterator[str]:
    """What was asked of MLflow and is not kept."""
    for request, refused in tracked.refused.items():
        times = "" if refused.count == 1 else f" ({refused.count} times)"
        if refused.message:
            yield f"MLflow was sent something that was refused: {request}{times}: {refused.message}"
        else:
            yield f"the script asked MLflow for something this platform does not keep: {request}{times}"


def _data(run: RunData) -> dict[str, Any]:
    return {
        "params": run.params,
        "tags": run.tags,
        "history": {key: list(points) for key, points in run.metrics.items()},
        "inputs": run.inputs,
        "outputs": [output._asdict() for output in run.outputs],
    }


def _run(tracked: Tracked, run: RunData) -> dict[str, Any]:
    named = tracked.experiments.get(run.experiment_id)
    return {
        "run_id": run.run_id,
        "name": run.name,
        "parent_id": run.parent_id,
        "experiment": named.name if named else None,
        "status": run.status,
        "started": moment_of(run.started_ms),
        "ended": moment_of(run.ended_ms),
        "deleted": run.deleted,
        **_data(run),
    }


def _model(model: LoggedModel) -> dict[str, Any]:
    names = (
        "model_id",
        "name",
        "model_type",
        "status",
        "source_run_id",
        "params",
        "tags",
        "metrics",
        "path",
        "registered",
    )
    return {name: getattr(model, name) for name in names}


def _context(read: Input) -> str:
    context = read.tags.get("mlflow.data.context")
    return f"{read.digest}" + (f"  {context}" if context else "")


def _model_line(model: LoggedModel) -> str:
    parts = [model.path, *model.registered] + ([model.status] if model.status != "READY" else [])
    return "  ".join(parts)


def _label(tracked: Tracked, run: RunData) -> str:
    """Its name, indented below those that it was opened below; not below the run itself, where all are."""
    depth, above, seen = 0, run, {run.run_id}
    while (parent := tracked.runs.get(above.parent_id or "")) and parent.run_id not in seen:
        depth, above = depth + 1, parent
        seen.add(parent.run_id)
    return "  " * depth + (run.name or run.run_id)


def _run_line(run: RunData) -> str:
    state = f"{run.status}{', deleted' if run.deleted else ''}"
    metrics = [f"{name} {number_of(value)}" for name, value in run.latest().items()]
    params = [f"{name}={value}" for name, value in run.params.items()]
    return "  ".join([state, *metrics[:4], *params[:4]])
