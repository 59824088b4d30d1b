"""Models on this machine: versions by content, with the lineage of the run that made each first."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dressage.errors import StageError
from dressage.files.digests import digest_of_file
from dressage.files.trees import files_below, remove_tree
from dressage.records.journal import now
from dressage.records.record import read_record
from dressage.records.requests import RunRequest, Training
from dressage.records.workspace import Workspace
from dressage.results.differences import file_differences, input_differences
from dressage.results.plans import StagePlan
from dressage.results.versions import File, ModelVersion, digest_of_files
from dressage.storage.objects import ObjectStore
from dressage.storage.registry_notes import RegisteredModel, read_notes
from dressage.storage.versions import Versions

if TYPE_CHECKING:
    from dressage.records.index import RunIndex


class StoredModels:
    """notes: what else a plan should say of a training."""

    def __init__(
        self,
        workspace: Workspace,
        objects: ObjectStore,
        notes: Callable[[Training], Iterable[str]] = lambda _: (),
    ) -> None:
        self._workspace = workspace
        self._objects = objects
        self._notes = notes
        self._root = workspace.root / "models"
        self._versions = Versions(self._root, ModelVersion)

    def plan(self, training: Training) -> StagePlan:
        """reuse, if a completed run from the very same inputs registered a version that is still there."""
        name = training.model.name
        notes = tuple(self._notes(training))
        if name is None:
            return _train(training, ("the script's model is not registered", *notes))
        if training.environment is None:
            return _train(training, (*self._changes(training), "environment not built yet", *notes))
        made = self._index.trained_from(training.key)
        version = self._made_by(name, made.summary.run_id) if made else None
        if made and version:
            return StagePlan(
                stage="model",
                action="reuse",
                name=name,
                version=version.version,
                key=version.digest,
                run_id=made.summary.run_id,
            )
        return _train(training, (*self._changes(training), *notes))

    def ensure(self, request: RunRequest) -> ModelVersion | None:
        model = request.training.model
        if model.name is None:
            return None
        folder = self._workspace.run(request.run_id) / "work" / model.output_path
        files = self._stored(folder, f"run {request.run_id!r} left no model at {model.output_path!r}")
        metrics = read_record(self._workspace.run(request.run_id)).tracked.latest()
        return self._add(
            model.name,
            files,
            lineage=request.lineage,
            metrics=metrics,
            framework=model.framework,
            tags=model.tags,
        )

    def register(self, name: str, directory: Path) -> ModelVersion:
        return self._add(name, self._stored(directory, f"model folder {str(directory)!r} holds no files"))

    def list(self) -> Sequence[ModelVersion]:
        """With the aliases, tags and descriptions that scripts set."""
        versions = self._versions.all()
        notes = {name: read_notes(self._root / name) for name in {version.name for version in versions}}
        return [_noted(version, notes[version.name]) for version in versions]

    def download(self, version: ModelVersion, target: Path) -> None:
        if not version.files:
            raise StageError(
                "model",
                f"model {version.name}:{version.version} has no files in this workspace;"
                f" download them from {version.source!r}",
            )
        self._objects.copy_out(version.files, target)

    def add_version(
        self, name: str, content: Path | ModelVersion | None, *, source: str, **fields: Any
    ) -> ModelVersion:
        """A new version of a name, whether or not its content has one.

        content: a folder, a file, another version, or None where only an address is known. source: what was
        registered, as its script wrote it. fields: of the ModelVersion.
        """
        if isinstance(content, ModelVersion):
            files = content.files
        elif content is None:
            files = ()
        elif content.is_file():
            files = (self._objects.add(content),)
        else:
            files = self._stored(content, f"{source!r} holds no files")
        return self._add(name, files, again=True, source=source, **fields)

    @property
    def _index(self) -> "RunIndex":
        from dressage.records.index import RunIndex

        return RunIndex(self._workspace)

    def _add(self, name: str, files: tuple[File, ...], *, again: bool = False, **fields: Any) -> ModelVersion:
        digest = digest_of_files(files)

        def make(number: int) -> ModelVersion:
            version = ModelVersion(
                name=name, version=number, digest=digest, files=files, created=now(), **fields
            )
            folder = self._versions.folder(version)
            remove_tree(folder)  # by one that was killed before it could say whose files they are
            self._objects.materialise(files, folder)
            return version

        return self._versions.add(name, digest, make, again=again)

    def _stored(self, folder: Path, missing: str) -> tuple[File, ...]:
        paths = sorted(files_below(folder))
        if not paths:
            raise StageError("model", f"{missing}; save it there, or change the recipe's output path")
        return tuple(self._objects.add(folder / path, name=path) for path in paths)

    def _made_by(self, name: str, run_id: str) -> ModelVersion | None:
        registered = read_record(self._workspace.run(run_id)).model
        return self._versions.find(name, registered.digest) if registered else None

    def _changes(self, training: Training) -> Iterator[str]:
        """What differs from the last run that trained this model."""
        last = self._index.trained_last(training.model.name or "")
        if last is None:
            yield "no previous run"
            return
        known = {name: value for name, value in training.inputs.items() if value is not None}
        before = self._snapshot(last.inputs["snapshot"])
        yield from input_differences(
            last.inputs, known, file_differences(before, _digests(training.snapshot.files))
        )

    def _snapshot(self, digest: str) -> Mapping[str, str | None]:
        folder = self._workspace.root / "snapshots" / digest
        return {path: digest_of_file(folder / path) for path in files_below(folder)}


def _noted(version: ModelVersion, model: RegisteredModel | None) -> ModelVersion:
    notes = model.versions.get(str(version.version)) if model else None
    if model is None or notes is None:
        return version
    return replace(
        version,
        aliases=tuple(model.aliases_of(version.version)),
        description=notes.description,
        stage=None if notes.stage == "None" else notes.stage,
        tags=notes.tags_over(version.tags),
        model_description=model.description,
        model_tags=model.tags,
    )


def _digests(files: Sequence[File]) -> dict[str, str | None]:
    return {file.path: file.sha256 for file in files}


def _train(training: Training, reasons: tuple[str, ...]) -> StagePlan:
    return StagePlan(stage="model", action="train", name=training.model.label, reasons=reasons)
