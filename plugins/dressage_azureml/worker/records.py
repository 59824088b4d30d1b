"""What a run recorded with the MLflow client, read through the workspace's tracking endpoint."""

import functools
import json
import threading

from failures import patiently
from workspaces import opened

_guard = threading.Lock()


def tracked(tell, *, workspace, run_id):
    """Every value of each metric, in the order of its steps; parameters; tags."""
    client = _client(json.dumps(workspace))
    data = patiently(lambda: client.get_run(run_id)).data
    metrics = {key: patiently(lambda key=key: client.get_metric_history(run_id, key)) for key in data.metrics}
    return {
        "metrics": {
            key: [[point.value, point.step, point.timestamp] for point in points]
            for key, points in metrics.items()
        },
        "params": dict(data.params),
        "tags": {
            key: value
            for key, value in data.tags.items()
            if not key.startswith(("mlflow.", "azureml.", "dressage.", "_aml_system_"))
        },
    }


def client_type():
    """MLflow's client; imported by one thread at a time, or its modules would meet half made."""
    with _guard:
        from mlflow.tracking import MlflowClient

        return MlflowClient


@functools.cache
def _client(reference):
    return client_type()(tracking_uri=opened(json.loads(reference)).get_mlflow_tracking_uri())
