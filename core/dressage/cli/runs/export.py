"""dressage runs export"""

from typing import Annotated

import typer

from dressage.cli.options import RunId, open_engine


def export(
    run: RunId,
    mlflow: Annotated[
        str,
        typer.Option(
            "--mlflow",
            metavar="ADDRESS",
            help="MLflow server (https://HOST) or SQLite store (sqlite:///FILE) to copy the run to.",
        ),
    ],
) -> None:
    """Copy a run to an MLflow server or store: metrics, parameters, tags, files and logged models.

    If it was interrupted, the same command continues it. What was copied before is not copied twice.
    """
    from dressage.cli.display import say

    engine = open_engine()
    for note in engine.export(run, mlflow):
        say(f"warning: {note}")
    say(f"exported run {engine.get(run).id}")
