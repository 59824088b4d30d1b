"""The model registry as MLflow's clients see it: names with aliases, tags and versions.

A version's content and lineage never change; metadata that may change is in `dressage.storage.registry_notes`.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dressage.errors import StageError
from dressage.files.trees import remove_tree
from dressage.records.workspace import Workspace
from dressage.results.damage import warn_once
from dressage.results.versions import ModelVersion
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore
from dressage.storage.registry_notes import RegisteredModel, VersionNotes, read_notes, write_notes
from dressage.storage.versions import Versions


class ModelRegistry:
    """The registered models of a workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root / "models"
        self._objects = ObjectStore(workspace.root / "objects")
        self._models = StoredModels(workspace)
        self._versions = Versions(self._root, ModelVersion)

    def names(self) -> list[str]:
        """Return the registered names, sorted."""
        if not self._root.is_dir():
            return []
        names = sorted(folder.name for folder in self._root.iterdir() if not folder.name.startswith("."))
        return [name for name in names if self._is_readable(name)]

    def _is_readable(self, name: str) -> bool:
        try:
            return self.find(name) is not None
        except StageError as error:
            warn_once(str(error))
            return False

    def notes_of(self, model: RegisteredModel, version: ModelVersion) -> VersionNotes:
        """Return a version's notes; a version that was added after `model` was read has default ones."""
        return model.versions.get(str(version.version)) or _notes_of(version)

    def find(self, name: str) -> RegisteredModel | None:
        """Return a registered model; None if the name is not registered."""
        model = read_notes(self._root / name)
        versions = self.versions(name)
        if model is None and not versions:
            return None
        times = [_ms(version.created) for version in versions] or [0]
        model = model or RegisteredModel(name=name, created_ms=min(times), updated_ms=max(times))
        for version in versions:
            model.versions.setdefault(str(version.version), _notes_of(version))
        model.name = name
        return model

    def versions(self, name: str) -> list[ModelVersion]:
        """Return the versions of a name, the newest first."""
        return list(self._versions.of(name)) if (self._root / name).is_dir() else []

    def version(self, name: str, number: int) -> ModelVersion | None:
        """Return one version; None if it does not exist."""
        return self._versions.get(name, number)

    def create(self, model: RegisteredModel) -> None:
        """Add a name. Raises FileExistsError if it is registered already."""
        with self._versions.lock(model.name):
            if self.find(model.name):
                raise FileExistsError(model.name)
            write_notes(self._root / model.name, model)

    @contextmanager
    def edit(self, name: str) -> Iterator[RegisteredModel]:
        """Lock a model, and save the changes made in the block. Raises LookupError if the name is not registered."""
        with self._versions.lock(name):
            model = self.find(name)
            if model is None:
                self._versions.forget(name)
                raise LookupError(name)
            yield model
            write_notes(self._root / name, model)

    def add(
        self, name: str, content: Path | ModelVersion | None, source: str, notes: VersionNotes, **fields: Any
    ) -> ModelVersion:
        """Add a version. content: a folder or file, another version, or None if there is only an address.

        fields: other fields of the ModelVersion.
        """
        version = self._models.add_version(name, content, source=source, **fields)
        with self.edit(name) as model:
            model.versions[str(version.version)] = notes
            model.updated_ms = notes.created_ms
        return version

    def rename(self, name: str, new_name: str) -> None:
        """Rename a model. Raises LookupError if `name` is not registered, FileExistsError if `new_name` is."""
        first, second = sorted((name, new_name))
        with self._versions.lock(first), self._versions.lock(second):
            if self.find(name) is None:
                raise LookupError(name)
            if self.find(new_name):
                raise FileExistsError(new_name)
            self._versions.forget(new_name)
            (self._root / name).rename(self._root / new_name)

    def delete(self, name: str) -> None:
        """Remove a name with all its versions; files that are hard-linked elsewhere stay there."""
        with self._versions.lock(name):
            (self._root / name).rename(self._root.with_name(f".models.{os.urandom(8).hex()}.deleted"))
        for left in self._root.parent.glob(".models.*.deleted"):  # including those of killed processes
            remove_tree(left)

    def delete_version(self, name: str, number: int, *, now_ms: int) -> None:
        """Remove a version and its aliases."""
        with self.edit(name) as model:
            self._versions.delete(name, number)
            model.versions.pop(str(number), None)
            model.aliases = {alias: named for alias, named in model.aliases.items() if named != number}
            model.updated_ms = now_ms

    def copy_to(self, version: ModelVersion, folder: Path) -> Path:
        """Copy the version's files into a new folder below `folder`, in which MLflow's client may add a file.

        The folder's name contains the digest, because a name may be deleted and registered again with other content.
        """
        target = folder / f"{version.name}-{version.version}-{version.digest[:12]}"
        if not target.is_dir():
            temporary = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
            self._objects.copy_out(version.files, temporary)
            temporary.mkdir(parents=True, exist_ok=True)
            try:
                temporary.rename(target)
            except OSError:  # another request has created it
                shutil.rmtree(temporary, ignore_errors=True)
        return target


def _notes_of(version: ModelVersion) -> VersionNotes:
    """Create the notes of a version that was registered by a recipe or by a user."""
    created = _ms(version.created)
    run_id = version.lineage.run_id if version.lineage else None
    return VersionNotes(created_ms=created, updated_ms=created, run_id=run_id)


def _ms(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)
