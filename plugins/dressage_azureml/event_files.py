"""TensorBoard's event files of a run in Azure ML, which shows them but does not keep their values as metrics."""

import logging
from collections.abc import Container, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from dressage.results.metrics import Point
from dressage.supervision.event_files.finding import is_event_file
from dressage.supervision.event_files.recording import read_metrics
from dressage_azureml.azure import Azure


def download_metrics(azure: Azure, attempt: str, logged: Container[str]) -> Mapping[str, list[Point]]:
    """Return the metrics in the event files of an attempt that has ended.

    logged: names of metrics that the script logged to Azure ML, which are kept instead.
    """
    files = azure.call("model", "runs.files", run_id=attempt)
    paths = [path for path in files if is_event_file(path)]
    if not paths:
        return {}
    with TemporaryDirectory() as folder:
        azure.call("model", "runs.download", run_id=attempt, paths=paths, target=folder)
        metrics, problems = read_metrics(Path(folder), logged)
    for problem in problems:
        logging.getLogger("dressage").warning("run %s: event file %s", attempt, problem)
    return metrics
