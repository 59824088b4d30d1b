"""How an environment stands: what its specification resolved to before, and whether that can still be used."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dressage.environments.records import Named, Records, Resolution
from dressage.environments.signatures import platform_tag
from dressage.files.digests import digest_of
from dressage.results.differences import differences, line_differences
from dressage.specs.environments import Environment

if TYPE_CHECKING:
    from dressage.environments.specification import Specification

_CHOICES = ("UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_TORCH_BACKEND")
"""Settings of uv that choose among versions; a resolution made under others is another one."""

_ASKED = ("conda", "requirements", "indexes", "find_links")
"""What an environment is built of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """resolution: None if the specification is new here. trouble: why what it names cannot be used, if so."""

    resolution: Resolution | None = None
    trouble: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.resolution is not None and self.trouble is None


def readiness_of(records: Records, environment: Environment) -> Readiness:
    """The text is looked up first, in a millisecond; only one that is new is read, to find another spelling of it.

    Raises SpecError or StageError for a new specification that is wrong or cannot be built here.
    """
    resolution = records.resolution(digest_of_text(environment))
    if resolution is None:
        from dressage.environments import resolving
        from dressage.environments.parsing import parse

        specification = parse(environment)
        resolving.check(environment.name, specification)
        resolution = records.resolution(digest_of_specification(specification))
    if resolution is None:
        return Readiness()
    trouble = resolution.python.change or trouble_with(records, resolution.key)
    return Readiness(resolution=resolution, trouble=trouble)


def ready(records: Records, environment: Environment) -> Resolution | None:
    """What the specification resolved to, if its environment can be used as it is."""
    found = readiness_of(records, environment)
    if found.resolution is None or not found.is_ready:
        return None
    remember(records, environment, found.resolution)
    return found.resolution


def remember(records: Records, environment: Environment, resolution: Resolution) -> None:
    """Let the very text be found at once, and the name's next plan say what changed."""
    digest = digest_of_text(environment)
    if records.resolution(digest) != resolution:
        records.keep_resolution(digest, resolution)
    asked = {name: getattr(environment, name) for name in _ASKED}
    records.keep_name(environment.name, Named(key=resolution.key, **asked))


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


def reasons_to_build(records: Records, environment: Environment, found: Readiness) -> tuple[str, ...]:
    previous = records.named(environment.name)
    if found.resolution is not None and previous is not None:
        same = previous.key == found.resolution.key
        return (found.trouble or "",) if same else (*_changes(previous, environment), "never built")
    if previous is None:
        return ("never built",)
    return tuple(_changes(previous, environment)) or (
        "not resolved yet with uv's present settings on this machine",
    )


def digest_of_text(environment: Environment) -> str:
    if environment.requirements is None and not environment.indexes and not environment.find_links:
        return _digest("text", significant(environment.conda or ""))
    texts = [text and significant(text) for text in (environment.conda, environment.requirements)]
    return _digest("texts", [*texts, environment.indexes, environment.find_links])


def digest_of_specification(specification: "Specification") -> str:
    return _digest("specification", specification.digest)


def significant(text: str) -> str:
    """The text without comment lines, blank lines and trailing spaces: what stays the same when only these change."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def _digest(kind: str, value: Any) -> str:
    return digest_of([kind, value, platform_tag(), {name: os.environ.get(name) for name in _CHOICES}])


def _changes(before: Named, now: Environment) -> Iterator[str]:
    if before.conda is None and before.requirements is None:
        yield "was the active Python interpreter"
        return
    for what, old, new in (
        ("conda specification", before.conda, now.conda),
        ("requirements", before.requirements, now.requirements),
    ):
        lines = line_differences(significant(old or ""), significant(new or ""))
        yield from (f"{what}: {line}" for line in lines)
    for what in ("indexes", "find_links"):
        old, new = (", ".join(getattr(one, what)) or None for one in (before, now))
        yield from differences({what: old}, {what: new})
