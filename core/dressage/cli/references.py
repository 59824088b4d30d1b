"""Find a dataset or model version by reference: NAME:VERSION, NAME@ALIAS, or NAME for the newest."""

from collections.abc import Sequence
from typing import TypeVar

from dressage.errors import NotFoundError, describe_unknown
from dressage.platforms.protocols import Datasets
from dressage.results.versions import DatasetVersion, ModelVersion

V = TypeVar("V", DatasetVersion, ModelVersion)


def find_dataset(datasets: Datasets, reference: str) -> DatasetVersion:
    """Find a dataset version by reference. Raises NotFoundError.

    A platform may list all versions of a dataset only if its name is given.
    """
    name = reference.partition("@")[0].partition(":")[0]
    return find_version("dataset", datasets.list(name) or datasets.list(), reference)


def find_version(kind: str, versions: Sequence[V], reference: str) -> V:
    """Find a version by reference among `versions`. kind: "dataset" or "model". Raises NotFoundError."""
    name, at, alias = reference.partition("@")
    name, _, number = name.partition(":")
    named = [version for version in versions if version.name == name]
    if not named:
        raise NotFoundError(describe_unknown(kind, name, {version.name for version in versions}))
    if at and (number or ":" in alias):
        raise NotFoundError(f"{kind} {reference!r}: give a version or an alias, not both")
    if at:
        return _find_alias(kind, name, alias, named)
    for version in named:
        if str(version.version) == number:
            return version
    if number:
        known = ", ".join(str(version.version) for version in named)
        raise NotFoundError(f"{kind} {name!r} has no version {number!r}; known: {known}")
    return max(named, key=lambda version: version.version)


def _find_alias(kind: str, name: str, alias: str, named: Sequence[V]) -> V:
    aliases = {known: version for version in named for known in getattr(version, "aliases", ())}
    if alias not in aliases:
        known = ", ".join(sorted(aliases)) or "none"
        raise NotFoundError(f"{kind} {name!r} has no alias {alias!r}; known: {known}")
    return aliases[alias]
