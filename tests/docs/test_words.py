"""Help, messages, comments and pages use plain words: none of those that were replaced comes back."""

import re
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

PLAIN = {
    r"whoever": "name who: 'the user', 'the caller'",
    r"at hand": "'available', 'active'",
    r"told": "'shown', 'reported', 'says'",
    r"(?:is|are) to be": "'must be', 'will be', or a verb",
    r"anew": "'again'",
    r"in a word": "'short'",
    r"(?:goes|go) by": "'is named', 'is found by'",
    r"(?:came|come|comes) to": "'the result is'",
    r"of (?:theirs|ours)": "name whose",
    r"(?:sees|see) to it": "'makes sure'",
    r"has yet to": "'has not ... yet'",
    r"is left to itself": "'continues in the background'",
    r"wrappers? plugins?": "'policy'",
}
FOLDERS = ("core", "plugins", "docs", "training_scripts", "examples", "benchmarks")
TEXTS = sorted(
    path
    for folder in FOLDERS
    for path in (REPOSITORY / folder).rglob("*")
    if path.suffix in (".py", ".md", ".tmpl") and "keras_mnist_article" not in path.parts
)
PAGES = sorted(REPOSITORY.glob("*.md"))


@pytest.mark.parametrize("phrase", PLAIN)
def test_a_phrase_that_was_replaced_does_not_come_back(phrase: str):
    found = [
        f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()}; write {PLAIN[phrase]}"
        for path in (*TEXTS, *PAGES)
        for number, line in lines_of(path)
        if re.search(rf"\b{phrase}\b", line, re.IGNORECASE)
    ]
    assert not found, "\n".join(found)


def lines_of(path: Path) -> list[tuple[int, str]]:
    return list(enumerate(path.read_text().splitlines(), 1))
