"""Submit many runs with one command: one run per line of a file."""

import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import typer
from msgspec import Struct

from dressage.cli.display import TextDisplay, say
from dressage.cli.options import StreamFormat, pairs_of
from dressage.cli.output import as_json, print_json
from dressage.cli.recipe_arguments import COMMAND, is_script, recipe_and_settings
from dressage.cli.script_options import ScriptOptions
from dressage.cli.streams import results
from dressage.engine.engine import Engine
from dressage.engine.runs import Run
from dressage.errors import DressageError, SettingsError
from dressage.files.disk import describe
from dressage.results.events import RunCreated, RunFound, RunJudged


class Line(Struct, frozen=True, kw_only=True):
    """One run of a batch. number: of its line, from 1."""

    number: int
    recipe: str
    settings: dict[str, Any]


def read_batch(
    engine: Engine,
    file: str,
    recipe: str | None,
    arguments: list[str],
    script: ScriptOptions,
    settings: Mapping[str, Any],
) -> list[Line]:
    """Read and check a batch. file: its path; "-" for stdin.

    For a script, a line has its arguments, which follow `arguments`; for a recipe, its settings as NAME=VALUE, which
    override `settings`. Empty lines are skipped. Raises SettingsError with the number of a line that is wrong.
    """
    lines = []
    takes_arguments = script.module or recipe is None or recipe == COMMAND or is_script(recipe)
    for number, text in enumerate(_read(file).splitlines(), 1):
        if text.strip():
            with _naming_line(number):
                words = shlex.split(text)
                added, given = (words, {}) if takes_arguments else ([], pairs_of(words, "setting"))
                name, values = recipe_and_settings(
                    recipe, [*arguments, *added], script, {**settings, **given}
                )
                engine.check_settings(name, values)
            lines.append(Line(number=number, recipe=name, settings=values))
    if not lines:
        raise SettingsError("the batch has no lines; write one line for each run")
    return lines


def submit_batch(engine: Engine, lines: Sequence[Line], output: StreamFormat, **common: Any) -> None:
    """Submit the runs in order, detach from them, and print their ids. common: other arguments of `Engine.run`.

    If one fails, or after Ctrl-C, those before it continue, and a line says how many there are.
    """
    done: list[dict[str, Any]] = []
    watch = _Watch()
    try:
        with closing(watch.display):
            for line in lines:
                run = engine.run(line.recipe, set=line.settings, listener=watch, **common)
                _detach(run)
                done.append({"line": line.number, "run_id": run.id})
                _print(done[-1], output)
                watch.next()
    except KeyboardInterrupt:
        say(f"stopped: {_count(done, lines)}{watch.describe_unfinished()}")
        raise typer.Exit(130) from None
    except DressageError:
        say(
            f"batch, line {lines[len(done)].number} failed: {_count(done, lines)}{watch.describe_unfinished()}"
        )
        raise
    if output == "json":
        print_json(done)
    say(f"submitted {'1 run' if len(done) == 1 else f'{len(done)} runs'}; next: dressage runs list")


class _Watch:
    """A listener that shows everything about the first run; of the others, only what may be unexpected."""

    def __init__(self) -> None:
        self.display = TextDisplay(script_output=False)
        self._is_first = True
        self._run_id: str | None = None

    def __call__(self, event: Any) -> None:
        if isinstance(event, RunCreated | RunFound):
            self._run_id = event.run_id
        if self._is_first or isinstance(event, RunFound | RunJudged):
            self.display(event)

    def next(self) -> None:
        """Note that the run was submitted, and that the next one follows."""
        self._is_first, self._run_id = False, None

    def describe_unfinished(self) -> str:
        """Return how to continue the run whose submission was not finished; "" if there is none."""
        return f"; continue the next one with: dressage resume {self._run_id}" if self._run_id else ""


def _detach(run: Run) -> None:
    """Let the run continue in the background. If it has ended, its model is registered, unless that was done."""
    if run.is_client and run.folder.refresh().status.has_ended:
        run.wait()
    elif run.is_client:
        run.detach()


def _count(done: Sequence[object], lines: Sequence[Line]) -> str:
    return f"{len(done)} of {len(lines)} runs were submitted"


def _print(done: Mapping[str, Any], output: StreamFormat) -> None:
    if output == "jsonl":
        results().write(as_json(done).decode() + "\n")
    elif output == "table":
        results().write(f"{done['run_id']}\n")
    if output != "json":
        results().flush()


def _read(file: str) -> str:
    """Return the text of the batch. Raises SettingsError if it cannot be read."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"cannot read the batch: {describe(error)}") from error
    except UnicodeDecodeError as error:
        raise SettingsError(f"cannot read the batch {file!r}: it is not UTF-8 text") from error


@contextmanager
def _naming_line(number: int) -> Iterator[None]:
    """Add the number of the line to errors."""
    try:
        yield
    except ValueError as error:  # a quotation mark that is not closed
        raise SettingsError(f"batch, line {number}: {str(error).lower()}") from error
    except SettingsError as error:
        raise SettingsError(f"batch, line {number}: {error}") from error
