"""The pages that people write, and the examples in them."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import REPOSITORY

PAGES = [REPOSITORY / name for name in ("README.md", "CONTRIBUTING.md")] + sorted(
    (REPOSITORY / "docs").glob("*.md")
)
TRAINING = "dressage run keras-mnist"
_BLOCK = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n+)?^(?P<fence>`{3,})(?P<kind>.*)\n(?P<text>(?:.*\n)*?)(?P=fence)$",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Example:
    """A block of code. kind: what stands after the backticks. reason: why it is not run, from a comment above it."""

    page: Path
    line: int
    kind: str
    text: str
    reason: str | None

    @property
    def is_training(self) -> bool:
        return TRAINING in self.text

    @property
    def toml(self) -> dict[str, Any]:
        return tomllib.loads(self.text)

    def __str__(self) -> str:
        return f"{self.page.stem}:{self.line}"


def examples(page: Path, kind: str | None = None) -> list[Example]:
    """The examples of a page that are run; of one kind, or all."""
    return [found for found in all_examples(page) if not found.reason and kind in (None, found.kind)]


def all_examples(page: Path) -> Iterator[Example]:
    text = page.read_text()
    for match in _BLOCK.finditer(text):
        line = text.count("\n", 0, match.start("fence")) + 1
        yield Example(page, line, match["kind"], match["text"], match["reason"])
