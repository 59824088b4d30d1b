"""A pytest plugin for MLflow's own test-suite: where it would start a server of MLflow's, it starts our endpoint.

Runs in the interpreter that has mlflow; DRESSAGE_PYTHON names the one that has dressage.
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
if not hasattr(workspace_context, "clear_workspace"):  # a suite that is newer or older than its client
    workspace_context.clear_workspace = lambda: None

ask = requests.Session.request


def ask_with_token(self, method, url, **arguments):
    """The suite sends some requests by hand, without the client's credentials."""
    arguments["headers"] = {"Authorization": "Bearer secret", **(arguments.get("headers") or {})}
    return ask(self, method, url, **arguments)


@contextlib.contextmanager
def serving(*_):
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


requests.Session.request = ask_with_token
utilities.ServerThread = serving


def pytest_collection_modifyitems(items):
    """Only the variants for a SQL store: the others differ in what is behind the server."""
    items[:] = [item for item in items if "file" not in _parameters(item)]


def _parameters(item):
    return item.callspec.params.values() if hasattr(item, "callspec") else ()
