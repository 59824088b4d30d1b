"""What may change of a registered model, beside its versions' content: models/NAME/registry.json.

Descriptions, tags, aliases and stages, as MLflow's clients set them. A name without that file was registered by a
recipe or by hand, and has none of those.
"""

import json
from pathlib import Path

from msgspec import Struct, field

from dressage.files.atomic import write_json
from dressage.files.encoding import from_json, to_json


class VersionNotes(Struct, kw_only=True):
    """What may change of a version, and whose run and logged model it was made from. Times: ms since 1970."""

    created_ms: int
    updated_ms: int
    run_id: str | None = None
    model_id: str | None = None
    run_link: str | None = None
    description: str | None = None
    stage: str = "None"
    tags: dict[str, str] = field(default_factory=dict)


class RegisteredModel(Struct, kw_only=True):
    """A name in the registry. aliases: the number of the version that each names. versions: notes by number."""

    name: str
    created_ms: int
    updated_ms: int
    description: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, int] = field(default_factory=dict)
    versions: dict[str, VersionNotes] = field(default_factory=dict)

    def aliases_of(self, number: int) -> list[str]:
        return [alias for alias, named in self.aliases.items() if named == number]


def read_notes(folder: Path) -> RegisteredModel | None:
    """Of the name whose folder it is."""
    try:
        return from_json(RegisteredModel, json.loads((folder / "registry.json").read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return None


def write_notes(folder: Path, model: RegisteredModel) -> None:
    write_json(folder / "registry.json", to_json(model), indent=1)
