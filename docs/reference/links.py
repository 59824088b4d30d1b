"""Which names the reference documents, and links to them."""

import re
from collections.abc import Callable, Mapping

_HUMPS = re.compile(r"(?<![\w.`])[A-Z][a-z]+(?:[A-Z][a-z]+)+\b")


def linker(places: Mapping[str, str]) -> Callable[[str], str]:
    """Return a function that links names in Markdown. places: the full name of an object by how text calls it.

    Names in backticks are linked, and words with several capitals ("SettingsError").
    """

    def link(text: str) -> str:
        parts = re.split(r"(`[^`]+`)", text)
        return "".join(_span(part) if part.startswith("`") else _HUMPS.sub(_word, part) for part in parts)

    def _span(span: str) -> str:
        name = span.strip("`").removesuffix("()")
        return f"{{py:obj}}`{span.strip('`')} <{places[name]}>`" if name in places else span

    def _word(match: re.Match[str]) -> str:
        return f"{{py:obj}}`{match[0]} <{places[match[0]]}>`" if match[0] in places else match[0]

    return link
