"""Files of a workspace that are damaged: what is wrong, and what to do."""

import logging
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from msgspec import Struct

from dressage.errors import DressageError
from dressage.files.disk import describe


class Damage(Struct, frozen=True, kw_only=True):
    """A file that cannot be read as it should.

    line: the number of the line, from 1, if only a line is damaged. problem, advice: in one line each.
    """

    path: Path
    problem: str
    advice: str
    line: int | None = None

    def __str__(self) -> str:
        where = str(self.path) + ("" if self.line is None else f", line {self.line}")
        return f"{where!r}: {self.problem}; {self.advice}"


def damage_of(path: Path, read: Callable[[], Any], advice: str | None = None) -> Iterator[Damage]:
    """Yield the damage of a file, if `read` cannot read it. advice: unless the error says what to do."""
    try:
        read()
    except (DressageError, OSError, ValueError) as error:
        problem = describe(error) or type(error).__name__
        known = problem.removeprefix(f"{str(path)!r} is ").removeprefix(f"{str(path)!r}: ")
        what, _, then = known.partition("; ")
        yield Damage(path=path, problem=what, advice=advice or then or "move it elsewhere")


@cache
def warn_once(message: str) -> None:
    """Log a warning, once in this process."""
    logging.getLogger("dressage").warning("%s", message)
