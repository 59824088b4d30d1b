"""The environment variables of a script: those of the shell that started its run, and ours."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from dressage.specs.credentials import hide_credentials
from dressage.supervision.launch import Launch

_RECORDER = Path(__file__).with_name("sdk_recorder")
"""A folder to import from: with it, azureml-core records metrics in the run, outside of Azure."""

_STORE = ("MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_WORKSPACE")
"""Variables that refer to another MLflow store, in addition to those that begin with MLFLOW_TRACKING_."""


def script_variables(shell: Mapping[str, str], launch: Launch, *, address: str, token: str) -> dict[str, str]:
    """Return the shell's variables, then those of the tracking endpoint, then the run's own.

    address, token: of the tracking endpoint. If the run's own variables name another MLflow server, the shell's
    credentials for it are kept, and it does not get our token. Otherwise azureml-core records in the run, too, if the
    script's environment has it.
    """
    own = launch.variables
    is_elsewhere = "MLFLOW_TRACKING_URI" in own
    recording = {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_EXPERIMENT_NAME": launch.experiment,
    }
    kept = {name: value for name, value in shell.items() if is_elsewhere or not _belongs_to_store(name)}
    kept.pop("PYTHONHOME", None)
    variables = {
        **kept,
        "PATH": os.pathsep.join([launch.path, shell.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _with_loopback(shell)),
        **({} if is_elsewhere else recording),
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # the address has no web page
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DRESSAGE_RUN_ID": launch.run_id,
        **own,
    }
    if not is_elsewhere and _has_azureml_core(Path(launch.path).parent):
        paths = [variables.get("PYTHONPATH"), str(_RECORDER)]
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    return variables


def recording_notes(shell: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    """Yield where a run records its metrics, if that may surprise the user. own: the run's variables."""
    if address := own.get("MLFLOW_TRACKING_URI"):
        yield f"metrics go to {hide_credentials(address)}, not to this run"
    elif address := shell.get("MLFLOW_TRACKING_URI"):
        hidden = hide_credentials(address)
        yield f"MLFLOW_TRACKING_URI of this shell, {hidden}, is ignored: metrics are recorded in the run"


def _belongs_to_store(name: str) -> bool:
    return name.startswith("MLFLOW_TRACKING_") or name in _STORE


def _has_azureml_core(environment: Path) -> bool:
    """Return whether a Python environment has the SDK of Azure Machine Learning in version 1."""
    return any(environment.glob("lib/python3*/*-packages/azureml/core/run.py"))


def _with_loopback(shell: Mapping[str, str]) -> str:
    """Return NO_PROXY with the loopback address, which a proxy cannot reach. The lower-case name has priority."""
    hosts = shell.get("no_proxy") or shell.get("NO_PROXY") or ""
    return hosts if hosts.strip() == "*" else ",".join(filter(None, [hosts, "127.0.0.1"]))
