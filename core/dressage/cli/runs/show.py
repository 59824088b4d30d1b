"""dressage runs show"""

import sys
from typing import TYPE_CHECKING

from dressage.cli.options import As, RunId, engine

if TYPE_CHECKING:
    from dressage.runs import Run


def show(run: RunId, output: As = "table") -> None:
    """Show one run: stages, metrics, files, model."""
    from dressage.cli.outcome import as_result
    from dressage.cli.output import print_json

    found = engine().get(run)
    if output == "json":
        tracked = found.tracked
        return print_json(
            as_result(found, found.status)
            | {"job": found.job, "params": tracked.params, "tags": tracked.tags}
            | {
                "history": {key: list(points) for key, points in tracked.metrics.items()},
                "files": found.files,
            }
        )
    return _show(found)


def _show(run: "Run") -> None:
    from dressage.cli.charts import chart
    from dressage.cli.output import duration_of, print_fields, size_of

    job, status, tracked = run.job, run.status, run.tracked
    print_fields(
        (
            ("run", run.id),
            ("name", job.name),
            ("state", status.state),
            ("reason", status.reason),
            ("exit code", status.exit_code),
            ("took", duration_of(status.started, status.ended) or None),
            ("recipe", f"{job.recipe} on {job.platform}"),
            ("experiment", job.experiment),
            ("dataset", run.stage("dataset")),
            ("compute", run.stage("compute")),
            ("environment", run.stage("environment")),
            ("snapshot", job.snapshot.digest[:12]),
            ("model", run.stage("model")),
            ("folder", run.folder),
        )
    )
    for title, values in (("parameters", tracked.params), ("tags", tracked.tags)):
        shown = [(name, value) for name, value in values.items() if not name.startswith("mlflow.")]
        if shown:
            sys.stdout.write(f"\n{title}\n")
            print_fields([(f"  {name}", value) for name, value in shown])
    if tracked.metrics:
        sys.stdout.write("\nmetrics\n")
    for name, points in tracked.metrics.items():
        sys.stdout.write("".join(f"  {line}\n" for line in chart(name, [point.value for point in points])))
    if files := run.files:
        sys.stdout.write("\nfiles\n")
        print_fields([(f"  {file.path}", size_of(file.size)) for file in files])
