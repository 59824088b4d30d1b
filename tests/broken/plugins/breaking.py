"""Break a call as the variable BREAK says: "recipe.model exits", "platform.runs.* returns_42"."""

import os
import sys
import time
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path
from typing import Any


def call(where: str, healthy: Callable[[], Any]) -> Any:
    """Return healthy(), or break if BREAK names `where`."""
    pattern, _, how = os.environ.get("BREAK", "").partition(" ")
    if not fnmatch(where, pattern):
        return healthy()
    return globals()[how](healthy)


def raises(_: Any) -> None:
    raise RuntimeError("boom\nand more of it")


def raises_what_ends_a_pipe(_: Any) -> None:
    raise BrokenPipeError(32, "Broken pipe")


def raises_what_is_no_exception(_: Any) -> None:
    raise BaseException("boom")  # noqa: TRY002


def exits(_: Any) -> None:
    sys.exit(3)


def returns_42(_: Any) -> int:
    return 42


def returns_none(_: Any) -> None:
    return None


def raises_late(_: Any) -> Any:
    yield from ()
    raise RuntimeError("boom")


def prints(healthy: Callable[[], Any]) -> Any:
    sys.stdout.write("noise\n")
    os.write(1, b"noise\n")
    return healthy()


def dozes(healthy: Callable[[], Any]) -> Any:
    time.sleep(0.3)
    return healthy()


def sleeps(_: Any) -> None:
    Path(os.environ["ASLEEP"]).touch()
    time.sleep(600)


def takes_nothing(_: Any) -> None:
    (lambda: None)(42)  # type: ignore[call-arg]  # noqa: PLC3002
