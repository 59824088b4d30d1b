"""dressage runs show"""

import shlex
from typing import TYPE_CHECKING

from dressage.cli.options import As, RunId, engine
from dressage.cli.streams import results

if TYPE_CHECKING:
    from dressage.engine.runs import Run
    from dressage.records.jobs import Job


def show(run: RunId, output: As = "table") -> None:
    """Show one run: stages, metrics, files, model."""
    from dressage.cli.output import print_json
    from dressage.cli.recordings import as_fields
    from dressage.cli.summaries import as_result

    found = engine().get(run)
    if output == "json":
        return print_json(
            as_result(found, found.status)
            | {"job": found.job, **as_fields(found.tracked)}
            | {"files": found.files}
        )
    return _show(found)


def _show(run: "Run") -> None:
    from dressage.cli.charts import chart
    from dressage.cli.output import digest_shown, number_of, print_fields, size_of, time_of, took
    from dressage.cli.recordings import mlflow_experiments, mlflow_run, print_sections, warnings

    job, status, tracked = run.job, run.status, run.tracked
    print_fields(
        (
            ("run", run.id),
            ("name", job.name),
            ("state", status.state),
            ("reason", status.reason),
            ("exit code", status.exit_code),
            ("created", time_of(run.created)),
            ("started", time_of(status.started) or None),
            ("ended", time_of(status.ended) or None),
            ("took", took(status) or None),
            ("recipe", f"{job.recipe} on {job.platform}"),
            ("script", job.model.script),
            ("arguments", shlex.join(map(str, job.model.arguments)) or None),
            ("settings", _given(job)),
            ("experiment", job.experiment),
            ("mlflow run", mlflow_run(tracked, (run.id, job.name))),
            ("description", tracked.tags.get("mlflow.note.content")),
            ("mlflow experiments", mlflow_experiments(tracked)),
            ("dataset", run.stage("dataset")),
            ("compute", run.stage("compute")),
            ("environment", run.stage("environment")),
            ("snapshot", digest_shown(job.snapshot.digest)),
            ("model", run.stage("model")),
            ((job.model.metric or "").lower(), None if run.metric is None else number_of(run.metric)),
            ("folder", run.folder),
        )
    )
    print_sections(tracked, has_ended=status.has_ended)
    if tracked.metrics:
        results().write("\nmetrics\n")
    latest = tracked.latest()
    for name, points in tracked.metrics.items():
        results().write("".join(f"  {line}\n" for line in chart(name, points, latest[name])))
    for warning in warnings(tracked):
        results().write(f"\nwarning: {warning}\n")
    if files := run.files:
        results().write("\nfiles\n")
        print_fields([(f"  {file.path}", size_of(file.size)) for file in files])


def _given(job: "Job") -> str | None:
    """The settings that are not at the recipe's defaults; all of them, if the recipe is gone."""
    from dressage.errors import DressageError

    try:
        defaults = {item.name: item.default for item in engine().settings(job.recipe)}
    except DressageError:
        defaults = {}
    given = [name for name, value in job.settings.items() if name not in defaults or defaults[name] != value]
    return shlex.join(f"{name}={job.settings[name]}" for name in given) or None
