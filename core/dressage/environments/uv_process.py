"""uv as a subprocess: what it says, and how it ends."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from dressage.environments.failures import essence, next_step
from dressage.environments.package_sources import PackageSources
from dressage.environments.uv import binary, environment_of
from dressage.errors import StageError

if TYPE_CHECKING:
    from subprocess import Popen


@dataclass(frozen=True, slots=True, kw_only=True)
class Uv:
    """uv on behalf of the environment `name`.

    log: everything uv says is added to it. holding: a lock's descriptor that uv keeps open too, so that the
    lock holds for as long as uv writes, whatever becomes of us. own_index: the specification names its index.
    sources: where it looks for packages besides; their addresses appear in no log and no message.
    """

    name: str
    log: Path
    holding: int | None = None
    own_index: bool = False
    sources: PackageSources = field(default_factory=PackageSources)

    def run(self, what: str, *arguments: str, heard: Callable[[str], None] | None = None) -> str:
        """uv's standard output; `heard` gets each line of its standard error. Raises StageError if it fails."""
        code, output, errors = self.attempt(*arguments, heard=heard)
        if code != 0:
            raise self.failure(what, errors)
        return output

    def failure(self, what: str, errors: str) -> StageError:
        reason = f"environment {self.name!r}: {what} failed: {essence(errors)}"
        return StageError(
            "environment", f"{reason}; {next_step(errors)} (all that uv said: {str(self.log)!r})"
        )

    def attempt(self, *arguments: str, heard: Callable[[str], None] | None = None) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
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
                env=self.sources.added_to(environment_of(os.environ, own_index=self.own_index)),
                # Below the user's project uv would read that project's settings; only the user's own apply here.
                cwd=os.sep,
                pass_fds=() if self.holding is None else (self.holding,),
            ) as process:
                errors = _listen(process, log, self.sources.hide, heard)
            output.seek(0)
            return process.returncode, output.read(), errors


def _listen(
    process: "Popen[str]", log: IO[str], hide: Callable[[str], str], heard: Callable[[str], None] | None
) -> str:
    lines: list[str] = []
    try:
        for line in map(hide, process.stderr or ()):
            lines.append(line)
            log.write(line)
            log.flush()
            if heard:
                heard(line)
    except BaseException:
        process.kill()
        raise
    return "".join(lines)
