"""A tracking endpoint on loopback, and real MLflow clients in processes of their own."""

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from dressage.records.journal import Journal
from dressage.records.run_folder import RunFolder
from dressage.results.tracking import Tracked
from dressage.supervision.tracking import RunIdentity, TrackingEndpoint

API = "/api/2.0/mlflow/"


def ask(
    endpoint: "Served", method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
) -> tuple[int, dict[str, Any]]:
    connection = http.client.HTTPConnection("127.0.0.1", endpoint.port, timeout=30)
    sent = {"Authorization": "Bearer secret", **(headers or {})}
    connection.request(method, path, body if isinstance(body, str) else json.dumps(body), sent)
    response = connection.getresponse()
    answer = json.loads(response.read())
    connection.close()
    return response.status, answer


class Served(NamedTuple):
    """A served endpoint. artifacts: the folder of what the run logs."""

    port: int
    journal: Journal
    artifacts: Path
    token: str
    workspace: Path

    @property
    def tracked(self) -> Tracked:
        tracked = Tracked()
        for event in self.journal.events():
            tracked.apply(event)
        return tracked

    @property
    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "MLFLOW_TRACKING_URI": f"http://127.0.0.1:{self.port}",
            "MLFLOW_TRACKING_TOKEN": self.token,
            "MLFLOW_EXPERIMENT_NAME": "exp",
            "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }

    def client(self, script: str, **variables: str) -> Any:
        """Run a script that may print one JSON value last, and answer with that value."""
        told = subprocess.run(
            [sys.executable, "-c", script],
            env=self.environ | variables,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout.splitlines()[-1]) if told.stdout.strip() else None


def serve(folder: Path, attempt: int = 1) -> tuple[Served, TrackingEndpoint]:
    listener = socket.create_server(("127.0.0.1", 0))
    workspace = folder / ".dressage"
    run_folder = workspace / "runs" / "run-1"
    artifacts = run_folder / "artifacts"
    artifacts.mkdir(parents=True, exist_ok=True)
    journal = RunFolder(run_folder).journal
    run = RunIdentity("run-1", "exp", "first", 1, artifacts, attempt, workspace)
    endpoint = TrackingEndpoint(listener, journal=journal, run=run, token="secret")
    endpoint.start()
    return Served(listener.getsockname()[1], journal, artifacts, "secret", workspace), endpoint


class Recording(NamedTuple):
    """What a script recorded, and what it printed last."""

    served: Served
    seen: Any


def record_script(folder: Path, script: str) -> Iterator[Recording]:
    """Runs a script in a folder, against an endpoint of its own."""
    served, running = serve(folder)
    yield Recording(served, served.client(f"import os; os.chdir({str(folder)!r})\n" + script))
    running.close()


@pytest.fixture
def endpoint(tmp_path: Path) -> Iterator[Served]:
    served, running = serve(tmp_path)
    yield served
    running.close()


@pytest.fixture
def endpoint_of(tmp_path: Path) -> Iterator[Callable[[int], Served]]:
    """The endpoint of a later attempt at the same run."""
    running: list[TrackingEndpoint] = []

    def begin(attempt: int) -> Served:
        served, endpoint = serve(tmp_path, attempt)
        running.append(endpoint)
        return served

    yield begin
    for endpoint in running:
        endpoint.close()
