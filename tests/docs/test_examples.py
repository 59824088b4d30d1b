"""The examples in docs/ do what they say."""

import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.conftest import REPOSITORY

from dressage.hooks import specs as hookspecs
from dressage.platforms import protocols

PAGES = sorted((REPOSITORY / "docs").glob("*.md"))
TRAINING = "dressage run keras-mnist"


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def shell(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=600,
        env={**os.environ, "PATH": path},
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_pages_examples_run(page: Path, project: Path):
    """Shell blocks in order, then Python blocks in order, in one folder; training has a test of its own."""
    for text in [text for text in blocks(page, "sh") if TRAINING not in text]:
        told = shell(text, project)
        assert told.returncode == 0, f"{text}\n{told.stdout}{told.stderr}"
    if python := blocks(page, "python"):
        code = "\n".join(python)
        told = subprocess.run(
            [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, timeout=120
        )
        assert told.returncode == 0, told.stderr


def test_the_examples_on_azure_ml_run(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """After the first block of the page, which writes the script; against the loopback service."""
    page = REPOSITORY / "docs" / "users.md"
    with loopback(tmp_path) as service:
        service.enter(project, monkeypatch)
        (project / "config.json").unlink()
        names = dict(zip(("SUBSCRIPTION", "GROUP", "WORKSPACE"), service.config.values(), strict=True))
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        for text in [blocks(page, "sh")[0], *blocks(page, "sh azureml")]:
            told = shell(text, project)
            assert told.returncode == 0, f"{text}\n{told.stdout}{told.stderr}"
        assert not service.state()["unknown"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "page", [page for page in PAGES if TRAINING in page.read_text()], ids=lambda page: page.stem
)
def test_a_pages_training_examples_run(page: Path, project: Path):
    for text in [text for text in blocks(page, "sh") if TRAINING in text]:
        told = shell(text, project)
        assert told.returncode == 0, f"{text}\n{told.stdout}{told.stderr}"


@pytest.mark.parametrize(
    "hook", ["settings", "dataset", "compute", "environment", "model", "options", "platform"]
)
def test_every_hook_is_documented(hook: str):
    assert hasattr(hookspecs, hook)
    assert f"`{hook}" in (REPOSITORY / "docs" / "plugin-authors.md").read_text()


METHODS = [
    getattr(kind, name)
    for kind in vars(protocols).values()
    if isinstance(kind, type) and kind.__module__ == protocols.__name__
    for name, value in vars(kind).items()
    if inspect.isfunction(value) and not name.startswith("_")
]


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.__qualname__)
def test_each_method_of_a_protocol_says_when_it_is_called(method):
    assert "Called: " in (method.__doc__ or "")
