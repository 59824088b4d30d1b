"""The site builds, and a broken link fails the build. Needs the dependency group `docs`: `just docs`."""

import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

import build

pytest.importorskip(
    "sphinx", reason="the site is not built here: uv run --group docs pytest tests/docs/test_site.py"
)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return build.gather()


def sphinx(pages: dict[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    for name, text in pages.items():
        path = folder / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    script = f"import build, pathlib, sys; sys.exit(build.run_sphinx(pathlib.Path({str(folder)!r})))"
    return subprocess.run(
        [sys.executable, "-c", script], cwd=build.DOCS, capture_output=True, text=True, timeout=200
    )


def test_the_site_has_an_anchor_for_each_object_of_the_reference(pages: dict[str, str], tmp_path: Path):
    built = sphinx(pages, tmp_path)
    assert built.returncode == 0, built.stderr
    inventory = (tmp_path / "html" / "objects.inv").read_bytes().split(b"\n", 4)[4]
    names = {
        line.rpartition(" ")[0].split(" ")[0] for line in zlib.decompress(inventory).decode().splitlines()
    }
    directives = [
        name for text in pages.values() for name in re.findall(r"^:::+\{confval\} (\S+)", text, re.MULTILINE)
    ]
    assert len(directives) > 20
    assert set(directives) <= names
    assert {
        "dressage.Engine.run",
        "dressage.hooks.specs.dataset",
        "dressage.platforms.protocols.Runs.logs",
    } <= names
    assert (tmp_path / "html" / "searchindex.js").stat().st_size > 10_000


def test_broken_links_fail_the_build_and_are_all_named(pages: dict[str, str], tmp_path: Path):
    broken = "[page](nowhere.md) [heading](users.md#no-heading) [object](#dressage.NoObject) {py:obj}`dressage.NoRef`"
    built = sphinx({**pages, "operators.md": f"{pages['operators.md']}\n{broken}\n"}, tmp_path)
    assert built.returncode != 0
    named = ("nowhere.md", "no-heading", "dressage.NoObject", "dressage.NoRef")
    assert [name for name in named if name not in built.stderr] == []
