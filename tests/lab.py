"""Install the platform of docs/platform-authors.md, which only has runs, for a command line."""

import os
from pathlib import Path
from types import SimpleNamespace

from tests.conftest import REPOSITORY

NO_RUNS = SimpleNamespace(
    **dict.fromkeys(("submit", "observe", "logs", "files", "download", "cancel"), print)
)
"""Runs of a platform that a test does not start."""


def lab_source() -> str:
    page = (REPOSITORY / "docs" / "platform-authors.md").read_text()
    return page.partition("```python\n")[2].partition("```")[0]


def install(
    site: Path, kind: str, name: str, module: str, source: str, distribution: str | None = None
) -> dict[str, str]:
    """Install a plugin; return the environment variables with which a command finds it.

    kind: "platforms", "recipes" or "policies". distribution: default: the plugin's name.
    """
    metadata = site / f"{distribution or name}-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text(f"[dressage.{kind}]\n{name} = {module}\n")
    (site / f"{module.partition(':')[0]}.py").write_text(source)
    return {**os.environ, "PYTHONPATH": str(site)}


def install_lab(site: Path) -> dict[str, str]:
    return install(site, "platforms", "lab", "lab_platform:plugin", lab_source())
