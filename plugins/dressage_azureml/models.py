"""The model registry of Azure ML: versions by content, with the lineage of the run that made each first."""

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
from dressage_azureml.runs import azure_id


class AzureModels:
    def __init__(self, azure: Azure) -> None:
        self._azure = azure

    def find(self, training: Training) -> ModelVersion | None:
        made = self._find(str(training.request.model.name), {"dressage.inputs": training.key})
        return _version(made) if made else None

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        """Those of the newest version."""
        last = self._find(name, {})
        return last["lineage"].get("trained", {}) if last else None

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        model = submission.request.model
        run_id = azure_id(submission.run_id, submission.attempt)
        told = self._azure.call("model", "runs.digests", run_id=run_id, prefix=model.output_path)
        files = tuple(from_json(File, file) for file in told)
        if not files:
            raise StageError(
                "model",
                f"run {submission.run_id!r} left no model at {model.output_path!r}; save it there, or change the"
                " recipe's output path",
            )
        made = self._azure.call(
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
        return _version(made)

    def register(self, name: str, directory: Path) -> ModelVersion:
        files = _files(directory)
        if not files:
            raise StageError("model", f"model folder {str(directory)!r} holds no files; give one that does")
        made = self._azure.call(
            "model",
            "models.register_folder",
            name=name,
            directory=str(directory.absolute()),
            digest=digest_of_files(files),
            files=to_json(files),
        )
        return _version(made)

    def list(self) -> Sequence[ModelVersion]:
        return [_version(one) for one in self._azure.call("model", "models.all_of")]

    def download(self, version: ModelVersion, target: Path) -> None:
        """Fetched aside, checked, and then put in place; a download that broke off goes on where it did."""
        target.mkdir(parents=True, exist_ok=True)
        aside = target / f".{version.name}-{version.version}.partial"
        self._azure.call(
            "model", "models.download", name=version.name, version=version.version, target=str(aside)
        )
        files = _files(aside)
        if version.digest and digest_of_files(files) != version.digest:
            shutil.rmtree(aside)
            label = f"{version.name}:{version.version}"
            raise StageError(
                "model",
                f"model {label}: checksum mismatch: expected {version.digest}, got {digest_of_files(files)};"
                " download it again",
            )
        for file in files:
            (target / file.path).parent.mkdir(parents=True, exist_ok=True)
            (aside / file.path).replace(target / file.path)
        shutil.rmtree(aside)

    def _find(self, name: str, tags: Mapping[str, str]) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self._azure.call("model", "models.find", name=name, tags=dict(tags))
        return found


def _lineage(submission: Submission, metrics: Mapping[str, float]) -> dict[str, Any]:
    training = submission.training
    lineage = to_json(submission.lineage)
    return {**lineage, "inputs": training.key, "trained": training.inputs, "metrics": dict(metrics)}


def _files(folder: Path) -> tuple[File, ...]:
    """The files below a folder, with their digests."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return tuple(
        File(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest_of_file(path))
        for path in paths
    )


def _version(shown: Mapping[str, Any]) -> ModelVersion:
    lineage = shown["lineage"]
    return ModelVersion(
        name=shown["name"],
        version=shown["version"],
        digest=shown["digest"],
        files=tuple(from_json(File, file) for file in shown["files"]),
        created=shown["created"],
        lineage=from_json(Lineage, {key: lineage[key] for key in Lineage.__struct_fields__})
        if lineage
        else None,
        framework=shown["framework"],
        metrics=lineage.get("metrics", {}),
        tags=shown["tags"],
    )
