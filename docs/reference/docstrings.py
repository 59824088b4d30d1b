"""Docstrings in the project's form, as Markdown.

A docstring has paragraphs of text and labelled parts. A label is "Called", "Returns", "Raises", "Since", "Example" or
"Must not", or the name of a parameter or field (or several names with commas). It begins a line or a sentence and
ends with a colon. Labelled parts that follow each other become one definition list. "Raises SettingsError for ..." is
read as "Raises: SettingsError for ...". The indented lines below "Example:" are Python. Other indented lines after an
empty line, and tables (columns with several spaces between), are shown as they are.
"""

import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from reference.markdown import code_block, escape

LABELS = ("Called", "Returns", "Raises", "Since", "Example")
_START = r"(?:^|(?<=\n)|(?<=[.;)] )|(?<=[.;)]\n))"
_RAISES = re.compile(_START + r"Raises (?=[A-Z]\w*Error\b):?")
_TABLE = re.compile(r"\S+(?: \S+)*? {2,}\S")
_INDENT = "    "
_TABLE_BELOW = re.compile(
    r"^(\S.*(?<!Example):)\n(?= {4}\S+(?: \S+)*? {2,}\S)((?: {4}.*(?:\n|$))+)", re.MULTILINE
)
"""A table directly below a line that ends with a colon."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a docstring. label: None for text; "literal" for lines that are shown as they are."""

    label: str | None
    text: str


def parse(docstring: str | None, names: Iterable[str] = ()) -> tuple[Part, ...]:
    """Return the parts of a docstring in order. names: parameters or fields that it may describe."""
    parts: list[Part] = []
    for block in _blocks(inspect.cleandoc(docstring or "")):
        if block.startswith(_INDENT) or _TABLE.match(block):
            parts.append(Part("literal", textwrap.dedent(block)))
        else:
            parts += _split(block, tuple(names))
    return tuple(parts)


def render(
    docstring: str | None,
    names: Iterable[str] = (),
    *,
    link: Callable[[str], str] = lambda text: text,
    literal: str = "text",
) -> str:
    """Return a docstring as Markdown. link: makes links in escaped text. literal: the language of literal blocks."""
    return render_parts(parse(docstring, names), link=link, literal=literal)


def render_parts(
    found: Iterable[Part], *, link: Callable[[str], str] = lambda text: text, literal: str = "text"
) -> str:
    """Return parts of a docstring as Markdown, as `render`."""
    rendered = []
    for kind, group in groupby(found, key=_kind_of):
        parts = list(group)
        if kind == "item":
            rendered.append("\n\n".join(_item(part, link) for part in parts))
        elif kind == "Example":
            rendered += [f"Example:\n\n{code_block(part.text, 'python')}" for part in parts]
        elif kind == "literal":
            rendered += [code_block(part.text, literal) for part in parts]
        else:
            rendered += [link(escape(part.text)) for part in parts]
    return "\n\n".join(rendered)


def summary_of(docstring: str | None) -> str:
    """Return the first sentence, without its full stop."""
    first = inspect.cleandoc(docstring or "").partition("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[a-z)`\"'])\. ", first + " ", maxsplit=1)[0].strip().removesuffix(".")


def _kind_of(part: Part) -> str:
    if part.label in (None, "literal", "Example"):
        return part.label or "text"
    return "item"


def _item(part: Part, link: Callable[[str], str]) -> str:
    label = part.label or ""
    is_section = label in LABELS or label == "Must not"
    term = label if is_section else ", ".join(f"`{name}`" for name in label.split(", "))
    return f"{term}\n: {link(escape(part.text))}"


def _blocks(text: str) -> Iterator[str]:
    """Paragraphs, literal blocks (indented, after an empty line) and examples with their empty lines."""
    gathered: list[str] = []
    for paragraph in re.split(r"\n[ \t]*\n", _TABLE_BELOW.sub(r"\1\n\n\2\n", text)):
        is_indented = paragraph.startswith(_INDENT)
        continues = (
            gathered and is_indented and (gathered[-1].startswith(_INDENT) or _ends_in_example(gathered[-1]))
        )
        if continues:
            gathered[-1] += f"\n\n{paragraph}"
        else:
            gathered.append(paragraph)
    yield from gathered


def _ends_in_example(block: str) -> bool:
    return re.search(r"(?:^|\n)Example:\n {4}", block) is not None


def _split(block: str, names: tuple[str, ...]) -> Iterator[Part]:
    text, example, code = block.partition("Example:\n")
    yield from _labelled(_RAISES.sub("Raises: ", text), names)
    if example:
        yield Part("Example", textwrap.dedent(code).rstrip())


def _labelled(text: str, names: tuple[str, ...]) -> Iterator[Part]:
    words = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    several = f"|(?:{words})(?:, (?:{words}))*" if words else ""
    label = re.compile(rf"{_START}(?P<label>{'|'.join(LABELS)}{several}): |{_START}(?P<must>Must not) ")
    start, current = 0, None
    for match in label.finditer(text):
        yield from _part(current, text[start : match.start()])
        start, current = match.end(), match["label"] or match["must"]
    yield from _part(current, text[start:])


def _part(label: str | None, text: str) -> Iterator[Part]:
    joined = " ".join(text.split())
    if joined:
        yield Part(label, joined)
