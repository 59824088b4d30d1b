"""Runs uv as a subprocess, with a log and errors in one line."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dressage.environments.failures import next_step, summarize, unreachable_index
from dressage.environments.package_sources import PackageSources
from dressage.environments.uv import binary, environment_of
from dressage.errors import StageError
from dressage.files.permissions import lenient_umask
from dressage.specs.package_addresses import variable_of

if TYPE_CHECKING:
    from subprocess import Popen


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """Runs uv for the environment `name`.

    log: the file to which uv's output is added. lock: a lock's descriptor that uv inherits, so that the lock is held
    while uv writes, even if this process is killed. own_index: whether the specification names its index.
    sources: further package sources; their addresses never appear in logs or messages.
    """

    name: str
    log: Path
    lock: int | None = None
    own_index: bool = False
    sources: PackageSources = field(default_factory=PackageSources)

    def run(self, what: str, *arguments: str, on_line: Callable[[str], None] | None = None) -> str:
        """Run uv and return its standard output. Raises StageError if it fails.

        what: what uv does, for the error. on_line: called with each line of standard error.
        """
        code, output, errors = self.attempt(*arguments, on_line=on_line)
        if code != 0:
            raise self.failure(what, errors)
        return output

    def failure(self, what: str, errors: str) -> StageError:
        """Create the error of a failed run. errors: uv's standard error."""
        reason = f"environment {self.name!r}: {what} failed: {summarize(errors)}"
        return StageError(
            "environment", f"{reason}; {self._next_step(errors)} (full output of uv: {str(self.log)!r})"
        )

    def _next_step(self, errors: str) -> str:
        """Return what the user can do; an index that cannot be reached may have a mirror."""
        index = unreachable_index(errors)
        if index is None or index not in self.sources.indexes:
            return next_step(errors)
        return (
            f"check the network, or give the address of a mirror of index {index!r}: set"
            f" {variable_of('indexes', index)}, or {index} in [indexes] of dressage.toml"
        )

    def attempt(self, *arguments: str, on_line: Callable[[str], None] | None = None) -> tuple[int, str, str]:
        """Run uv and return its exit code, standard output and standard error."""
        import subprocess
        import tempfile

        self.log.parent.mkdir(parents=True, exist_ok=True)
        with (
            self.log.open("a", encoding="utf-8") as log,
            tempfile.TemporaryFile("w+", encoding="utf-8") as output,
        ):
            log.write(f"$ uv {' '.join(arguments)}\n")
            with subprocess.Popen(
                [binary(), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                errors="replace",
                env=self.sources.add_to(environment_of(os.environ, own_index=self.own_index)),
                # In the user's project uv would read the project's settings; only the user's own should apply.
                cwd=os.sep,
                pass_fds=() if self.lock is None else (self.lock,),
                umask=lenient_umask(),
            ) as process:
                errors = _listen(process, log, self.sources.hide, on_line)
            output.seek(0)
            return process.returncode, output.read(), errors


def _listen(
    process: "Popen[str]", log: IO[str], hide: Callable[[str], str], on_line: Callable[[str], None] | None
) -> str:
    """Copy uv's standard error to the log, without credentials, and return it."""
    lines: list[str] = []
    try:
        for line in map(hide, process.stderr or ()):
            lines.append(line)
            log.write(line)
            log.flush()
            if on_line:
                on_line(line)
    except BaseException:
        process.kill()
        raise
    return "".join(lines)
