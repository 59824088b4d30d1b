"""Show the progress of a stage that takes longer than a second: a bar on a terminal, lines elsewhere."""

import sys
import threading
from typing import TYPE_CHECKING

from dressage.cli.output import is_terminal, size_of
from dressage.results.events import StageProgress, StageStarted

if TYPE_CHECKING:
    from rich.progress import Progress

_AFTER_S = 1.0
_LINE_EVERY_S = 10.0
_DRAW_EVERY_S = 0.1


class StageDisplay:
    """Shows progress from a separate thread, because a stage may not report progress for a long time.

    `end` waits until the terminal is restored.
    """

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._bar: Progress | None = None

    def begin(self, event: StageStarted) -> None:
        self.end()
        self._latest = StageProgress(event.stage, event.name, 0, None)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._show, args=(self._ended,), daemon=True)
        self._thread.start()

    def update(self, event: StageProgress) -> None:
        self._latest = event

    def write(self, line: str) -> None:
        """Write a line, above the bar if there is one."""
        if bar := self._bar:
            bar.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def end(self) -> None:
        self._ended.set()
        if self._thread:
            self._thread.join()

    def _show(self, ended: threading.Event) -> None:
        if ended.wait(_AFTER_S):
            return
        if is_terminal(sys.stderr):
            self._draw(ended)
        else:
            self._write_lines(ended)

    def _draw(self, ended: threading.Event) -> None:
        with _bar(self._latest) as bar:
            self._bar = bar
            while not ended.wait(_DRAW_EVERY_S):
                event = self._latest
                bar.update(bar.task_ids[0], description=event.what, completed=event.done, total=event.total)
            self._bar = None

    def _write_lines(self, ended: threading.Event) -> None:
        while True:
            event = self._latest
            sys.stderr.write(f"  {event.stage:<12} {event.what} {_amount(event)}".rstrip() + "\n")
            sys.stderr.flush()
            if ended.wait(_LINE_EVERY_S):
                return


def _bar(event: StageProgress) -> "Progress":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

    amount = [DownloadColumn()] if event.stage == "dataset" else []
    bar = Progress(
        TextColumn("  {task.description}"),
        BarColumn(),
        *amount,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    bar.add_task(event.what, total=event.total)
    return bar


def _amount(event: StageProgress) -> str:
    if event.stage == "dataset":
        return size_of(event.done) + (f" of {size_of(event.total)}" if event.total else "")
    return f"{event.done} of {event.total}" if event.total else ""
