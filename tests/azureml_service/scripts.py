"""A run's script on its node: command, variables, process, and files."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.azureml_service import artifacts, datasets, snapshots
from tests.azureml_service.addresses import workspace_id
from tests.azureml_service.identity import token

if TYPE_CHECKING:
    from tests.azureml_service.runs import Run
    from tests.azureml_service.service import Service

LOG = "user_logs/std_log.txt"
COLLECTED = ("outputs", "logs")


class Script:
    """The script of a run. configuration: as the client sent it. folder: the run's; the script runs in work/."""

    def __init__(self, service: Service, run: Run, configuration: dict[str, Any], folder: Path) -> None:
        self.service, self.run, self.configuration, self.folder = service, run, configuration, folder
        self.place, self.log = folder / "work", folder / "std_log.txt"
        self.process: subprocess.Popen[bytes] | None = None
        self.kept: dict[str, tuple[int, int]] = {}

    def start(self, snapshot: str) -> None:
        """Start the script in a new, writable copy of its snapshot."""
        shutil.rmtree(self.place, ignore_errors=True)
        for name in COLLECTED:
            (self.place / name).mkdir(parents=True)
        snapshots.restore(self.service, snapshot, self.place)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self._command(), cwd=self.place, env=self._environ(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    @property
    def code(self) -> int | None:
        """The exit code, or None while the script runs."""
        return self.process.poll() if self.process else None

    def end(self, grace: float) -> None:
        """Send SIGTERM to all of the script's processes, then SIGKILL."""
        if self.process:
            self._signal(self.process, signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(grace)
            self._signal(self.process, signal.SIGKILL)
            self.process.wait()

    @staticmethod
    def _signal(process: subprocess.Popen[bytes], number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)

    def collect(self) -> None:
        """Store the files that changed since the last call as artifacts."""
        self._keep(LOG, self.log)
        if LOG not in self.run.logs:
            self.run.logs.append(LOG)
        for name in COLLECTED:
            for path in sorted((self.place / name).rglob("*")):
                if path.is_file():
                    self._keep(path.relative_to(self.place).as_posix(), path)

    def _keep(self, name: str, path: Path) -> None:
        with contextlib.suppress(FileNotFoundError):  # deleted between listing and copying
            known = path.stat()
            if self.kept.get(name) != (known.st_mtime_ns, known.st_size):
                artifacts.keep(self.service, self.run.id, name, path)
                self.kept[name] = (known.st_mtime_ns, known.st_size)

    def _command(self) -> list[str]:
        inputs = self._inputs()
        arguments = [_insert_inputs(str(each), inputs) for each in self.configuration.get("arguments") or []]
        if command := self.configuration.get("command"):
            return ["/bin/bash", "-c", _insert_inputs(command, inputs)]
        return [self.service.python, self.configuration["script"], *arguments]

    def _inputs(self) -> dict[str, Path]:
        """Return the folders, or files, of the datasets in the arguments."""
        data = self.configuration.get("data") or {}
        return {
            name: datasets.deliver(self.service, each["dataLocation"]["dataset"]["id"], each["mechanism"])
            for name, each in data.items()
        }

    def _environ(self) -> dict[str, str]:
        """Return the script's environment variables: few come from this process."""
        environment = self.configuration["environment"].get("environmentVariables") or {}
        own = self.configuration.get("environmentVariables") or {}
        given = {str(key): str(value) for key, value in {**environment, **own}.items()}
        return (
            _inherited_variables(self.service)
            | given
            | self._data_environ()
            | self._node()
            | self._identity()
        )

    def _data_environ(self) -> dict[str, str]:
        data = self.configuration.get("data") or {}
        names = {name: each.get("environmentVariableName") or name for name, each in data.items()}
        return {names[name]: str(folder) for name, folder in self._inputs().items()}

    def _node(self) -> dict[str, str]:
        home = self.folder / "home"
        home.mkdir(exist_ok=True)
        trusted = str(self.service.trusted)
        return {
            "HOME": str(home),
            "REQUESTS_CA_BUNDLE": trusted,
            "SSL_CERT_FILE": trusted,
            "PYTHONUNBUFFERED": "1",
        }

    def _identity(self) -> dict[str, str]:
        """Return the variables that identify the run and its tracking server."""
        service, run, scope = self.service, self.run, workspace_id(self.service.config)
        return {
            "AZUREML_RUN_ID": run.id,
            "AZUREML_EXPERIMENT_ID": run.experiment.id,
            "AZUREML_EXPERIMENT_SCOPE": f"{scope}/experiments/{run.experiment.name}",
            "AZUREML_WORKSPACE_SCOPE": scope,
            "AZUREML_ARM_SUBSCRIPTION": service.config["subscription_id"],
            "AZUREML_ARM_RESOURCEGROUP": service.config["resource_group"],
            "AZUREML_ARM_WORKSPACE_NAME": service.config["workspace_name"],
            "AZUREML_ARM_PROJECT_NAME": run.experiment.name,
            "AZUREML_RUN_TOKEN": token(service),
            "AZUREML_SERVICE_ENDPOINT": service.address,
            "MLFLOW_TRACKING_URI": f"{service.address}/mlflow/v2.0{scope}",
            "MLFLOW_TRACKING_TOKEN": token(service),
            "MLFLOW_EXPERIMENT_ID": run.experiment.id,
            "MLFLOW_EXPERIMENT_NAME": run.experiment.name,
            "MLFLOW_RUN_ID": run.id,
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }


def _inherited_variables(service: Service) -> dict[str, str]:
    """Return the variables of this process that a node has too. Its `python` is the interpreter of scripts."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR") if name in os.environ}
    path = f"{Path(service.python).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    return {**kept, "PATH": path}


def _insert_inputs(text: str, inputs: dict[str, Path]) -> str:
    """Replace the names of datasets in an argument by their folders."""
    for name, folder in inputs.items():
        for mark in (f"DatasetConsumptionConfig:{name}", f"$AZUREML_DATAREFERENCE_{name}"):
            text = text.replace(mark, str(folder))
    return text
