"""`dressage plugins new` writes packages that can be installed, tested and run at once."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import REPOSITORY
from tests.fixtures import Dressage

from dressage.templates import KINDS
from dressage.templates.installation import describe

LONG = "a" * 20 + "-" + "b" * 19
"""The longest name that is accepted."""
URL = "https://git.example/dressage"
WORKSPACE = """
[project]
name = "several"
version = "1.0"
requires-python = ">=3.11"

[tool.uv.workspace]
members = ["packages/*"]

[tool.pytest.ini_options]
addopts = "--an-option-that-does-not-exist"
"""
KILLED = """
import os, signal, sys
from dressage.testing.changes import watch_changes
from dressage.cli.main import main

left = int(sys.argv.pop(1))

def count(change):
    global left
    left -= 1
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

with watch_changes(count):
    main()
"""


def call(*words: str, cwd: Path, **variables: str) -> str:
    """Run a command that succeeds, and return its output. variables: of the environment."""
    ran = subprocess.run(
        words, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, timeout=600
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def read_toml(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text())


@pytest.mark.parametrize("kind", KINDS)
def test_a_new_plugin_can_be_installed_and_is_found(kind: str, dressage: Dressage, project: Path):
    assert dressage("plugins", "new", "my-lab", f"--{kind}").returncode == 0
    site = project / "site"
    call("uv", "pip", "install", "-q", "--no-deps", "--target", str(site), "./dressage-my-lab", cwd=project)
    listed = dressage("plugins", "list", "-o", "json", env={**os.environ, "PYTHONPATH": str(site)})
    (found,) = [item for item in json.loads(listed.stdout) if item["name"] == "my-lab"]
    assert (found["kind"], found["contract"], found["error"]) == (kind, 1, None)
    assert found["source"].startswith("dressage-my-lab 0.1.0")


@pytest.mark.parametrize("kind", KINDS)
def test_it_prints_the_files_and_the_next_commands(kind: str, dressage: Dressage, project: Path):
    files, _, commands = dressage("plugins", "new", "lab", f"--{kind}").stdout.partition("next:\n")
    folder = project / "dressage-lab"
    written = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    assert files.split() == ["created", str(folder), *written]
    assert {"pyproject.toml", "README.md", ".gitignore", "tests/test_lab.py"} <= set(written)
    first, second, third = (line.strip() for line in commands.splitlines())
    assert (first, second) == (f"cd {folder}", "uv run pytest")
    assert third.startswith("uv run dressage ")
    assert third.removeprefix("uv run ") in (folder / "README.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_of_a_template_is_left_open(kind: str, dressage: Dressage, project: Path):
    dressage("plugins", "new", "lab", f"--{kind}")
    written = [path for path in (project / "dressage-lab").rglob("*") if path.is_file()]
    assert [path for path in written if "{{" in path.read_text() or "NAME" in path.name] == []


def test_the_prefix_of_the_distribution_may_be_given(dressage: Dressage, project: Path):
    dressage("plugins", "new", "dressage-lab", "--policy")
    described = read_toml(project / "dressage-lab")["project"]
    assert described["name"] == "dressage-lab"
    assert described["entry-points"] == {"dressage.policies": {"lab": "dressage_lab.plugin"}}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("My_Lab", "use lower-case letters, digits and single '-' between them, such as 'my-lab'"),
        ("a--b", "use lower-case letters, digits and single '-' between them, such as 'a-b'"),
        ("", "use lower-case letters, digits and single '-' between them\n"),
        ("../lab", "such as 'lab'"),
        ("dressage-", "use lower-case letters"),
        ("bär", "use lower-case letters, digits and single '-' between them\n"),
        (f"{LONG}c", "has 41 characters; use at most 40"),
        ("local", "module 'dressage_local' exists already, in "),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, problem: str, dressage: Dressage, project: Path):
    result = dressage("plugins", "new", name, "--recipe")
    assert (result.returncode, result.stdout) == (2, "")
    assert problem in result.stderr
    assert list(project.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ((), "no kind was given; give one of --recipe, --platform, --policy, --observer"),
        (("--observer", "--recipe"), "--recipe and --observer were given; give one of --recipe, --platform"),
    ],
)
def test_one_kind_must_be_given(given: tuple[str, ...], problem: str, dressage: Dressage, project: Path):
    result = dressage("plugins", "new", "lab", *given)
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert problem in result.stderr
    assert list(project.iterdir()) == []


def test_a_folder_with_files_is_not_changed(dressage: Dressage, project: Path):
    (project / "dressage-lab").mkdir()
    (project / "dressage-lab" / "README.md").write_text("mine")
    result = dressage("plugins", "new", "lab", "--recipe")
    assert result.returncode == 2
    assert "dressage-lab' is not empty; nothing was written; give another --directory" in result.stderr
    assert [path.read_text() for path in project.rglob("*") if path.is_file()] == ["mine"]


def test_a_file_in_place_of_the_folder_is_not_changed(dressage: Dressage, project: Path):
    (project / "lab").write_text("mine")
    result = dressage("plugins", "new", "lab", "--recipe", "--directory", "lab")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "lab' is a file; nothing was written" in result.stderr
    assert [path.read_text() for path in project.iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_written_is_named(dressage: Dressage, project: Path):
    (project / "file").write_text("mine")
    result = dressage("plugins", "new", "lab", "--recipe", "--directory", "file/lab")
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert f"cannot write folder {str(project / 'file' / 'lab')!r}: " in result.stderr
    assert "; give another --directory" in result.stderr
    assert [path.read_text() for path in project.iterdir()] == ["mine"]


def test_an_empty_folder_is_used(dressage: Dressage, project: Path):
    (project / "deep" / "lab").mkdir(parents=True)
    assert dressage("plugins", "new", "lab", "--recipe", "--directory", "deep/lab").returncode == 0
    assert (project / "deep" / "lab" / "pyproject.toml").exists()


def test_the_working_directory_is_not_replaced(dressage: Dressage, project: Path):
    result = dressage("plugins", "new", "lab", "--recipe", "--directory", ".")
    assert result.returncode == 2
    assert "is the working directory; give a folder that does not exist yet" in result.stderr
    assert list(project.iterdir()) == []


def test_after_a_kill_there_are_all_files_or_none(dressage: Dressage, project: Path):
    dressage("plugins", "new", "lab", "--policy", "--directory", "complete")
    complete = sorted(path.name for path in (project / "complete").rglob("*"))
    outcomes = set()
    for moment in (*range(1, 30, 4), 1000):
        words = ["plugins", "new", "lab", "--policy", "--directory", "killed"]
        subprocess.run([sys.executable, "-c", KILLED, str(moment), *words], cwd=project, capture_output=True)
        outcomes.add(tuple(sorted(path.name for path in (project / "killed").rglob("*"))))
        shutil.rmtree(project / "killed", ignore_errors=True)
    assert outcomes == {(), tuple(complete)}


@pytest.mark.parametrize(
    ("direct_url", "source", "arguments"),
    [
        ({}, None, ()),
        ({"url": "file:///a%20b/c", "dir_info": {}}, {"path": "/a b/c"}, ("/a b/c",)),
        (
            {"url": "file:///c", "dir_info": {"editable": True}},
            {"path": "/c", "editable": True},
            ("-e", "/c"),
        ),
        ({"url": "file:///c/d-1.whl", "archive_info": {}}, {"path": "/c/d-1.whl"}, ("/c/d-1.whl",)),
        ({"url": f"{URL}.whl", "archive_info": {}}, {"url": f"{URL}.whl"}, (f"dressage @ {URL}.whl",)),
        (
            {"url": URL, "vcs_info": {"vcs": "git", "commit_id": "7e18"}, "subdirectory": "python"},
            {"git": URL, "rev": "7e18", "subdirectory": "python"},
            (f"dressage @ git+{URL}@7e18#subdirectory=python",),
        ),
    ],
    ids=["index", "folder", "editable", "file", "address", "git"],
)
def test_dressage_comes_from_where_it_was_installed(
    direct_url: dict[str, Any], source: dict[str, Any] | None, arguments: tuple[str, ...]
):
    """The examples are those of PEP 610, which says what an installer records."""
    found = describe("1.0", direct_url)
    assert (tomllib.loads(f"source = {found.source}")["source"] if found.source else None) == source
    assert found.arguments == arguments


def test_dressage_of_a_package_index_needs_a_version_only(dressage: Dressage, project: Path, tmp_path: Path):
    metadata = tmp_path / "site" / "dressage-7.1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: dressage\nVersion: 7.1\n")
    dressage("plugins", "new", "lab", "--recipe", env={**os.environ, "PYTHONPATH": str(metadata.parent)})
    written = read_toml(project / "dressage-lab")
    assert written["project"]["dependencies"] == ["dressage>=7.1"]
    assert "uv" not in written["tool"]
    assert "pip install -e . --group dev" in (project / "dressage-lab" / "README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["x", LONG])
@pytest.mark.parametrize("kind", KINDS)
def test_the_code_passes_ruff_and_mypy(kind: str, name: str, dressage: Dressage, project: Path):
    """With ruff's default rules and format, and mypy's strict mode."""
    dressage("plugins", "new", name, f"--{kind}", "--directory", "lab")
    folder = project / "lab"
    call("uv", "tool", "run", "ruff@0.17", "check", cwd=folder)
    call("uv", "tool", "run", "ruff@0.17", "format", "--check", cwd=folder)
    call("uv", "run", "-q", "--with", "mypy>=2.4,<3", "mypy", "--strict", "src", "tests", cwd=folder)


@pytest.mark.slow
@pytest.mark.parametrize("folder", ["packages/lab", "elsewhere/lab"], ids=["a member", "not a member"])
def test_the_tests_pass_inside_a_uv_workspace(folder: str, dressage: Dressage, project: Path):
    (project / "pyproject.toml").write_text(WORKSPACE)
    dressage("plugins", "new", "lab", "--policy", "--directory", folder)
    assert " passed" in call("uv", "run", "pytest", cwd=project / folder)


@pytest.mark.slow
def test_the_commands_for_pip_work(dressage: Dressage, project: Path):
    """Those of the generated README, in one shell."""
    dressage("plugins", "new", "lab", "--recipe")
    folder = project / "dressage-lab"
    commands = (folder / "README.md").read_text().split("```")[3].removeprefix("sh\n")
    newer = commands.replace("activate\n", "activate\npip install -q --upgrade 'pip>=25.1'\n", 1)
    printed = call("bash", "-euc", newer, cwd=folder)
    assert " passed" in printed
    assert "lab:1" in printed


@pytest.mark.slow
def test_the_wheel_and_the_source_archive_have_the_templates(project: Path):
    """The wheel is built from the archive. A plugin that it writes uses the same wheel."""
    call("uv", "build", "-q", "--out-dir", str(project / "dist"), str(REPOSITORY), cwd=project)
    (wheel,) = (project / "dist").glob("*.whl")
    words = ("dressage", "plugins", "new", "lab", "--policy")
    call("uv", "tool", "run", "--isolated", "--from", str(wheel), *words, cwd=project)
    assert read_toml(project / "dressage-lab")["tool"]["uv"]["sources"] == {"dressage": {"path": str(wheel)}}
    assert " passed" in call("uv", "run", "pytest", cwd=project / "dressage-lab")


@pytest.mark.slow
def test_the_tests_run_against_another_dressage(dressage: Dressage, project: Path):
    """With the command of the tutorial. The other one has another version."""
    newer = project / "newer"
    call("git", "clone", "-q", str(REPOSITORY), str(newer), cwd=project)
    described = (newer / "pyproject.toml").read_text()
    (newer / "pyproject.toml").write_text(described.replace('version = "', 'version = "9.', 1))
    dressage("plugins", "new", "lab", "--policy")
    folder = project / "dressage-lab"
    test = "from importlib.metadata import version\n\n\ndef test_it():\n    assert version('dressage')[:2] == '9.'\n"
    (folder / "tests" / "test_version.py").write_text(test)
    line = next(
        line
        for line in (REPOSITORY / "docs" / "tutorial.md").read_text().splitlines()
        if "--isolated" in line
    )
    assert " passed" in call(*line.replace("PATH_OF_THE_CLONE", str(newer)).split(), cwd=folder)
