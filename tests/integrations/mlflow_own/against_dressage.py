"""A pytest plugin for MLflow's own tests: it starts dressage's endpoint instead of MLflow's server.

Runs in an interpreter with mlflow; DRESSAGE_PYTHON names an interpreter with dressage.
"""

import contextlib
import os
import subprocess
import tempfile
from pathlib import Path

import requests
from mlflow.utils import workspace_context

import tests.tracking.integration_test_utils as utilities

SERVE = Path(__file__).with_name("serve.py")
os.environ["MLFLOW_TRACKING_TOKEN"] = "secret"
if not hasattr(workspace_context, "clear_workspace"):  # the suite and its client have different versions
    workspace_context.clear_workspace = lambda: None

request = requests.Session.request


def request_with_token(self, method, url, **arguments):
    """Add the token: the suite sends some requests without the client's credentials."""
    arguments["headers"] = {"Authorization": "Bearer secret", **(arguments.get("headers") or {})}
    return request(self, method, url, **arguments)


@contextlib.contextmanager
def start_endpoint(*_):
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with (
        tempfile.TemporaryDirectory() as workspace,
        subprocess.Popen(
            [os.environ["DRESSAGE_PYTHON"], SERVE, workspace],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=inherited,
        ) as server,
    ):
        yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        server.stdin.close()


requests.Session.request = request_with_token
utilities.ServerThread = start_endpoint


def pytest_collection_modifyitems(items):
    """Run only the variants for a SQL store: the others differ in the server's backend."""
    items[:] = [item for item in items if "file" not in _parameters(item)]


def _parameters(item):
    return item.callspec.params.values() if hasattr(item, "callspec") else ()
