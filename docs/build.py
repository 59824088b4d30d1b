"""Build the documentation as a site: `uv run --group docs python docs/build.py`.

The pages are docs/*.md, README.md, CONTRIBUTING.md and CHANGELOG.md, and what the package `reference` makes from the
code. This script gathers them in build/docs/source, corrects the links between them, and calls Sphinx, which writes
build/docs/html. Warnings are errors. A link to a page or heading that does not exist is a warning.
"""

import re
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from reference import pages

DOCS = Path(__file__).parent
ROOT = DOCS.parent
OUTPUT = ROOT / "build" / "docs"
FROM_ROOT = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
FROM_DOCS = {"reference/README.md": "reference/index.md"}
GUESTS = ("keras-mnist", "pytorch-mnist", "jax-mnist", "sklearn-digits", "lightgbm-csv")
GUIDES = (
    *("users", "azure", "tutorial", "plugin-authors", "platform-authors"),
    *("operators", "security", "architecture"),
)
_LINK = re.compile(r"(\[[^\]]*\]\()([^)#\s:]+\.md)(#[^)]*)?(\))")


def gather() -> dict[str, str]:
    """Return the Markdown of all pages of the site by file name."""
    reference = {f"reference/{name}.md": text for name, text in pages().items()}
    written = {ROOT / name: page for name, page in FROM_ROOT.items()}
    written |= {DOCS / name: page for name, page in FROM_DOCS.items()}
    written |= {path: path.name for path in sorted(DOCS.glob("*.md"))}
    found = {page: correct_links(path.read_text(encoding="utf-8")) for path, page in written.items()}
    found["index.md"] += f"\n{contents(['reference/index.md', *reference])}"
    return {**found, **reference}


def correct_links(text: str) -> str:
    """Return a page with its links to files of the repository as links to pages of the site.

    >>> correct_links("[users](docs/users.md#plans), [changes](../CHANGELOG.md)")
    '[users](users.md#plans), [changes](changelog.md)'
    """

    def corrected(match: re.Match[str]) -> str:
        path = match[2].removeprefix("../").removeprefix("docs/")
        page = (FROM_ROOT | FROM_DOCS).get(path, path)
        return f"{match[1]}{page}{match[3] or ''}{match[4]}"

    return _LINK.sub(corrected, text)


def contents(reference: Iterable[str]) -> str:
    """Return the tables of contents that make the navigation."""
    sections = {
        "Guides": GUIDES,
        "Recipes": GUESTS,
        "Reference": [name.removesuffix(".md") for name in reference],
        "Project": ("contributing", "changelog"),
    }
    return "\n".join(
        "\n".join([":::{toctree}", ":hidden:", f":caption: {caption}", "", *names, ":::", ""])
        for caption, names in sections.items()
    )


def run_sphinx(folder: Path) -> int:
    """Build `folder/html` from `folder/source`. Returns the exit code of Sphinx."""
    from sphinx.cmd.build import main as sphinx

    options = [
        "--quiet",
        "--fail-on-warning",
        "--keep-going",
        "--nitpicky",
        "--fresh-env",
        "--conf-dir",
        str(DOCS),
    ]
    return int(sphinx([*options, str(folder / "source"), str(folder / "html")]))


def main() -> int:
    """Write the pages and run Sphinx. Returns its exit code."""
    shutil.rmtree(OUTPUT / "source", ignore_errors=True)
    for name, text in gather().items():
        path = OUTPUT / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    code = run_sphinx(OUTPUT)
    if code == 0:
        sys.stdout.write(f"{(OUTPUT / 'html' / 'index.html').as_uri()}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
