"""Environments in Azure ML: the name carries the content's key, so that an image is built once."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dressage.environments.parsing import parse_requirements
from dressage.errors import SpecError
from dressage.files.digests import digest_of
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion
from dressage.specs.environments import Environment
from dressage_azureml.azure import Azure

DEFAULT_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260715.v1"
_CLIENTS = ("mlflow", "-r", "--requirement")
"""How a line begins that installs MLflow's client, or may."""
_TRACKING = "azureml-mlflow"
"""Lets the MLflow client speak to the workspace, whose tracking address is of a scheme of its own."""


class AzureEnvironments:
    def __init__(self, azure: Azure, logs: Path) -> None:
        """logs: the folder of the logs of images."""
        self._azure = azure
        self._logs = logs

    def plan(self, environment: Environment) -> StagePlan:
        content = _content(environment)
        key = digest_of(content)
        there = self._azure.call("environment", "environments.find", name=registered(environment.name, key))
        if there and there["built"]:
            return StagePlan(stage="environment", action="reuse", name=environment.name, key=key)
        reason = "its image is not built yet" if there else "no environment of this content is registered"
        reasons = (reason, f"image {content['base_image']}")
        return StagePlan(stage="environment", action="build", name=environment.name, key=key, reasons=reasons)

    def ensure(
        self,
        environment: Environment,
        progress: Progress,
        *,
        upgrade: bool = False,  # noqa: ARG002
    ) -> EnvironmentVersion:
        """upgrade makes no difference: an image is built of its specification once, and kept by Azure ML."""
        content = _content(environment)
        key = digest_of(content)
        name = registered(environment.name, key)
        self._azure.call(
            "environment",
            "environments.ensure",
            progress,
            name=name,
            log=str(self._logs / f"{name}.log"),
            timeout_s=self._azure.options.image_timeout_s,
            **content,
        )
        return EnvironmentVersion(
            name=environment.name, key=key, created=now(), variables=environment.variables
        )

    def list(self) -> Sequence[EnvironmentVersion]:
        listed = self._azure.call("environment", "environments.all_of")
        parts = [name.rpartition("-") for name in listed]
        return [EnvironmentVersion(name=name, key=key, created="") for name, _, key in parts]


def registered(name: str, key: str) -> str:
    """What the environment is called in the workspace."""
    return f"{name}-{key[:12]}"


def _content(environment: Environment) -> dict[str, Any]:
    _refuse_names(environment)
    conda = environment.conda if environment.conda is not None else _of_this_python()
    return {
        "conda": _with_tracking(environment.name, conda, _requirements(environment)),
        "base_image": environment.base_image or DEFAULT_IMAGE,
        "variables": dict(environment.variables),
    }


def _refuse_names(environment: Environment) -> None:
    """Raises SpecError for what only the machine that starts a run has."""
    if environment.secrets:
        raise SpecError(
            f"environment {environment.name!r} needs the secret {environment.secrets[0]}: dressage cannot pass"
            " secrets to Azure ML yet; leave it out, or run on another platform"
        )
    for name in (*environment.indexes, *environment.find_links):
        raise SpecError(
            f"environment {environment.name!r} names index {name!r}: Azure ML builds the image in the cloud and"
            " cannot reach indexes by name yet; leave it out, or run on another platform"
        )


def _of_this_python() -> str:
    return "dependencies:\n- python={}.{}\n- pip\n".format(*sys.version_info[:2])


def _requirements(environment: Environment) -> tuple[str, ...]:
    """What pip installs besides the specification; for a script that asks for nothing, the MLflow client."""
    if environment.is_active_interpreter:
        return ("mlflow-skinny",)
    listed = parse_requirements(environment)
    return (*listed.options, *listed.lines)


def _with_tracking(name: str, conda: str, requirements: tuple[str, ...]) -> str:
    """The specification with its requirements, and azureml-mlflow beside MLflow's client.

    Raises SpecError if it is none.
    """
    import yaml

    try:
        content = yaml.safe_load(conda)
        dependencies = content["dependencies"]
        pip: dict[str, Any] = next((entry for entry in dependencies if isinstance(entry, dict)), {"pip": ()})
        pip["pip"] = lines = [*(pip["pip"] or ())]
        lines += [line for line in requirements if line not in lines]
        names = [str(line).rpartition("::")[2].strip().lower() for line in (*dependencies, *lines)]
    except (yaml.YAMLError, TypeError, KeyError) as error:
        words = " ".join(str(error).split())
        raise SpecError(f"environment {name!r}: conda specification: {words}; correct it") from error
    tracks = any(one.startswith(_CLIENTS) for one in names)
    if tracks and not any(one.startswith(("azureml-mlflow", "azureml-defaults")) for one in names):
        _check_unhashed(name, requirements)
        lines.append(_TRACKING)
    if lines and pip not in dependencies:
        dependencies.append(pip)
    return str(yaml.safe_dump(content, sort_keys=False))


def _check_unhashed(name: str, requirements: tuple[str, ...]) -> None:
    """Pip takes hashes for all packages or for none."""
    if any("--hash" in line or line == "--require-hashes" for line in requirements):
        raise SpecError(
            f"environment {name!r}: its requirements have hashes, and {_TRACKING} is needed beside mlflow;"
            f" add {_TRACKING} and what it needs to them, with hashes"
        )
