"""Install a resolution into a folder."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dressage.environments import conda_packages
from dressage.environments.build_folders import BuildFolder
from dressage.environments.limited_indexes import split_lock
from dressage.environments.project_locks import index_arguments
from dressage.environments.records import BuiltEnvironment, Resolution, write
from dressage.environments.uv_process import Uv
from dressage.platforms.protocols import Progress
from dressage.specs.environments import Project


def assemble(
    resolution: Resolution,
    record: BuiltEnvironment,
    place: BuildFolder,
    final: Path,
    uv: Uv,
    progress: Progress,
    project: Project | None = None,
) -> None:
    """Build the environment with its record in the build folder, so that one rename publishes it.

    final: the path that it will have. project: whose indexes the packages come from.
    """
    environment = place.environment
    if resolution.packages:
        progress(f"installing {len(resolution.packages)} conda packages", 0, len(resolution.packages))
        conda_packages.install(uv.name, resolution.channels, resolution.packages, environment, final)
    else:
        python = str(resolution.python.executable)
        uv.run(
            "creating it",
            "venv",
            "--no-project",
            "--relocatable",
            "--quiet",
            "--python",
            python,
            str(environment),
        )
    _install(resolution, place, uv, progress, project)
    if resolution.packages:
        _rename_interpreter(environment, final)
    (environment / "lock.txt").write_text(resolution.lock)
    write(environment / "environment.json", record)


def _install(
    resolution: Resolution, place: BuildFolder, uv: Uv, progress: Progress, project: Project | None
) -> None:
    parts = list(split_lock(resolution.requirements, uv.sources))
    total = sum(len(_first_lines(lock)) for lock, _ in parts)
    listed = place.folder / "requirements.txt"
    for number, (lock, sources) in enumerate(parts, 1):
        listed.write_text("".join(f"{option}\n" for option in resolution.options) + lock)
        # Only commits of source repositories have no hash; the commit id is a digest itself.
        hashes = ["--require-hashes"] if all(line.endswith("\\") for line in _first_lines(lock)) else []
        arguments = [
            "--no-deps",
            *hashes,
            *(["--compile-bytecode"] if number == len(parts) else []),
            "--python",
            str(place.environment / "bin" / "python"),
            "--requirements",
            str(listed),
            *(index_arguments(project, place) if project else ()),
        ]
        on_line = _report_phases(total, progress)
        replace(uv, sources=sources).run(
            "installing its packages", "pip", "install", *arguments, on_line=on_line
        )


def _first_lines(lock: str) -> list[str]:
    """Return the line of each package, without those of its hashes."""
    return [line for line in lock.splitlines() if not line[:1].isspace()]


def _report_phases(total: int, progress: Progress) -> Callable[[str], None]:
    """Create a function that reports progress from uv's messages: without a terminal, uv draws no progress bars."""
    what = f"installing {total} package{'s' if total > 1 else ''}"
    progress(what, 0, total)

    def report(line: str) -> None:
        if match := re.match(r"\s*Downloading (\S+ \([^)]*\))", line):
            progress(f"downloading {match[1]}", 0, None)
        elif line.startswith("Prepared"):
            progress(what, 0, total)
        elif line.startswith("Installed"):
            progress(what, total, total)
            progress("compiling bytecode", 0, None)

    return report


def _rename_interpreter(environment: Path, final: Path) -> None:
    """Change the interpreter's path in console scripts of a conda prefix from the build path to the final one."""
    before, after = f"{environment}/".encode(), f"{final}/".encode()
    for script in (environment / "bin").iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if content.startswith(b"#!") and before in content:
            script.write_bytes(_shorten_first_line(content.replace(before, after)))


def _shorten_first_line(script: bytes) -> bytes:
    """Start the interpreter with the shell if the `#!` line is longer than the 127 bytes that Linux reads."""
    first, _, rest = script.partition(b"\n")
    if len(first) <= 127:
        return script
    interpreter = first.removeprefix(b"#!").strip()
    return b"#!/bin/sh\n'''exec' '%s' \"$0\" \"$@\"\n' '''\n%s" % (interpreter, rest)
