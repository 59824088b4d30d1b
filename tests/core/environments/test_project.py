"""Environments of a project's dependencies, with the real uv."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.package_index import Index

from dressage import Project, SpecError, StageError
from dressage.environments.uv import binary

from .conftest import Stage
from .test_requirements_stage import hash_in, output

PROJECT = '[project]\nname = "lab"\nversion = "1.0"\nrequires-python = ">=3.9"\n'
ABOUT = 'authors = [{ name = "me" }]\n'


def pyproject(*dependencies: str, more: str = "") -> str:
    return f"{PROJECT}dependencies = {list(dependencies)}\n{more}"


def project(*dependencies: str, more: str = "") -> Project:
    return Project(files={".": pyproject(*dependencies, more=more)})


def lock_of(folder: Path, files: dict[str, str], index: Index) -> str:
    """The uv.lock that uv makes of the files."""
    for name, text in files.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "pyproject.toml").write_text(text)
    command = [
        binary(),
        "lock",
        "--quiet",
        "--refresh",
        "--default-index",
        index.url,
        "--project",
        str(folder),
    ]
    subprocess.run(command, check=True)
    return (folder / "uv.lock").read_text()


@pytest.fixture
def toys(index: Index) -> Index:
    index.lists_hashes = True
    index.publish("toya", "1.0", requires=("toyb",))
    index.publish("toyb", "1.0")
    index.publish("toyc", "1.0")
    return index


def names(lock: str) -> list[str]:
    return [line.split(" ")[0] for line in lock.splitlines() if "==" in line]


def test_its_dependencies_are_installed_and_the_project_is_not(stage: Stage, toys: Index):
    version = stage.ensure(project=project("toya"))
    assert names(stage.lock(version)) == ["toya==1.0", "toyb==1.0"]
    code = "from importlib.metadata import distributions as d; print(sorted(one.name for one in d()))"
    assert output(stage.environments.interpreter(version.key), "-c", code) == "['toya', 'toyb']"


def test_its_extras_and_groups_are_installed_if_they_are_named(stage: Stage, toys: Index):
    more = '[project.optional-dependencies]\nplot = ["toyb"]\n[dependency-groups]\ndev = ["toyc"]\n'
    text = {".": pyproject(more=more)}
    assert names(stage.lock(stage.ensure(project=Project(files=text)))) == []
    both = Project(files=text, extras=("plot",), groups=("dev",))
    assert names(stage.lock(stage.ensure(project=both))) == ["toyb==1.0", "toyc==1.0"]


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({"extras": ("plots",)}, "no extra named 'plots'; known: plot"),
        ({"groups": ("dev",)}, "no dependency group named 'dev'; known: none"),
    ],
)
def test_an_unknown_extra_or_group_is_refused_with_the_known_ones(
    stage: Stage, named: dict[str, Any], message: str
):
    text = pyproject(more="[project.optional-dependencies]\nplot = []\n")
    with pytest.raises(SpecError, match=f"environment 'lab': project: pyproject.toml: {message}"):
        stage.plan(project=Project(files={".": text}, **named))


def test_the_versions_are_those_of_its_lock(stage: Stage, toys: Index, tmp_path: Path):
    files = {".": pyproject("toya")}
    lock = lock_of(tmp_path / "lab", files, toys)
    toys.publish("toyb", "2.0")
    version = stage.ensure(project=Project(files=files, lock=lock))
    assert names(stage.lock(version)) == ["toya==1.0", "toyb==1.0"]
    assert hash_in(stage.lock(version)).startswith("sha256:")
    assert (
        output(stage.environments.interpreter(version.key), "-c", "import toyb; print(toyb.VERSION)") == "1.0"
    )


def test_a_lock_without_a_dependency_of_the_project_is_refused(stage: Stage, toys: Index, tmp_path: Path):
    lock = lock_of(tmp_path / "lab", {".": pyproject("toya")}, toys)
    newer = Project(files={".": pyproject("toya", "toyc")}, lock=lock)
    with pytest.raises(
        SpecError, match=r"uv.lock does not contain 'toyc', which .* make it again with: uv lock"
    ):
        stage.plan(project=newer)


def test_a_lock_of_other_versions_than_the_project_requires_is_refused(
    stage: Stage, toys: Index, tmp_path: Path
):
    lock = lock_of(tmp_path / "lab", {".": pyproject("toyb<2, >0")}, toys)
    stage.plan(project=Project(files={".": pyproject("toyb > 0,<2")}, lock=lock))
    with pytest.raises(
        SpecError, match=r"uv.lock was made for toyb>0,<2, but pyproject.toml requires toyb>=2;"
    ):
        stage.plan(project=Project(files={".": pyproject("toyb>=2")}, lock=lock))


def test_the_lock_of_another_project_is_refused(stage: Stage, toys: Index, tmp_path: Path):
    lock = lock_of(tmp_path / "lab", {".": pyproject("toya")}, toys)
    files = {".": pyproject("toya"), "sub": pyproject("toya")}
    with pytest.raises(SpecError, match=r"uv\.lock does not contain the project in 'sub'"):
        stage.plan(project=Project(files=files, folder="sub", lock=lock))


SOURCES = '[tool.uv.sources]\ntoolkit = { path = "libs/toolkit", editable = true }\n'
TOOLKIT = '[project]\nname = "toolkit"\nversion = "1.0"\ndependencies = ["toyc"]\n'


@pytest.mark.parametrize("is_locked", [True, False])
def test_of_a_local_project_the_dependencies_alone_are_installed(
    stage: Stage, toys: Index, tmp_path: Path, is_locked: bool
):
    files = {".": pyproject("toolkit", more=SOURCES), "libs/toolkit": TOOLKIT}
    lock = lock_of(tmp_path / "lab", files, toys) if is_locked else None
    version = stage.ensure(project=Project(files=files, lock=lock))
    assert names(stage.lock(version)) == ["toyc==1.0"]


def test_a_member_of_a_workspace_has_the_versions_of_the_workspaces_lock(
    stage: Stage, toys: Index, tmp_path: Path
):
    workspace = (
        '[tool.uv.workspace]\nmembers = ["one", "two"]\n[tool.uv.sources]\ntwo = { workspace = true }\n'
    )
    files = {
        ".": pyproject("toya", more=workspace),
        "one": PROJECT.replace("lab", "one") + 'dependencies = ["two"]\n',
        "two": PROJECT.replace("lab", "two") + 'dependencies = ["toyb"]\n',
    }
    lock = lock_of(tmp_path / "lab", files, toys)
    toys.publish("toyb", "2.0")
    version = stage.ensure(project=Project(files=files, folder="one", lock=lock))
    assert names(stage.lock(version)) == ["toyb==1.0"]


def test_an_index_for_one_package_is_used_for_that_package(
    stage: Stage, toys: Index, index: Index, tmp_path: Path
):
    more = (
        f'[[tool.uv.index]]\nname = "own"\nurl = "{toys.url}"\nexplicit = true\n'
        '[tool.uv.sources]\ntoyc = { index = "own" }\n'
    )
    wanted = project("toyc", "six==1.17.0", more=more)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("PIP_INDEX_URL")
        version = stage.ensure(project=wanted)
    assert names(stage.lock(version)) == ["six==1.17.0", "toyc==1.0"]


def test_its_own_default_index_goes_before_the_shells(
    stage: Stage, toys: Index, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    more = f'[[tool.uv.index]]\nurl = "{toys.url}"\ndefault = true\n'
    assert names(stage.lock(stage.ensure(project=project("toyc", more=more)))) == ["toyc==1.0"]


@pytest.mark.parametrize(
    "more",
    [
        '[[tool.uv.index]]\nurl = "https://me:s3cr3t@packages.example/simple"\n',
        '[[tool.uv.index]]\nurl = "https://s3cr3t@packages.example/simple"\n',
        '[tool.uv]\nextra-index-url = ["https://s3cr3t@packages.example/simple"]\n',
        '[tool.uv.pip]\nfind-links = ["https://s3cr3t@packages.example/simple"]\n',
    ],
)
def test_an_index_with_credentials_is_refused_without_showing_them(stage: Stage, more: str):
    with pytest.raises(
        SpecError, match=r"packages\.example/simple contains credentials.* \[indexes\]"
    ) as caught:
        stage.plan(project=project("six", more=more))
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project", r"pyproject\.toml: Expected ']' .*; correct the TOML"),
        (
            '[project]\nrequires-python = "three"\n',
            r"pyproject\.toml: requires-python 'three' is not understood",
        ),
    ],
)
def test_what_is_malformed_is_refused_when_planned(stage: Stage, text: str, message: str):
    with pytest.raises(SpecError, match=f"environment 'lab': project: {message}"):
        stage.plan(project=Project(files={".": text}))


def test_a_python_that_is_not_supported_is_refused_when_planned(stage: Stage):
    with pytest.raises(StageError, match=r"it requires Python <3\.7"):
        stage.plan(project=Project(files={".": '[project]\nrequires-python = "<3.7"\n'}))


def test_other_tables_and_comments_are_not_part_of_it(stage: Stage, toys: Index):
    version = stage.ensure(project=project("toya"))
    more = f"# mine\n{ABOUT}[tool.ruff]\nline-length = 100\n"
    plan = stage.plan(project=project("toya", more=more))
    assert (plan.action, plan.key) == ("reuse", version.key)


def test_the_plan_names_a_changed_dependency(stage: Stage, toys: Index):
    stage.ensure(project=project("toya"))
    assert stage.plan(project=project("toyc")).reasons == (
        "pyproject.toml: - dependencies = ['toya']",
        "pyproject.toml: + dependencies = ['toyc']",
    )


def test_the_plan_says_that_the_lock_changed(stage: Stage, toys: Index, tmp_path: Path):
    files = {".": pyproject("toyb")}
    stage.ensure(project=Project(files=files, lock=lock_of(tmp_path / "lab", files, toys)))
    toys.publish("toyb", "2.0")
    lock = lock_of(tmp_path / "other", files, toys)
    assert stage.plan(project=Project(files=files, lock=lock)).reasons == ("uv.lock changed",)


def test_a_known_project_is_planned_without_parsing_or_a_subprocess(stage: Stage, toys: Index):
    stage.ensure(project=project("toya"))
    code = (
        "import sys; from pathlib import Path; from dressage import Environment, Project\n"
        "from dressage.environments.uv_environments import UvEnvironments\n"
        f"stage = UvEnvironments(Path({str(stage.root)!r}))\n"
        f"wanted = Environment(name='lab', project=Project(files={{'.': {pyproject('toya')!r}}}))\n"
        "print(stage.plan(wanted).action, sorted({'yaml', 'tomllib', 'uv'} & set(sys.modules)))"
    )
    assert output(sys.executable, "-c", code) == "reuse []"


def test_constraints_limit_what_is_required(stage: Stage, toys: Index):
    toys.publish("toyb", "2.0")
    version = stage.ensure(requirements="toya", constraints="# known to work\ntoyb<2\ntoyc==9\n")
    assert names(stage.lock(version)) == ["toya==1.0", "toyb==1.0"]


def test_constraints_hold_for_the_pip_part_of_a_conda_specification(stage: Stage, toys: Index):
    toys.publish("toyb", "2.0")
    conda = "dependencies:\n- python\n- pip:\n  - toya\n"
    assert names(stage.lock(stage.ensure(conda, constraints="toyb<2"))) == ["toya==1.0", "toyb==1.0"]


def test_the_plan_names_a_changed_constraint(stage: Stage, toys: Index):
    stage.ensure(requirements="toyb", constraints="toyb<2")
    assert stage.plan(requirements="toyb", constraints="toyb<3").reasons == (
        "constraints: - toyb<2",
        "constraints: + toyb<3",
    )


def test_a_constraint_that_is_an_option_is_refused(stage: Stage):
    with pytest.raises(
        SpecError, match="environment 'lab': constraints: pip option '--pre' is not a constraint"
    ):
        stage.plan(requirements="six", constraints="--pre")
