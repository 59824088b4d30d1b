"""dressage doctor"""

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from dressage.cli.options import On, Output, Set, complete_recipe, open_engine, settings_of
from dressage.errors import DressageError

if TYPE_CHECKING:
    from dressage.records.workspace import Workspace
    from dressage.results.damage import Damage

_ENOUGH_BYTES = 5_000_000_000
_MOST_DAMAGE = 50
"""How many damaged files are listed."""


class Check(NamedTuple):
    name: str
    ok: bool
    finding: str


def doctor(
    recipe: Annotated[
        str | None,
        typer.Argument(
            help="Also check that this recipe or script can be planned.", autocompletion=complete_recipe
        ),
    ] = None,
    on: On = None,
    set_: Set = None,
    output: Output = "table",
) -> None:
    """Check this machine, the workspace, the plugins and, if given, a recipe.

    The exit code is 1 if a check fails.
    """
    from dressage.cli.output import print_json, print_table

    checks = list(_drop_repeated(_run_checks()))
    if recipe:
        checks.append(_check_plan(recipe, on, settings_of(set_)))
    if output == "json":
        print_json([check._asdict() for check in checks])
    else:
        rows = [("ok" if check.ok else "failed", check.name, check.finding) for check in checks]
        print_table(("RESULT", "CHECK", "DETAILS"), rows, {"failed": "red"})
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _drop_repeated(checks: Iterable[Check]) -> Iterator[Check]:
    """Yield each failure once: one cause can make several checks fail."""
    reported = set()
    for check in checks:
        if check.ok or check.finding not in reported:
            yield check
        if not check.ok:
            reported.add(check.finding)


def _run_checks() -> Iterator[Check]:
    for check in (_check_python, _check_uv, _check_configuration, _check_workspace, _check_disk):
        yield _run_check(check)
    yield from _check_files()
    try:
        statuses = open_engine().plugin_statuses()
    except DressageError as error:  # as of a settings file that cannot be read
        yield Check("plugins", False, str(error))
        return
    for status in statuses:
        yield Check(
            f"{status.kind} {status.name}",
            status.error is None,
            status.error or ", ".join(filter(None, (status.source, status.note))),
        )
        if status.kind == "platform" and status.used:
            yield from _diagnose_platform(status.name)


def _check_plan(recipe: str, on: str | None, given: dict[str, Any]) -> Check:
    """Check that the recipe can be planned; a cloud platform also checks quota and machine sizes."""
    from dressage.cli.recipe_arguments import recipe_and_settings
    from dressage.cli.script_options import ScriptOptions

    try:
        name, settings = recipe_and_settings(recipe, [], ScriptOptions(), given)
        plan = open_engine().plan(name, on=on, set=settings)
    except DressageError as error:
        return Check(f"plan {recipe}", False, str(error))
    steps = ", ".join(f"{stage.action} {stage.name}" for stage in plan.stages if stage.action != "none")
    return Check(f"plan {recipe}", True, f"on {plan.platform}: {steps}")


def _diagnose_platform(platform: str) -> Iterator[Check]:
    from dressage.platforms.protocols import Diagnoses

    try:
        found = open_engine().platform(platform)
        diagnosing = found.optional(Diagnoses)
        checks = diagnosing.diagnose() if diagnosing else ()
    except DressageError as error:
        checks = [(platform, False, str(error))]
    for check in checks:
        yield Check(*check)


def _run_check(check: Callable[[], Check]) -> Check:
    try:
        return check()
    except Exception as error:  # any exception in a check is a failed check
        return Check(check.__name__.removeprefix("_check_"), False, str(error))


def _check_python() -> Check:
    return Check("python", sys.version_info >= (3, 11), f"{sys.version.split()[0]} at {sys.executable}")


def _check_uv() -> Check:
    import subprocess

    from uv import find_uv_bin

    version = subprocess.run([find_uv_bin(), "--version"], capture_output=True, text=True, check=True).stdout
    return Check("uv", True, f"{version.strip()}: environments can be built")


def _check_workspace() -> Check:
    workspace = open_engine().workspace
    state = "exists" if workspace.exists else "created by the first run"
    nearest = _find_existing(workspace.root)
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        finding = f"{str(nearest)!r} is not a writable folder; set DRESSAGE_WORKSPACE to another folder"
        return Check("workspace", False, finding)
    if workspace.exists and (problem := _describe_permissions(workspace)):
        return Check("workspace", False, problem)
    return Check("workspace", True, f"{workspace.root} ({state})")


def _describe_permissions(workspace: "Workspace") -> str | None:
    """Return how the folder's permissions differ from the setting, and what to do; None if they do not."""
    engine = open_engine()
    wanted, path = engine.configuration.workspace_mode(), shlex.quote(str(workspace.root))
    if workspace.mode == wanted:
        return None
    commands = [f"chmod -R g=u,o= {path}"] if wanted & 0o070 else [f"chmod -R go= {path}"]
    if wanted & 0o2000:
        commands.append(f"find {path} -type d -exec chmod g+s {{}} +")
    commands.append(f"chmod {wanted:o} {path}")
    return (
        f"{str(workspace.root)!r} has the mode {workspace.mode:o}, but workspace_mode says {wanted:o}; change it:"
        f' {" && ".join(commands)}; or keep it with workspace_mode = "{workspace.mode:o}"'
    )


def _find_existing(path: Path) -> Path:
    """Return the path, or its nearest parent that exists."""
    return next(place for place in (path, *path.parents) if place.exists())


def _check_disk() -> Check:
    import shutil

    from dressage.cli.output import size_of

    free = shutil.disk_usage(_find_existing(open_engine().workspace.root)).free
    return Check(
        "disk",
        free >= _ENOUGH_BYTES,
        f"{size_of(free)} free; an environment needs up to {size_of(_ENOUGH_BYTES)}",
    )


def _check_files() -> Iterator[Check]:
    """Check the files of the workspace; each damaged one is a failed check."""
    try:
        yield from _list_damage(open_engine().find_damage())
    except DressageError:  # the workspace cannot be opened, which another check says
        return


def _list_damage(found: "Iterable[Damage]") -> Iterator[Check]:
    count = 0
    for count, damage in enumerate(found, 1):
        if count <= _MOST_DAMAGE:
            yield Check("files", False, str(damage))
    if count > _MOST_DAMAGE:
        yield Check("files", False, f"{count - _MOST_DAMAGE} more files or lines are damaged")
    if not count:
        yield Check("files", True, "no damaged files in the workspace")


def _check_configuration() -> Check:
    configuration = open_engine().configuration
    configuration.downloads()  # a wrong limit is otherwise an error of the first download
    files = [str(Path(path)) for path, _ in configuration.files]
    return Check("configuration", True, ", ".join(files) or "no dressage.toml; using the defaults")
