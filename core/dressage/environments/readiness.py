"""How an environment stands: what its specification resolved to before, and whether that can still be used."""

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dressage.environments.records import Named, Records, Resolution
from dressage.environments.signatures import platform_tag
from dressage.files.digests import digest_of
from dressage.results.differences import line_differences

if TYPE_CHECKING:
    from dressage.environments.specification import CondaSpecification

_CHOICES = ("UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_TORCH_BACKEND")
"""Settings of uv that choose among versions; a resolution made under others is another one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """resolution: None if the specification is new here. trouble: why what it names cannot be used, if so."""

    resolution: Resolution | None = None
    trouble: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.resolution is not None and self.trouble is None


def readiness_of(records: Records, name: str, conda: str) -> Readiness:
    """The text is looked up first, in a millisecond; only one that is new is read, to find another spelling of it.

    Raises SpecError or StageError for a new specification that is wrong or cannot be built here.
    """
    resolution = records.resolution(digest_of_text(conda))
    if resolution is None:
        from dressage.environments import resolving
        from dressage.environments.specification import parse

        specification = parse(name, conda)
        resolving.check(name, specification)
        resolution = records.resolution(digest_of_specification(specification))
    if resolution is None:
        return Readiness()
    trouble = resolution.python.change or trouble_with(records, resolution.key)
    return Readiness(resolution=resolution, trouble=trouble)


def ready(records: Records, name: str, conda: str) -> Resolution | None:
    """What the specification resolved to, if its environment can be used as it is."""
    found = readiness_of(records, name, conda)
    if found.resolution is None or not found.is_ready:
        return None
    remember(records, name, conda, found.resolution)
    return found.resolution


def remember(records: Records, name: str, conda: str, resolution: Resolution) -> None:
    """Let the very text be found at once, and the name's next plan say what changed."""
    digest = digest_of_text(conda)
    if records.resolution(digest) != resolution:
        records.keep_resolution(digest, resolution)
    records.keep_name(name, Named(key=resolution.key, conda=conda))


def trouble_with(records: Records, key: str) -> str | None:
    """Why the environment of that key cannot be used; None if it can."""
    record, folder = records.built(key), records.folder(key)
    if record is None:
        return f"its folder {str(folder)!r} is gone" if not folder.exists() else "its folder is incomplete"
    if change := record.python.change:
        return change
    if record.location not in (None, folder):
        return f"it was moved from {str(record.location)!r}, and conda packages name their place"
    interpreter = folder / record.interpreter
    return None if interpreter.exists() else f"its interpreter {str(interpreter)!r} is gone"


def reasons_to_build(records: Records, name: str, conda: str, found: Readiness) -> tuple[str, ...]:
    previous = records.named(name)
    if found.resolution is not None and previous is not None:
        same = previous.key == found.resolution.key
        return (found.trouble or "",) if same else (*_changes(previous.conda, conda), "never built")
    if previous is None:
        return ("never built",)
    return _changes(previous.conda, conda) or ("not resolved yet with uv's present settings on this machine",)


def digest_of_text(conda: str) -> str:
    return _digest("text", significant(conda))


def digest_of_specification(specification: "CondaSpecification") -> str:
    return _digest("specification", specification.digest)


def significant(text: str) -> str:
    """The text without comment lines, blank lines and trailing spaces: what stays the same when only these change."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def _digest(kind: str, value: str) -> str:
    return digest_of([kind, value, platform_tag(), {name: os.environ.get(name) for name in _CHOICES}])


def _changes(before: str | None, now: str) -> tuple[str, ...]:
    if before is None:
        return ("was the interpreter at hand",)
    return tuple(
        f"conda specification: {line}" for line in line_differences(significant(before), significant(now))
    )
