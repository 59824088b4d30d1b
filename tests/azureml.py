"""Run the loopback service, which stands in for Azure ML, in a separate process."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from dressage.workers.environment import interpreter
from tests.conftest import REPOSITORY

LOCK = REPOSITORY / "plugins" / "dressage_azureml" / "worker" / "requirements.lock"


def worker_python() -> Path:
    """Return the interpreter of the platform's worker."""
    return interpreter("azureml", LOCK)


class Loopback:
    """A test's access to the service. environ: variables that clients need. config: the workspace's three names."""

    def __init__(self, answer: Mapping[str, Any], folder: Path) -> None:
        self.address: str = answer["address"]
        self.environ: dict[str, str] = answer["environ"]
        self.config: dict[str, str] = answer["config"]
        self.folder = folder

    def enter(self, project: Path, monkeypatch: pytest.MonkeyPatch, **options: object) -> None:
        """Configure the project to use this service's workspace."""
        monkeypatch.setenv("XDG_CACHE_HOME", str(user_cache_path("dressage").parent))
        for name, value in self.environ.items():
            monkeypatch.setenv(name, value)
        (project / "config.json").write_text(json.dumps(self.config))
        lines = [f"{key} = {json.dumps(value)}" for key, value in {"poll_s": 0.1, **options}.items()]
        (project / "dressage.toml").write_text("[platforms.azureml]\n" + "\n".join(lines) + "\n")

    def state(self) -> Any:
        return self._send("GET", "state")

    def behave(self, **behaviour: object) -> None:
        self._send("PATCH", "behaviour", behaviour)

    def fault(self, method: str, path: str, **fault: object) -> None:
        self._send("POST", "faults", {"method": method, "path": path, **fault})

    def changes(self) -> list[str]:
        """Return the requests so far that change something."""
        return [f"{method} {path}" for method, path, changed in self.state()["requests"] if changed]

    def _send(self, method: str, what: str, body: object = None) -> Any:
        import ssl

        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.address}/control/{what}", data, method=method)  # noqa: S310
        trust = ssl.create_default_context(cafile=self.environ["SSL_CERT_FILE"])
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")


@contextmanager
def loopback(folder: Path, python: Path | str = sys.executable) -> Iterator[Loopback]:
    worker_python()  # build the worker's environment before a test replaces the network settings
    with (folder / "service.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.azureml_service", str(folder / "service"), str(python)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    assert process.stdin
    assert process.stdout
    try:
        yield Loopback(json.loads(process.stdout.readline()), folder)
    finally:
        process.stdin.close()
        process.wait(30)
