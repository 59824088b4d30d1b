"""Metadata of registered models that may change, in models/NAME/registry.json.

These are the descriptions, tags, aliases and stages that MLflow's clients set. A name that was registered by a recipe
or by a user has no such file and no such metadata.
"""

import json
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from dressage.errors import StageError
from dressage.files.atomic import write_json
from dressage.files.disk import describe
from dressage.files.encoding import from_json, to_json
from dressage.files.regular import read_regular


class VersionNotes(Struct, kw_only=True):
    """Metadata of a version that may change, and the run and logged model that it came from. Times: ms since 1970."""

    created_ms: int
    updated_ms: int
    run_id: str | None = None
    model_id: str | None = None
    run_link: str | None = None
    description: str | None = None
    stage: str = "None"
    tags: dict[str, str | None] = field(default_factory=dict)

    def tags_over(self, tags: Mapping[str, str]) -> dict[str, str]:
        """Return `tags` with these notes' tags applied; a value of None deletes a tag."""
        return {key: value for key, value in {**tags, **self.tags}.items() if value is not None}


class RegisteredModel(Struct, kw_only=True):
    """A name in the registry. aliases: each alias with its version's number. versions: notes by version number."""

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
    """Read the metadata of the name with this folder; None if it has none. Raises StageError if it is damaged."""
    path = folder / "registry.json"
    try:
        return from_json(RegisteredModel, json.loads(read_regular(path)))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, TypeError, RecursionError) as error:
        then = "move it elsewhere: the aliases, tags and descriptions are lost, the versions are kept"
        raise StageError("model", f"{str(path)!r} is damaged ({describe(error)}); {then}") from error


def write_notes(folder: Path, model: RegisteredModel) -> None:
    write_json(folder / "registry.json", to_json(model), indent=1, durable=True)
