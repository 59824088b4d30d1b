"""A job: one run's whole request as its journal keeps it, so that a resume asks no plugin again."""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from msgspec import Struct

from dressage.errors import SettingsError
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.results.versions import Snapshot
from dressage.specs.descriptions import ComputeTarget, Environment, FileDataset, Model

_EXPERIMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")


class Job(Struct, frozen=True, kw_only=True):
    """What was asked for. settings: the recipe's, resolved. snapshot: the kept copy, not the user's folder."""

    run_id: str
    recipe: str
    platform: str
    experiment: str
    settings: Mapping[str, Any]
    compute: ComputeTarget
    environment: Environment
    model: Model
    snapshot: Snapshot
    dataset: FileDataset | None = None
    name: str | None = None
    tags: Mapping[str, str] = {}

    @property
    def key(self) -> str:
        """The same for the same request, whenever and wherever it is made."""
        parts = {
            name: to_json(getattr(self, name))
            for name in ("recipe", "platform", "settings", "compute", "environment", "dataset", "tags")
        }
        model = to_json(self.model) | {"directory": None}
        return digest_of({**parts, "model": model, "snapshot": self.snapshot.digest})


def experiment_of(given: str | None, recipe: str) -> str:
    """The experiment to count a run to: as given, else named after the recipe.

    Raises SettingsError for a name that not every platform takes; the rule is Azure ML's, the narrowest.
    """
    name = given or re.sub(r"[^\w-]", "-", recipe)
    if not _EXPERIMENT.fullmatch(name):
        raise SettingsError(
            f"experiment {name!r} is no name that every platform takes; use up to 255 letters, digits, '_' and '-',"
            " a letter or digit first"
        )
    return name


def new_run_id(recipe: str, folder: Path) -> str:
    """Take an id of its own for a run: the recipe, the time in UTC, four random characters. Makes its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    while True:
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        run_id = f"{recipe}-{stamp}-{os.urandom(2).hex()}"
        try:
            (folder / run_id).mkdir()
        except FileExistsError:
            continue
        return run_id
