"""Models of a workspace: versions by content, each with the lineage of the first run that made it."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from dressage.errors import RecordError, StageError
from dressage.files.trees import remove_tree
from dressage.files.walking import OUTSIDE, leads_out, walk
from dressage.records.journal import now
from dressage.records.requests import Submission, Training
from dressage.records.workspace import Workspace
from dressage.results.damage import Damage, damage_of, warn_once
from dressage.results.versions import File, ModelVersion, digest_of_files
from dressage.storage.objects import ObjectStore
from dressage.storage.registry_notes import RegisteredModel, read_notes
from dressage.storage.versions import Versions

if TYPE_CHECKING:
    from dressage.platforms.protocols import Runs
    from dressage.records.index import RunIndex


class StoredModels:
    """The models in the workspace's `models` folder. runs: the platform from which files of runs are downloaded."""

    def __init__(self, workspace: Workspace, runs: "Runs | None" = None) -> None:
        self._workspace = workspace
        self._objects = ObjectStore(workspace.root / "objects")
        self._runs = runs
        self._root = workspace.root / "models"
        self._versions = Versions(self._root, ModelVersion)

    def find(self, training: Training) -> ModelVersion | None:
        """Return the model of a completed run with the same inputs, with the lineage of that run; None if none."""
        completed = self._index.find_by_training(training.key)
        if completed is None:
            return None
        record = self._workspace.run(completed.summary.run_id).refresh()
        try:
            registered, submission = record.model, record.the_submission()
        except RecordError:  # the model is trained again
            return None
        version = registered and self._versions.find(str(training.request.model.name), registered.digest)
        # A run with other inputs may have made the same bytes first.
        return replace(version, lineage=submission.lineage) if version and submission else None

    def previous_inputs(self, name: str) -> Mapping[str, Any] | None:
        """Return the inputs of the latest completed run of a model's name; None if there is no such run."""
        last = self._index.find_latest(name)
        return last.inputs if last else None

    def ensure(self, submission: Submission, metrics: Mapping[str, float]) -> ModelVersion:
        """Register the model that a run wrote on this machine, or download it from the run's platform first."""
        output = self._workspace.run(submission.run_id).work / submission.request.model.output_path
        if output.exists() or self._runs is None:
            return self.add_output(submission, output, metrics)
        import tempfile

        self._root.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._root, prefix=".fetched.") as temporary:
            return self.add_output(submission, self._fetch(submission, Path(temporary)), metrics)

    def add_output(self, submission: Submission, output: Path, metrics: Mapping[str, float]) -> ModelVersion:
        """Register a file, or the files in a folder, as the run's model. Raises StageError if there are none."""
        model = submission.request.model
        work = self._workspace.run(submission.run_id).work
        inside = work if output.is_relative_to(work) else output
        files = self._store(
            output, f"run {submission.run_id!r} left no model at {model.output_path!r}", inside
        )
        return self._add(
            str(model.name),
            files,
            lineage=submission.lineage,
            metrics=metrics,
            framework=model.framework,
            tags=model.tags,
        )

    def _fetch(self, submission: Submission, target: Path) -> Path:
        """Download the run's model below `target`, and return its folder or file."""
        output = str(PurePosixPath(submission.request.model.output_path))
        assert self._runs  # noqa: S101 - checked by the caller
        listed = [file.path for file in self._runs.files(submission.run_id)]
        for path in (output, f"work/{output}"):
            if wanted := [name for name in listed if name == path or name.startswith(f"{path}/")]:
                self._runs.download(submission.run_id, wanted, target)
                return target / path
        return target / output

    def register(self, name: str, directory: Path) -> ModelVersion:
        """Register a folder of files. Raises StageError if it has none."""
        return self._add(name, self._store(directory, f"model folder {str(directory)!r} has no files"))

    def list(self) -> Sequence[ModelVersion]:
        """Return all versions, with the aliases, tags and descriptions that scripts set."""
        versions = self._versions.all()
        notes = {name: self._read_notes(name) for name in {version.name for version in versions}}
        return [_add_notes(version, notes[version.name]) for version in versions]

    def download(self, version: ModelVersion, target: Path) -> None:
        """Copy the version's files below `target`. Raises StageError if it has none."""
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
        """Add a version, even if there is one with the same content.

        content: a folder, a file, another version, or None if only an address is known. source: the address that the
        script registered. fields: other fields of the ModelVersion.
        """
        if isinstance(content, ModelVersion):
            files = content.files
        elif content is None:
            files = ()
        elif content.is_file():
            files = (self._objects.add(content),)
        else:
            files = self._store(content, f"{source!r} has no files")
        return self._add(name, files, again=True, source=source, **fields)

    def find_damage(self) -> Iterator[Damage]:
        """Yield the descriptions of versions and names that cannot be read."""
        yield from self._versions.find_damage()
        for folder in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            yield from damage_of(folder / "registry.json", lambda: read_notes(folder))  # noqa: B023 (called at once)

    def _read_notes(self, name: str) -> RegisteredModel | None:
        try:
            return read_notes(self._root / name)
        except StageError as error:
            warn_once(str(error))
            return None

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
            remove_tree(folder)  # left behind by a process that was killed before it wrote the version
            self._objects.materialise(files, folder)
            return version

        return self._versions.add(name, digest, make, again=again)

    def _store(self, folder: Path, missing: str, inside: Path | None = None) -> tuple[File, ...]:
        """Store the files of a folder, or one file. missing: the error if there are none.

        inside: links that lead out of this folder are not followed; None to follow all.
        """
        if inside and leads_out(folder, inside):
            raise StageError("model", f"{missing}, but {OUTSIDE}; copy the files there instead")
        if folder.is_file():
            return (self._objects.add(folder),)
        paths = sorted(found.path for found in walk(folder, inside=inside) if found.problem is None)
        if not paths:
            raise StageError(
                "model",
                f"{missing}; save it there, or give its path: --model NAME=PATH of a script, output_path of a recipe",
            )
        return self._objects.add_all((str(folder / path), path) for path in paths)


def _add_notes(version: ModelVersion, model: RegisteredModel | None) -> ModelVersion:
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
