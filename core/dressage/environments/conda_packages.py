"""Conda packages, installed with py-rattler, which is an extra of dressage. Only this module uses its API."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from dressage.environments.installation import extra_command
from dressage.errors import StageError

_CHANNELS = ("conda-forge",)


@dataclass(frozen=True, slots=True)
class Solution:
    """A solved environment. python: its Python version. packages: one spec per package, with the file's SHA-256."""

    python: str
    packages: tuple[str, ...]


def check_available(name: str, packages: Sequence[str]) -> None:
    """Raises StageError if there are packages and rattler is not installed."""
    if packages and find_spec("rattler") is None:
        raise StageError(
            "environment",
            f"environment {name!r} requires conda packages ({', '.join(packages)}), which need py-rattler:"
            f" {extra_command('conda')}; or list their PyPI names below '- pip:'",
        )


def solve(name: str, channels: Sequence[str], specs: Sequence[str]) -> Solution:
    """Find packages that satisfy the specs. Raises StageError."""
    records = _run(name, "solving its conda packages", lambda: _records(channels, specs))
    python = next(str(record.version) for record in records if record.name.normalized == "python")
    return Solution(python, tuple(sorted(map(_exact, records))))


def install(name: str, channels: Sequence[str], packages: Sequence[str], prefix: Path, final: Path) -> None:
    """Install solved packages into `prefix`; files that contain their own path contain `final` instead."""

    async def link() -> None:
        records = await _records(channels, packages)
        await import_module("rattler").install(
            records, prefix, show_progress=False, alternative_target_prefix=final
        )

    _run(name, "installing its conda packages", link)


async def _records(channels: Sequence[str], specs: Sequence[str]) -> list[Any]:
    rattler: Any = import_module("rattler")
    records: list[Any] = await rattler.solve(
        [source for channel in channels or _CHANNELS for source in _sources(channel)],
        [rattler.MatchSpec(spec) for spec in specs],
        virtual_packages=rattler.VirtualPackage.detect(),
    )
    return records


def _sources(channel: str) -> tuple[str, ...]:
    """Replace the channel names that have a special meaning in conda."""
    return {"defaults": ("main", "r"), "nodefaults": ()}.get(channel, (channel,))


def _exact(record: Any) -> str:
    return (
        f'{record.name.normalized}[version="=={record.version}",build="{record.build}",'
        f'sha256="{record.sha256.hex()}"]'
    )


def _run(name: str, what: str, work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a coroutine in a separate thread, because the caller may be inside an event loop."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    try:
        with ThreadPoolExecutor(1) as pool:
            return pool.submit(lambda: asyncio.run(work())).result()
    except Exception as error:  # rattler's exceptions have no common base
        reason = " ".join(str(error).split())
        raise StageError(
            "environment",
            f"environment {name!r}: {what} failed: {reason}; correct the conda specification, or check the network",
        ) from error
