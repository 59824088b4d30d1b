"""dressage doctor"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import typer

from dressage.cli.options import As, engine
from dressage.errors import DressageError

_ENOUGH_BYTES = 5_000_000_000


class Check(NamedTuple):
    name: str
    ok: bool
    finding: str


def doctor(output: As = "table") -> None:
    """Check that this machine can train; exits with 1 if something is in the way."""
    from dressage.cli.output import print_json, print_table

    checks = list(_checks())
    if output == "json":
        print_json([check._asdict() for check in checks])
    else:
        rows = [("ok" if check.ok else "no", check.name, check.finding) for check in checks]
        print_table(("", "CHECK", "FINDING"), rows, {"no": "red"})
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _checks() -> Iterator[Check]:
    for check in (_python, _uv, _workspace, _room, _settings):
        yield _made(check)
    for status in engine().plugins.statuses():
        yield Check(f"{status.kind} {status.name}", status.error is None, status.error or status.source)
        if status.kind == "platform" and status.error is None:
            yield from _diagnosed(status.name)


def _diagnosed(platform: str) -> Iterator[Check]:
    from dressage.platform import Diagnoses

    try:
        found = engine().platform(platform)
        checks = found.diagnose() if isinstance(found, Diagnoses) else ()
    except DressageError as error:
        checks = [(platform, False, str(error))]
    for check in checks:
        yield Check(*check)


def _made(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # a check that breaks is a finding, whatever broke it
        return Check(check.__name__.strip("_"), False, str(error))


def _python() -> Check:
    return Check("python", sys.version_info >= (3, 11), f"{sys.version.split()[0]} at {sys.executable}")


def _uv() -> Check:
    import subprocess

    from uv import find_uv_bin

    version = subprocess.run([find_uv_bin(), "--version"], capture_output=True, text=True, check=True).stdout
    return Check("uv", True, f"{version.strip()}: environments can be built")


def _workspace() -> Check:
    workspace = engine().workspace
    state = "is there" if workspace.exists else "made by the first run"
    return Check("workspace", True, f"{workspace.root} ({state})")


def _room() -> Check:
    import shutil

    from dressage.cli.output import size_of

    folder = next(
        parent for parent in (engine().workspace.root, *engine().workspace.root.parents) if parent.is_dir()
    )
    free = shutil.disk_usage(folder).free
    return Check(
        "disk",
        free >= _ENOUGH_BYTES,
        f"{size_of(free)} free; an environment may take {size_of(_ENOUGH_BYTES)}",
    )


def _settings() -> Check:
    files = [str(Path(path)) for path, _ in engine().configuration.files]
    return Check("settings", True, ", ".join(files) or "no dressage.toml; defaults apply")
