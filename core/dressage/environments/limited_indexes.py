"""Indexes that only named packages come from.

A requirements file cannot limit an index. uv reads such a limit from a project: the requirements of these packages
become the dependencies of a pyproject.toml, in which each index is explicit.
"""

import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from dressage.environments.hashes import package_of, split_entries
from dressage.environments.package_sources import PackageSources


def write_inputs(
    folder: Path, requirements: Iterable[str], options: Iterable[str], sources: PackageSources
) -> list[str]:
    """Write the requirements to files in `folder`, and return their paths, for `uv pip compile`."""
    limited = [line for line in requirements if sources.index_of(package_of(line))]
    others = [line for line in requirements if line not in limited]
    wanted = folder / "requirements.in"
    wanted.write_text("".join(f"{line}\n" for line in (*options, *others)))
    if not limited:
        return [str(wanted)]
    project = folder / "limited" / "pyproject.toml"
    project.parent.mkdir()
    project.touch(0o600)  # a configured address may contain a token
    project.write_text("".join(f"{line}\n" for line in _project(limited, sources)))
    return [str(wanted), str(project)]


def split_lock(lock: str, sources: PackageSources) -> Iterator[tuple[str, PackageSources]]:
    """Yield each part of a lock, with the sources that its packages come from."""
    entries = list(split_entries(lock))
    for name in (None, *sources.packages):
        part = [entry for entry in entries if sources.index_of(package_of(entry)) == name]
        if part:
            yield "".join(part), sources.only(name)


def _project(requirements: Iterable[str], sources: PackageSources) -> Iterator[str]:
    # uv ignores hashes of requirements; they are applied to the lock.
    lines = [re.split(r"\s--hash\b", line)[0] for line in requirements]
    yield "[project]"
    yield 'name = "environment"'
    yield 'version = "0"'
    yield f"dependencies = {json.dumps(lines)}"
    for name in sources.packages:
        yield "[[tool.uv.index]]"
        yield f"name = {json.dumps(name)}"
        yield f"url = {json.dumps(sources.address_without_credentials(name))}"
        yield "explicit = true"
    yield "[tool.uv.sources]"
    for line in lines:
        package = package_of(line)
        yield f"{json.dumps(package)} = {{ index = {json.dumps(sources.index_of(package))} }}"
