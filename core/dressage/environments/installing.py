"""From a resolution to a folder that runs scripts."""

import re
from collections.abc import Callable
from pathlib import Path

from dressage.environments import conda_packages
from dressage.environments.build_folders import Aside
from dressage.environments.records import Built, Resolution, write
from dressage.environments.uv_process import Uv
from dressage.platforms.protocols import Progress


def assemble(
    resolution: Resolution, record: Built, place: Aside, final: Path, uv: Uv, progress: Progress
) -> None:
    """Make the environment aside, whole with its record, so that one rename publishes it."""
    environment = place.environment
    if resolution.packages:
        progress(f"installing {len(resolution.packages)} conda packages", 0, len(resolution.packages))
        conda_packages.install(uv.name, resolution.channels, resolution.packages, environment, final)
    else:
        python = str(resolution.python.executable)
        uv.run(
            "making it",
            "venv",
            "--no-project",
            "--relocatable",
            "--quiet",
            "--python",
            python,
            str(environment),
        )
    _install(resolution, place, uv, progress)
    if resolution.packages:
        _rename_interpreter(environment, final)
    (environment / "lock.txt").write_text(resolution.lock)
    write(environment / "environment.json", record)


def _install(resolution: Resolution, place: Aside, uv: Uv, progress: Progress) -> None:
    lock = [line for line in resolution.requirements.splitlines() if not line[:1].isspace()]
    if not lock:
        return
    listed = place.folder / "requirements.txt"
    listed.write_text("".join(f"{option}\n" for option in resolution.options) + resolution.requirements)
    # Only a source repository's commit comes without a hash; it is a digest itself.
    hashes = ["--require-hashes"] if all(line.endswith("\\") for line in lock) else []
    python = str(place.environment / "bin" / "python")
    arguments = [
        "--no-deps",
        *hashes,
        "--compile-bytecode",
        "--python",
        python,
        "--requirements",
        str(listed),
    ]
    heard = _phases(len(lock), progress)
    uv.run("installing its packages", "pip", "install", *arguments, heard=heard)


def _phases(total: int, progress: Progress) -> Callable[[str], None]:
    """Progress from what uv says between its phases: it draws no bars off a terminal."""
    what = f"installing {total} package{'s' if total > 1 else ''}"
    progress(what, 0, total)

    def heard(line: str) -> None:
        if match := re.match(r"\s*Downloading (\S+ \([^)]*\))", line):
            progress(f"downloading {match[1]}", 0, None)
        elif line.startswith("Prepared"):
            progress(what, 0, total)
        elif line.startswith("Installed"):
            progress(what, total, total)
            progress("compiling bytecode", 0, None)

    return heard


def _rename_interpreter(environment: Path, final: Path) -> None:
    """Console scripts of a conda prefix name their interpreter by its full path, the one it is built at."""
    written, meant = f"{environment}/".encode(), f"{final}/".encode()
    for script in (environment / "bin").iterdir():
        if script.is_symlink() or not script.is_file():
            continue
        content = script.read_bytes()
        if content.startswith(b"#!") and written in content:
            script.write_bytes(_with_short_first_line(content.replace(written, meant)))


def _with_short_first_line(script: bytes) -> bytes:
    """Linux reads 127 bytes of a `#!` line; beyond that, the shell starts the interpreter."""
    first, _, rest = script.partition(b"\n")
    if len(first) <= 127:
        return script
    interpreter = first.removeprefix(b"#!").strip()
    return b"#!/bin/sh\n'''exec' '%s' \"$0\" \"$@\"\n' '''\n%s" % (interpreter, rest)
