"""Changeable metadata of registered models, beside their versions' content: models/NAME/registry.json.

Descriptions, tags, aliases and stages, as MLflow's clients set them. A name without that file was registered by a
recipe or by hand; it has no such metadata.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from dressage.errors import StageError
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
    tags: dict[str, str | None] = field(default_factory=dict)

    def tags_over(self, tags: Mapping[str, str]) -> dict[str, str]:
        """The version's own tags with these on top; None deletes one."""
        return {key: value for key, value in {**tags, **self.tags}.items() if value is not None}


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
    path = folder / "registry.json"
    try:
        return from_json(RegisteredModel, json.loads(path.read_text()))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, RecursionError) as error:
        raise StageError(
            "model",
            f"{str(path)!r} is damaged ({error}); move it away: its aliases, tags and descriptions are lost with it,"
            " the versions are not",
        ) from error


def write_notes(folder: Path, model: RegisteredModel) -> None:
    write_json(folder / "registry.json", to_json(model), indent=1)
