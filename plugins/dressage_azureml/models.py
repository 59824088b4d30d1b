"""The model registry of Azure ML: versions by content, each with the lineage of the first run that produced it."""

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dressage.errors import StageError
from dressage.files.digests import digest_of_file
from dressage.files.encoding import from_json, to_json
from dressage.records.requests import Submission, Training
from dressage.results.versions import File, Lineage, ModelVersion, digest_of_files
from dressage_azureml.azure import Azure
from dressage_azureml.ids import azure_id


class AzureModels:
    def __init__(self, azure: Azure) -> None:
        self._azure = azure

    def find(self, training: Training) -> ModelVersion | None:
        found = self._find(str(training.request.model.name), {"dressage.inputs": training.key})
        return version_of(found) if found else None

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        """Return the training inputs of the newest version."""
        last = self._find(name, {})
        return last["lineage"].get("trained", {}) if last else None

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        model = submission.request.model
        run_id = azure_id(submission.run_id, submission.attempt)
        digests = self._azure.call("model", "runs.digests", run_id=run_id, prefix=model.output_path)
        files = tuple(from_json(File, file) for file in digests)
        if not files:
            raise StageError(
                "model",
                f"run {submission.run_id!r} saved no model at {model.output_path!r}; save it there, or give its path:"
                " --model NAME=PATH of a script, output_path of a recipe",
            )
        registered = self._azure.call(
            "model",
            "models.register_run",
            run_id=run_id,
            name=model.name,
            path=model.output_path,
            digest=digest_of_files(files),
            files=to_json(files),
            tags=dict(model.tags),
            lineage=_lineage(submission, metrics),
            framework=model.framework,
        )
        return version_of(registered)

    def register(self, name: str, directory: Path) -> ModelVersion:
        files = _files(directory)
        if not files:
            raise StageError(
                "model", f"model folder {str(directory)!r} contains no files; give another folder"
            )
        registered = self._azure.call(
            "model",
            "models.register_folder",
            name=name,
            directory=str(directory.absolute()),
            digest=digest_of_files(files),
            files=to_json(files),
        )
        return version_of(registered)

    def list(self) -> Sequence[ModelVersion]:
        return [version_of(one) for one in self._azure.call("model", "models.list_all")]

    def download(self, version: ModelVersion, target: Path) -> None:
        """Download to a temporary folder, check the digest, then move the files. A repeated download continues."""
        target.mkdir(parents=True, exist_ok=True)
        partial = target / f".{version.name}-{version.version}.partial"
        self._azure.call(
            "model", "models.download", name=version.name, version=version.version, target=str(partial)
        )
        files = _files(partial)
        if version.digest and digest_of_files(files) != version.digest:
            shutil.rmtree(partial)
            label = f"{version.name}:{version.version}"
            raise StageError(
                "model",
                f"model {label}: checksum mismatch: expected {version.digest}, got {digest_of_files(files)};"
                " download it again",
            )
        for file in files:
            (target / file.path).parent.mkdir(parents=True, exist_ok=True)
            (partial / file.path).replace(target / file.path)
        shutil.rmtree(partial)

    def _find(self, name: str, tags: Mapping[str, str]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._azure.call("model", "models.find", name=name, tags=dict(tags))
        return found


def _lineage(submission: Submission, metrics: Mapping[str, float]) -> dict[str, Any]:
    training = submission.training
    lineage = to_json(submission.lineage)
    return {**lineage, "inputs": training.key, "trained": training.inputs, "metrics": dict(metrics)}


def _files(folder: Path) -> tuple[File, ...]:
    """Return the files below a folder, with their digests."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        File(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest_of_file(path))
        for path in paths
    )


def version_of(fields: Mapping[str, Any]) -> ModelVersion:
    """Convert the worker's description of a version."""
    lineage = fields["lineage"]
    return ModelVersion(
        name=fields["name"],
        version=fields["version"],
        digest=fields["digest"],
        files=tuple(from_json(File, file) for file in fields["files"]),
        created=fields["created"],
        lineage=from_json(Lineage, {key: lineage[key] for key in Lineage.__struct_fields__})
        if lineage
        else None,
        framework=fields["framework"],
        metrics=lineage.get("metrics", {}),
        tags=fields["tags"],
    )
