"""Read what a run recorded with the MLflow client, from the workspace's tracking endpoint."""

import functools
import json
import threading

from failures import retry
from workspaces import open_workspace

_guard = threading.Lock()


def read_recorded(progress, *, workspace, run_id):
    """Return all values of each metric in the order of steps, the parameters, the tags, and whether the run ended."""
    client = client_of(workspace)
    run = retry(lambda: client.get_run(run_id))
    data = run.data
    metrics = {key: retry(lambda key=key: client.get_metric_history(run_id, key)) for key in data.metrics}
    return {
        "metrics": {
            key: [[point.value, point.step, point.timestamp] for point in points]
            for key, points in metrics.items()
        },
        "ended": run.info.status in ("FINISHED", "FAILED", "KILLED"),
        "params": dict(data.params),
        "tags": {
            key: value
            for key, value in data.tags.items()
            if not key.startswith(("mlflow.", "azureml.", "dressage.", "_aml_system_"))
        },
    }


def client_type():
    """Import and return MLflow's client class. One thread at a time: else another sees partly imported modules."""
    with _guard:
        from mlflow.tracking import MlflowClient

        return MlflowClient


def client_of(workspace):
    """Return MLflow's client for the workspace's tracking endpoint, from a cache."""
    return _client(json.dumps(workspace, sort_keys=True))


@functools.cache
def _client(reference):
    return client_type()(tracking_uri=open_workspace(json.loads(reference)).get_mlflow_tracking_uri())
