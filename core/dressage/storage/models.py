"""Models of a workspace: versions by content, with the lineage of the run that made each first."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dressage.errors import StageError
from dressage.files.trees import files_below, remove_tree
from dressage.records.journal import now
from dressage.records.requests import Submission, Training
from dressage.records.workspace import Workspace
from dressage.results.versions import File, ModelVersion, digest_of_files
from dressage.storage.objects import ObjectStore
from dressage.storage.registry_notes import RegisteredModel, read_notes
from dressage.storage.versions import Versions

if TYPE_CHECKING:
    from dressage.platforms.protocols import Runs
    from dressage.records.index import RunIndex


class StoredModels:
    """The registry below the workspace's `models`. runs: where the files of runs are fetched from."""

    def __init__(self, workspace: Workspace, runs: "Runs | None" = None) -> None:
        self._workspace = workspace
        self._objects = ObjectStore(workspace.root / "objects")
        self._runs = runs
        self._root = workspace.root / "models"
        self._versions = Versions(self._root, ModelVersion)

    def find(self, training: Training) -> ModelVersion | None:
        """What a completed run left from the very same inputs; its lineage is that run's."""
        made = self._index.find_by_training(training.key)
        if made is None:
            return None
        record = self._workspace.run(made.summary.run_id).refresh()
        registered, submission = record.model, record.the_submission()
        version = registered and self._versions.find(str(training.request.model.name), registered.digest)
        # The same bytes may have been trained first from other inputs.
        return replace(version, lineage=submission.lineage) if version and submission else None

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        last = self._index.find_latest(name)
        return last.inputs if last else None

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Its files are where the script left them on this machine, or are fetched from the run's platform."""
        folder = self._workspace.run(submission.run_id).work / submission.request.model.output_path
        if folder.is_dir() or self._runs is None:
            return self.add_output(submission, folder, metrics)
        import tempfile

        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root, prefix=".fetched.") as aside:
            return self.add_output(submission, self._fetched(submission, Path(aside)), metrics)

    def add_output(self, submission: Submission, folder: Path, metrics: Mapping[str, float]) -> ModelVersion:
        """Register what lies in the folder as what the run left. Raises StageError if nothing does."""
        model = submission.request.model
        files = self._stored(folder, f"run {submission.run_id!r} left no model at {model.output_path!r}")
        return self._add(
            str(model.name),
            files,
            lineage=submission.lineage,
            metrics=metrics,
            framework=model.framework,
            tags=model.tags,
        )

    def _fetched(self, submission: Submission, aside: Path) -> Path:
        """The folder below `aside` that then holds the run's model."""
        path = submission.request.model.output_path.rstrip("/")
        assert self._runs  # noqa: S101 - the caller has looked
        listed = [file.path for file in self._runs.files(submission.run_id)]
        if wanted := [name for name in listed if name.startswith(f"{path}/")]:
            self._runs.download(submission.run_id, wanted, aside)
        return aside / path

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
