"""The examples of the pages do what they say.

Each block of code in a page has a kind after its backticks, and each kind is run by a test here:

    sh              commands, in order, in one folder; those that train run in a slow test
    sh slow         commands that take long, after those of kind sh: a slow test runs both, in order, in one folder
    sh azureml      commands against the loopback service that stands for Azure ML
    sh contributor  commands of a contributor: CI runs them
    console         commands after "$ ", and their output
    python          one program per page, after the commands
    toml            a settings file, or entry points of a package
    text workspace  the files of a workspace

A block that is not run has a comment above it that says why: <!-- not run: REASON -->.
"""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.conftest import REPOSITORY
from tests.docs.pages import PAGES, Example, all_examples, examples

KINDS = {"sh", "sh slow", "sh azureml", "sh contributor", "console", "python", "toml", "text workspace"}
SCRIPT = "print('training')\nopen('outputs/model.txt', 'w').write('weights')\n"
STUB = "from dressage import hookimpl\n\n\n@hookimpl\ndef model(settings): ...\n"
"""A plugin for entry points whose module the page shows later."""


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


def succeed(text: str, folder: Path) -> str:
    ran = shell(text, folder)
    assert ran.returncode == 0, f"{text}\n{ran.stdout}{ran.stderr}"
    return ran.stdout


def of_kind(kind: str, wanted: Callable[[Example], bool] = lambda _: True) -> list[Path]:
    """The pages with such examples."""
    return [page for page in PAGES if any(map(wanted, examples(page, kind)))]


def each(kind: str, wanted: Callable[[Example], bool] = lambda _: True) -> pytest.MarkDecorator:
    found = [example for page in PAGES for example in examples(page, kind) if wanted(example)]
    return pytest.mark.parametrize("example", found, ids=str)


@pytest.fixture
def folder(project: Path) -> Path:
    """A project with the script that the pages call train.py."""
    (project / "train.py").write_text(SCRIPT)
    return project


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_each_example_is_run_or_says_why_not(page: Path):
    for example in all_examples(page):
        reason = example.reason or ""
        assert example.kind in KINDS or len(reason.split()) > 3, f"{example}: no test runs {example.kind!r}"


@pytest.mark.parametrize("page", sorted({*of_kind("sh"), *of_kind("python")}), ids=lambda page: page.stem)
def test_the_commands_and_the_program_of_a_page_run(page: Path, folder: Path):
    for example in examples(page, "sh"):
        if not example.is_training:
            succeed(example.text, folder)
    if python := examples(page, "python"):
        code = "\n".join(example.text for example in python)
        ran = subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=120
        )
        assert ran.returncode == 0, ran.stderr


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    "page", of_kind("sh", lambda example: example.is_training), ids=lambda page: page.stem
)
def test_the_commands_of_a_page_that_train_run(page: Path, folder: Path):
    for example in examples(page, "sh"):
        if example.is_training:
            succeed(example.text, folder)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", of_kind("sh slow"), ids=lambda page: page.stem)
def test_the_commands_of_a_page_that_take_long_run(page: Path, folder: Path):
    """Prints how long each block takes: `-rP` shows it."""
    for example in examples(page):
        if example.kind in ("sh", "sh slow") and not example.is_training:
            begun = time.monotonic()
            printed = succeed(example.text, folder)
            print(f"{example}: {time.monotonic() - begun:.1f} s\n{example.text}{printed}")  # noqa: T201


@pytest.mark.slow
@pytest.mark.parametrize("page", of_kind("sh azureml"), ids=lambda page: page.stem)
def test_the_commands_for_azure_ml_run(
    page: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """After the first commands of the page, which write the script."""
    with loopback(tmp_path) as service:
        service.enter(folder, monkeypatch)
        names = dict(zip(("SUBSCRIPTION", "GROUP", "WORKSPACE"), service.config.values(), strict=True))
        for name, value in names.items():
            monkeypatch.setenv(name, value)
        commands = examples(page, "sh azureml")
        if "init --on azureml" in commands[0].text:
            (folder / "config.json").unlink()
        for example in [examples(page, "sh")[0], *commands]:
            succeed(example.text, folder)
        assert not service.state()["unknown"]


@each("sh contributor")
def test_ci_runs_the_commands_of_a_contributor(example: Example):
    known = "\n".join((REPOSITORY / name).read_text() for name in ("justfile", ".ci/run"))
    commands = [line.partition("#")[0].strip() for line in example.text.splitlines()]
    assert commands
    for command in [part for line in commands for part in line.split(" && ")]:
        assert re.search(rf"^\s*{re.escape(command)}", known, re.MULTILINE), command


@each("console", lambda example: not example.is_training)
def test_a_console_shows_what_commands_print(example: Example, folder: Path):
    check_console(example, folder)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@each("console", lambda example: example.is_training)
def test_a_console_shows_what_training_prints(example: Example, folder: Path):
    check_console(example, folder)


def check_console(example: Example, folder: Path) -> None:
    """Each shown line is printed, in this order, after the commands that the page has before.

    "..." stands for anything; ids, digests and numbers may differ.
    """
    for earlier in examples(example.page, "sh"):
        if earlier.line < example.line and not earlier.is_training:
            succeed(earlier.text, folder)
    for part in re.split(r"^\$ ", example.text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        printed = iter(map(comparable, succeed(f"({command}) 2>&1", folder).splitlines()))
        for line in shown.splitlines():
            wanted = re.escape(comparable(line)).replace(r"\.\.\.", ".*")
            is_there = wanted == ".*" or any(re.fullmatch(wanted, other) for other in printed)
            assert is_there, f"{example}: not printed, or elsewhere: {line}"


def comparable(line: str) -> str:
    line = re.sub(r"-\d{8}-\d{6}-[0-9a-f]{4}\b", "-ID", line)
    line = re.sub(r"\b[0-9a-f]{12}\b", "DIGEST", line)
    return " ".join(re.sub(r"\d+(\.\d+)+", "NUMBER", line).split())


@each("toml", lambda example: "project" not in example.toml)
def test_a_settings_file_is_accepted(example: Example, folder: Path):
    (folder / "dressage.toml").write_text(example.text)
    printed = "".join(succeed(f"dressage config {words}", folder) for words in ("script", "--on azureml"))
    scalars = [key for key, value in example.toml.items() if isinstance(value, str | int)]
    assert all(re.search(rf"^{key} .*dressage\.toml", printed, re.MULTILINE) for key in scalars)


@each("toml", lambda example: "project" in example.toml)
def test_a_package_with_these_entry_points_is_a_plugin(
    example: Example, folder: Path, monkeypatch: pytest.MonkeyPatch
):
    packages, lines = folder / "packages", []
    shown = [found.text for found in examples(example.page, "python") if found.line < example.line]
    (packages / "shown-1.0.dist-info").mkdir(parents=True)
    for group, plugins in example.toml["project"]["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in plugins.items())]
        for value in plugins.values():
            (packages / f"{value.partition(':')[0]}.py").write_text("\n".join(shown) or STUB)
    (packages / "shown-1.0.dist-info" / "entry_points.txt").write_text("\n".join(lines))
    monkeypatch.setenv("PYTHONPATH", str(packages))
    found = {item["name"]: item for item in json.loads(succeed("dressage plugins list -o json", folder))}
    for plugins in example.toml["project"]["entry-points"].values():
        for name in plugins:
            assert found[name]["error"] is None


@each("text workspace")
def test_the_page_lists_what_a_workspace_has(example: Example, folder: Path):
    listed = {line.split()[0].split("/")[0] for line in example.text.splitlines()[1:]}
    (folder / "data.csv").write_text("1")
    succeed(
        "dressage run ./train.py && dressage datasets register data data.csv && dressage runs list", folder
    )
    there = {path.name for path in (folder / ".dressage").iterdir() if path.suffix != ".lock"}
    assert there - listed == set()
    assert {"runs", "snapshots", "objects", "datasets", "index.sqlite"} <= there & listed
