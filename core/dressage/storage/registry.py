"""The registry of models as MLflow's clients see it: names with aliases, tags and versions.

A version's content and where it came from never change; what may change is in `dressage.storage.registry_notes`.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from dressage.files.trees import remove_tree
from dressage.records.workspace import Workspace
from dressage.results.versions import ModelVersion
from dressage.storage.models import StoredModels
from dressage.storage.objects import ObjectStore
from dressage.storage.registry_notes import RegisteredModel, VersionNotes, read_notes, write_notes
from dressage.storage.versions import Versions


class ModelRegistry:
    """workspace: whose models they are."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root / "models"
        self._objects = ObjectStore(workspace.root / "objects")
        self._models = StoredModels(workspace)
        self._versions = Versions(self._root, ModelVersion)

    def names(self) -> list[str]:
        if not self._root.is_dir():
            return []
        names = sorted(folder.name for folder in self._root.iterdir() if not folder.name.startswith("."))
        return [name for name in names if self.find(name)]

    def notes_of(self, model: RegisteredModel, version: ModelVersion) -> VersionNotes:
        """A version may be newer than what was read of its name."""
        return model.versions.get(str(version.version)) or _notes_of(version)

    def find(self, name: str) -> RegisteredModel | None:
        """A name, if it is registered."""
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
        """A name's versions, the newest first."""
        return list(self._versions.of(name)) if (self._root / name).is_dir() else []

    def version(self, name: str, number: int) -> ModelVersion | None:
        return self._versions.get(name, number)

    def create(self, model: RegisteredModel) -> None:
        """Add a name. Raises FileExistsError if there is such a name already."""
        with self._versions.lock(model.name):
            if self.find(model.name):
                raise FileExistsError(model.name)
            write_notes(self._root / model.name, model)

    @contextmanager
    def changing(self, name: str) -> Iterator[RegisteredModel]:
        """A name to change, under its lock; written at the end of the block. Raises LookupError if there is none."""
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
        """A new version. content: a folder or file, another version, or None where there is only an address.

        fields: of the ModelVersion.
        """
        version = self._models.add_version(name, content, source=source, **fields)
        with self.changing(name) as model:
            model.versions[str(version.version)] = notes
            model.updated_ms = notes.created_ms
        return version

    def rename(self, name: str, new_name: str) -> None:
        """Raises FileExistsError if there is such a name already, LookupError if there is none to rename."""
        first, second = sorted((name, new_name))
        with self._versions.lock(first), self._versions.lock(second):
            if self.find(name) is None:
                raise LookupError(name)
            if self.find(new_name):
                raise FileExistsError(new_name)
            self._versions.forget(new_name)
            (self._root / name).rename(self._root / new_name)

    def delete(self, name: str) -> None:
        """Remove a name with all of its versions; their bytes stay as long as something else has them."""
        with self._versions.lock(name):
            (self._root / name).rename(self._root.with_name(f".models.{os.urandom(8).hex()}.deleted"))
        for left in self._root.parent.glob(".models.*.deleted"):  # ours, and any whose remover was killed
            remove_tree(left)

    def delete_version(self, name: str, number: int, *, now_ms: int) -> None:
        """Remove a version and the aliases that name it."""
        with self.changing(name) as model:
            self._versions.delete(name, number)
            model.versions.pop(str(number), None)
            model.aliases = {alias: named for alias, named in model.aliases.items() if named != number}
            model.updated_ms = now_ms

    def copy_to(self, version: ModelVersion, folder: Path) -> Path:
        """Copy the version's files into a folder below `folder`, where MLflow's client may write a note beside them.

        The folder is called after its content too: a name may have been deleted and made again.
        """
        target = folder / f"{version.name}-{version.version}-{version.digest[:12]}"
        if not target.is_dir():
            aside = target.with_name(f".{target.name}.{os.urandom(8).hex()}")
            self._objects.copy_out(version.files, aside)
            aside.mkdir(parents=True, exist_ok=True)
            try:
                aside.rename(target)
            except OSError:  # another request was first
                shutil.rmtree(aside, ignore_errors=True)
        return target


def _notes_of(version: ModelVersion) -> VersionNotes:
    """Of a version that was registered by a recipe or by hand."""
    created = _ms(version.created)
    run_id = version.lineage.run_id if version.lineage else None
    return VersionNotes(created_ms=created, updated_ms=created, run_id=run_id)


def _ms(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp() * 1000)
