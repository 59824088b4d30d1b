"""Distributions that a test installs: folders on the path, with metadata and modules."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest


class Install(Protocol):
    """Installs a distribution with one plugin and returns its folder."""

    def __call__(
        self, kind: str, name: str, source: str, distribution: str = "lab", version: str = "1.2"
    ) -> Path: ...


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Installs a distribution with one plugin; its modules are forgotten when the test ends."""
    before = set(sys.modules)

    def call(kind: str, name: str, source: str, distribution: str = "lab", version: str = "1.2") -> Path:
        site = tmp_path / f"{distribution}-{version}"
        module = f"{distribution}_{name}".replace("-", "_")
        metadata = site / f"{distribution.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir(parents=True, exist_ok=True)
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        with (metadata / "entry_points.txt").open("a") as points:
            points.write(f"[dressage.{kind}]\n{name} = {module}\n")
        (site / f"{module}.py").write_text(source)
        monkeypatch.syspath_prepend(str(site))
        return site

    yield call
    for name in set(sys.modules) - before:
        if name.startswith(("lab_", "house_", "other_", "dressage_plugin_")):
            del sys.modules[name]
