"""Whether an environment is ready: it was resolved before, and what was built can still be used."""

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from dressage.environments.records import NamedEnvironment, Records, Resolution
from dressage.environments.signatures import platform_tag
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.results.differences import differences, line_differences
from dressage.specs.environments import Environment, Project

if TYPE_CHECKING:
    from dressage.environments.specification import Specification

_CHOICES = ("UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_RESOLUTION", "UV_TORCH_BACKEND")
"""Settings of uv that affect which versions it chooses; they are part of the digest."""

_DESCRIPTION = ("conda", "requirements", "constraints", "project", "builds", "indexes", "find_links")
"""The fields of an Environment from which it is built."""


class Readiness(Struct, frozen=True, kw_only=True):
    """resolution: None if the specification was never resolved. problem: why the environment is not usable."""

    resolution: Resolution | None = None
    problem: str | None = None

    @property
    def is_ready(self) -> bool:
        return self.resolution is not None and self.problem is None


def readiness_of(records: Records, environment: Environment) -> Readiness:
    """Return whether the environment is ready.

    The text is looked up first, in a millisecond. Only a new text is parsed, to find an equal specification that is
    written differently. Raises SpecError or StageError if a new specification is wrong or cannot be built here.
    """
    resolution = records.read_resolution(digest_of_text(environment))
    if resolution is None:
        from dressage.environments import resolving
        from dressage.environments.parsing import parse

        specification = parse(environment)
        resolving.check(environment.name, specification)
        resolution = records.read_resolution(digest_of_specification(specification))
    if resolution is None:
        return Readiness()
    problem = resolution.python.change or find_problem(records, resolution.key)
    return Readiness(resolution=resolution, problem=problem)


def find_ready(records: Records, environment: Environment) -> Resolution | None:
    """Return the environment's resolution if it is ready to use, else None."""
    found = readiness_of(records, environment)
    if found.resolution is None or not found.is_ready:
        return None
    remember(records, environment, found.resolution)
    return found.resolution


def remember(records: Records, environment: Environment, resolution: Resolution) -> None:
    """Record the text, so that it is found quickly, and the name, so that its next plan can say what changed."""
    digest = digest_of_text(environment)
    if records.read_resolution(digest) != resolution:
        records.keep_resolution(digest, resolution)
    description = {name: getattr(environment, name) for name in _DESCRIPTION}
    description["indexes"] = tuple(map(str, environment.indexes))
    records.keep_name(environment.name, NamedEnvironment(key=resolution.key, **description))


def find_problem(records: Records, key: str) -> str | None:
    """Return why the environment with this key cannot be used; None if it can."""
    record, folder = records.read_environment(key), records.folder(key)
    if record is None:
        return (
            f"its folder {str(folder)!r} no longer exists"
            if not folder.exists()
            else "its folder is incomplete"
        )
    if change := record.python.change:
        return change
    if record.location not in (None, folder):
        return f"it was moved from {str(record.location)!r}, but its conda packages contain that path"
    interpreter = folder / record.interpreter
    return None if interpreter.exists() else f"its interpreter {str(interpreter)!r} no longer exists"


def reasons_to_build(records: Records, environment: Environment, found: Readiness) -> tuple[str, ...]:
    """Return why the environment has to be built, one line per reason."""
    previous = records.read_name(environment.name)
    if found.resolution is not None and previous is not None:
        same = previous.key == found.resolution.key
        return (found.problem or "",) if same else (*_changes(previous, environment), "never built")
    if previous is None:
        return ("never built",)
    return tuple(_changes(previous, environment)) or (
        "not resolved yet with uv's current settings on this machine",
    )


def digest_of_text(environment: Environment) -> str:
    """Return the digest of the environment's texts, without parsing them."""
    others = ("requirements", "constraints", "project", "builds", "indexes", "find_links")
    if not any(getattr(environment, name) not in (None, ()) for name in others):
        return _digest("text", strip_comments(environment.conda or ""))
    texts = [text and strip_comments(text) for text in (environment.conda, environment.requirements)]
    content: list[Any] = [*texts, tuple(map(str, environment.indexes)), environment.find_links]
    if environment.constraints is not None or environment.project is not None:
        content += [strip_comments(environment.constraints or ""), to_json(environment.project)]
    if environment.builds:
        content += [environment.builds, environment.source and environment.source.digest]
    return _digest("texts", content)


def digest_of_specification(specification: "Specification") -> str:
    """Return the digest of the parsed texts, which is equal for texts with the same meaning."""
    return _digest("specification", specification.digest)


def strip_comments(text: str) -> str:
    """Return the text without comment lines, blank lines and trailing spaces."""
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))


def _digest(kind: str, value: Any) -> str:
    return digest_of([kind, value, platform_tag(), {name: os.environ.get(name) for name in _CHOICES}])


def _changes(before: NamedEnvironment, now: Environment) -> Iterator[str]:
    if before.conda is None and before.requirements is None and before.project is None:
        yield "was the active Python interpreter"
        return
    for what, old, new in (
        ("conda specification", before.conda, now.conda),
        ("requirements", before.requirements, now.requirements),
        ("constraints", before.constraints, now.constraints),
        *_project_texts(before.project, now.project),
    ):
        lines = line_differences(strip_comments(old or ""), strip_comments(new or ""))
        yield from (f"{what}: {line}" for line in lines)
    for what in ("builds", "indexes", "find_links"):
        old, new = (", ".join(map(str, getattr(one, what))) or None for one in (before, now))
        yield from differences({what: old}, {what: new})
    if (before.project and before.project.lock) != (now.project and now.project.lock):
        yield "uv.lock changed"


def _project_texts(
    before: Project | None, now: Project | None
) -> Iterator[tuple[str, str | None, str | None]]:
    """Yield the old and the new text of each pyproject.toml, and of the names of extras and groups."""
    old, new = (dict(project.files) if project else {} for project in (before, now))
    for folder in sorted({*old, *new}):
        what = "pyproject.toml" if folder == "." else f"{folder}/pyproject.toml"
        yield what, old.get(folder), new.get(folder)
    for what in ("extras", "groups"):
        first, second = ("\n".join(getattr(project, what)) if project else None for project in (before, now))
        yield what, first, second
