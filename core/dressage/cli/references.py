"""Names with versions, as people type them: "keras-mnist:2", or "keras-mnist" for the newest."""

from collections.abc import Sequence
from typing import TypeVar

from dressage.errors import NotFoundError, unknown
from dressage.handles import DatasetVersion, ModelVersion

V = TypeVar("V", DatasetVersion, ModelVersion)


def find(kind: str, versions: Sequence[V], reference: str) -> V:
    """Raises NotFoundError."""
    name, _, number = reference.partition(":")
    named = [version for version in versions if version.name == name]
    if not named:
        raise NotFoundError(unknown(kind, name, {version.name for version in versions}))
    for version in named:
        if str(version.version) == number:
            return version
    if number:
        known = ", ".join(str(version.version) for version in named)
        raise NotFoundError(f"{kind} {name!r} has no version {number!r}; known: {known}")
    return max(named, key=lambda version: version.version)
