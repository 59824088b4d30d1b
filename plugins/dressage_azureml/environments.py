"""Environments in Azure ML. A registered version is a digest of the content: an image is built once."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dressage.environments.package_sources import PackageSources
from dressage.environments.parsing import parse, parse_requirements
from dressage.environments.remote_locks import lock_for_linux, newest_python
from dressage.errors import SpecError
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.platforms.protocols import Progress
from dressage.records.journal import now
from dressage.results.plans import StagePlan
from dressage.results.versions import EnvironmentVersion
from dressage.specs.environments import Environment
from dressage_azureml.azure import Azure

DEFAULT_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu22.04:20260715.v1"
_CLIENTS = ("mlflow", "-r", "--requirement")
"""Starts of requirement lines that install MLflow's client, or may install it."""
_RESERVED = ("azureml", "microsoft")
_TRACKING = "azureml-mlflow"
"""The package that the MLflow client needs for the workspace's tracking address (azureml://)."""


class AzureEnvironments:
    def __init__(self, azure: Azure, logs: Path, indexes: Callable[[], Mapping[str, str]]) -> None:
        """logs: folder of the image builds' logs. indexes: returns the configured addresses by name."""
        self._azure = azure
        self._logs = logs
        self._indexes = indexes

    def plan(self, environment: Environment) -> StagePlan:
        content = _content(environment)
        self._sources(environment)
        key = digest_of(content)
        _check_name(environment.name)
        found = self._azure.call(
            "environment", "environments.find", name=environment.name, version=azure_version(key)
        )
        if found and found["built"]:
            return StagePlan(stage="environment", action="reuse", name=environment.name, key=key)
        reason = "its image is not built yet" if found else "no environment with this content is registered"
        reasons = (reason, f"image {content['base_image']}", *_notes(environment))
        return StagePlan(stage="environment", action="build", name=environment.name, key=key, reasons=reasons)

    def ensure(
        self,
        environment: Environment,
        progress: Progress,
        *,
        upgrade: bool = False,  # noqa: ARG002
    ) -> EnvironmentVersion:
        """Register the environment and build its image. Ignores upgrade: Azure ML builds an image once."""
        content = _content(environment)
        key = digest_of(content)
        _check_name(environment.name)
        label = f"{environment.name}-{azure_version(key)}"
        self._azure.call(
            "environment",
            "environments.ensure",
            progress,
            name=environment.name,
            version=azure_version(key),
            log=str(self._logs / f"{label}.log"),
            timeout_s=self._azure.options.image_timeout_s,
            **self._resolve(environment, content, label, progress),
        )
        return EnvironmentVersion(
            name=environment.name, key=key, created=now(), variables=environment.variables
        )

    def _resolve(
        self, environment: Environment, content: dict[str, Any], label: str, progress: Progress
    ) -> dict[str, Any]:
        """Return the content with exact packages in place of what pip cannot read. Raises StageError."""
        if not content.pop("resolved", None):
            return content
        python = _python_of(environment)
        log = self._logs / f"{label}-resolving.log"
        lines = lock_for_linux(environment, python, log, progress, self._sources(environment))
        conda = _with_tracking(environment.name, _only_python(python), lines)
        return {**content, "conda": conda}

    def _sources(self, environment: Environment) -> PackageSources:
        """Return the indexes that the environment names. Raises SpecError for an address with credentials."""
        sources = PackageSources(indexes=self._indexes() if environment.indexes else {}).select(environment)
        for name, address in sources.indexes.items():
            if sources.address_without_credentials(name) != address:
                raise SpecError(
                    f"environment {environment.name!r}: the address of index {name!r} contains credentials, which"
                    " anybody who can read the image's definition in Azure ML would see; give one without, or run on"
                    " another platform"
                )
        return sources

    def list(self) -> Sequence[EnvironmentVersion]:
        """Return the newest version of each environment, also of those that were registered without dressage."""
        found = self._azure.call("environment", "environments.list_all")
        return [EnvironmentVersion(name=name, key=version, created="") for name, version in found]


def azure_version(key: str) -> str:
    """Return the version under which an environment is registered in Azure ML."""
    return key[:12]


def _check_name(name: str) -> None:
    """Raise SpecError for a name that Azure ML refuses.

    Source: the documentation of `Environment` in azureml-core; these beginnings are for curated environments.
    """
    if name.lower().startswith(_RESERVED):
        raise SpecError(
            f"environment {name!r}: names in Azure ML must not begin with 'AzureML' or 'Microsoft'; rename it"
        )


def _content(environment: Environment) -> dict[str, Any]:
    """Return what the image is built from. Raises SpecError."""
    _refuse_local_names(environment)
    content: dict[str, Any] = {
        "base_image": environment.base_image or DEFAULT_IMAGE,
        "variables": dict(environment.variables),
    }
    if _is_resolved(environment):
        parse(environment)
        texts: tuple[Any, ...] = (
            environment.requirements,
            environment.constraints,
            to_json(environment.project),
        )
        if environment.indexes:
            texts = (*texts, [str(index) for index in environment.indexes])
        return {**content, "conda": _only_python(_python_of(environment)), "resolved": texts}
    conda = environment.conda if environment.conda is not None else _only_python()
    return {"conda": _with_tracking(environment.name, conda, _requirements(environment)), **content}


def _is_resolved(environment: Environment) -> bool:
    """Return whether uv must resolve the packages, because pip cannot read the description.

    Raises SpecError for constraints or indexes beside a conda specification, whose packages only conda knows.
    """
    others = {"constraints": environment.constraints is not None, "indexes": bool(environment.indexes)}
    for what, given in others.items():
        if given and environment.conda is not None:
            raise SpecError(
                f"environment {environment.name!r} has {what} and a conda specification: Azure ML cannot apply them;"
                " give requirements without a conda specification"
            )
    return environment.project is not None or any(others.values())


def _python_of(environment: Environment) -> str:
    """Return the version of Python to install: this one, unless the project requires another."""
    ours = "{}.{}".format(*sys.version_info[:2])
    return (
        ours if parse(environment).python.allows(sys.version_info[:3]) else newest_python(environment) or ours
    )


def _notes(environment: Environment) -> tuple[str, ...]:
    """Return what a user should know about the image, one line each."""
    if environment.interpreter is None:
        return ()
    where = f"{str(environment.interpreter)!r} is of this machine"
    if environment.installs:
        return (f"{where}: Azure ML builds an image from the packages that are described instead",)
    return (
        f"{where}: the image has Python and MLflow alone; name its packages with --requirements or --conda",
    )


def _refuse_local_names(environment: Environment) -> None:
    """Raise SpecError for secrets and folders of distributions, which only this machine knows."""
    if environment.secrets:
        raise SpecError(
            f"environment {environment.name!r} needs the secret {environment.secrets[0]}: dressage cannot pass"
            " secrets to Azure ML yet; remove it, or run on another platform"
        )
    if environment.builds:
        raise SpecError(
            f"environment {environment.name!r} builds the project in {environment.builds[0]!r}, which Azure ML cannot"
            " do from a run's files; give a wheel of it on an index, or run on another platform"
        )
    for name in environment.find_links:
        raise SpecError(
            f"environment {environment.name!r} uses {name!r} of [find_links]: Azure ML builds the image in the cloud;"
            " remove it, or run on another platform"
        )


def _only_python(version: str = "{}.{}".format(*sys.version_info[:2])) -> str:
    """Return a conda specification with a version of Python, and pip."""
    return f"dependencies:\n- python={version}\n- pip\n"


def _requirements(environment: Environment) -> tuple[str, ...]:
    """Return the lines that pip installs besides the specification. The default is the MLflow client alone."""
    if not environment.installs:
        return ("mlflow-skinny",)
    requirements = parse_requirements(environment)
    return (*requirements.options, *requirements.lines)


def _with_tracking(name: str, conda: str, requirements: tuple[str, ...]) -> str:
    """Add the requirements to the specification, and azureml-mlflow if it installs MLflow's client.

    Raises SpecError for an invalid specification.
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
    has_client = any(one.startswith(_CLIENTS) for one in names)
    if has_client and not any(one.startswith(("azureml-mlflow", "azureml-defaults")) for one in names):
        _refuse_hashes(name, requirements)
        lines.append(_TRACKING)
    if lines and pip not in dependencies:
        dependencies.append(pip)
    return str(yaml.safe_dump(content, sort_keys=False))


def _refuse_hashes(name: str, requirements: tuple[str, ...]) -> None:
    """Raise SpecError if requirements have hashes: pip wants hashes for all packages or for none."""
    if any("--hash" in line or line == "--require-hashes" for line in requirements):
        raise SpecError(
            f"environment {name!r}: its requirements have hashes, and mlflow needs {_TRACKING} in Azure ML;"
            f" add {_TRACKING} and its dependencies, with hashes"
        )
