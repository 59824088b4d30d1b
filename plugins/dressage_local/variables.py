"""The environment variables that a script starts with, beside those of the shell that started its run."""

import os
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

_STORE = ("MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_WORKSPACE")
"""Variables that name a place in some other MLflow store, beside all that begin with MLFLOW_TRACKING_."""


def script_variables(
    shell: Mapping[str, str], launch: Mapping[str, Any], *, address: str, token: str
) -> dict[str, str]:
    """The shell's variables, then where to record, then the run's own. address: of the tracking endpoint."""
    kept = {name: value for name, value in shell.items() if name != "PYTHONHOME" and not _is_of_a_store(name)}
    return {
        **kept,
        "PATH": os.pathsep.join([launch["path"], shell.get("PATH", os.defpath)]),
        "PYTHONUNBUFFERED": "1",
        **{name: _with_loopback(shell.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
        "MLFLOW_TRACKING_URI": address,
        "MLFLOW_TRACKING_TOKEN": token,
        "MLFLOW_EXPERIMENT_NAME": launch["experiment"],
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",  # there is no page behind the address
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DRESSAGE_RUN_ID": launch["run_id"],
        **launch["variables"],
    }


def recording_notes(shell: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    """Where a run records, if that is not what the shell or the recipe would make one expect. own: the run's."""
    if chosen := own.get("MLFLOW_TRACKING_URI"):
        yield f"the environment sends MLflow to {_shown(chosen)}: metrics are recorded there, not in this run"
    elif named := shell.get("MLFLOW_TRACKING_URI"):
        yield (
            f"MLFLOW_TRACKING_URI of this shell, {_shown(named)}, is not used: the run records here; to record there,"
            " set it in the environment's variables (script: --set variables=MLFLOW_TRACKING_URI=...)"
        )


def _is_of_a_store(name: str) -> bool:
    return name.startswith("MLFLOW_TRACKING_") or name in _STORE


def _with_loopback(hosts: str) -> str:
    """A proxy cannot reach this machine's loopback."""
    return ",".join(filter(None, [hosts, "127.0.0.1"]))


def _shown(address: str) -> str:
    """An address without a password."""
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
