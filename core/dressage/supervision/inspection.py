"""Find what is damaged in the files of queues and supervisors."""

from collections.abc import Iterator
from pathlib import Path

from dressage.records.run_folder import RunFolder
from dressage.results.damage import Damage, damage_of
from dressage.supervision.launch import Launch
from dressage.supervision.tickets import TicketQueue


def inspect_queues(root: Path) -> Iterator[Damage]:
    """Yield the tickets that cannot be read or belong to no run. root: the workspace's root."""
    for folder in sorted((root / "compute").glob("[!.]*.queue")):
        for path in TicketQueue(folder).damaged():
            has_run = (root / "runs" / path.name).is_dir()
            yield Damage(
                path=path,
                problem="not a ticket" if has_run else "not the ticket of a run",
                advice=f"continue the run with: dressage resume {path.name}" if has_run else "delete it",
            )


def inspect_launches(root: Path) -> Iterator[Damage]:
    """Yield the launch files that supervisors cannot read."""
    for path in sorted((root / "runs").glob("*/launch.json")):
        advice = f"continue the run with: dressage resume {path.parent.name}"
        is_over = RunFolder(path.parent).refresh().status.has_ended
        yield from () if is_over else damage_of(path, lambda: _read(path), advice)  # noqa: B023 (called at once)


def _read(path: Path) -> None:
    try:
        Launch.read(path)
    except TypeError as error:
        raise ValueError(str(error)) from error
