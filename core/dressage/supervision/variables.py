"""The environment variables that a script starts with, beside those of the shell that started its run."""

import os
import re
from collections.abc import Iterator, Mapping

from dressage.supervision.launch import Launch

_STORE = ("MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_WORKSPACE")
"""Variables that name a place in some other MLflow store, beside all that begin with MLFLOW_TRACKING_."""


def script_variables(shell: Mapping[str, str], launch: Launch, *, address: str, token: str) -> dict[str, str]:
    """The shell's variables, then where to record, then the run's own. address: of the tracking endpoint.

    Where the run's own variables name another MLflow server, the shell's credentials are for that one, and our token
    is not for it to see.
    """
    own = launch.variables
    is_elsewhere = "MLFLOW_TRACKING_URI" in own
    recording = {
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_EXPERIMENT_NAME": launch.experiment,
    }
    kept = {name: value for name, value in shell.items() if is_elsewhere or not _is_of_a_store(name)}
    kept.pop("PYTHONHOME", None)
    return {
        **kept,
        "PATH": os.pathsep.join([launch.path, shell.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _with_loopback(shell)),
        **({} if is_elsewhere else recording),
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # there is no page behind the address
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DRESSAGE_RUN_ID": launch.run_id,
        **own,
    }


def recording_notes(shell: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    """Where a run records, if that is not what the shell or the recipe would make one expect. own: the run's."""
    if chosen := own.get("MLFLOW_TRACKING_URI"):
        yield f"metrics go to {_shown(chosen)}, not to this run"
    elif named := shell.get("MLFLOW_TRACKING_URI"):
        yield f"MLFLOW_TRACKING_URI of this shell, {_shown(named)}, is ignored: metrics are recorded in the run"


def _is_of_a_store(name: str) -> bool:
    return name.startswith("MLFLOW_TRACKING_") or name in _STORE


def _with_loopback(shell: Mapping[str, str]) -> str:
    """A proxy cannot reach this machine's loopback. The name in small letters wins, as everywhere."""
    hosts = shell.get("no_proxy") or shell.get("NO_PROXY") or ""
    return hosts if hosts.strip() == "*" else ",".join(filter(None, [hosts, "127.0.0.1"]))


def _shown(address: str) -> str:
    """An address without a user and a password."""
    return re.sub(r"//[^/]*@", "//", address)
