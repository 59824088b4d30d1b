"""Without a conda specification and requirements: the active Python interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from dressage import StageError

from .conftest import Stage


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    return tmp_path / "venv"


def add_distribution(venv: Path, name: str) -> None:
    site = next(venv.glob("lib/python3*/site-packages"))
    (site / f"{name}.dist-info").mkdir()


def test_it_is_the_one_that_runs_us(stage: Stage):
    interpreter = stage.environments.interpreter(stage.ensure(None).key)
    code = "import sys; print(sys.prefix)"
    said = subprocess.run([interpreter, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.strip() == sys.prefix


def test_it_is_the_active_virtual_environments(stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    assert stage.environments.interpreter(stage.ensure(None).key) == venv / "bin" / "python"


def test_it_is_always_there_and_the_plan_says_which_it_is(
    stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    plan = stage.plan(None)
    assert plan.action == "reuse"
    assert str(venv) in plan.reasons[0]


def test_a_virtual_environment_that_is_gone_is_pointed_out(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    assert "which is not a virtual environment" in stage.plan(None).reasons[1]


def test_plan_and_ensure_agree_on_its_key(stage: Stage):
    assert stage.plan(None).key == stage.ensure(None).key


def test_installing_something_changes_its_key(stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    before = stage.ensure(None).key
    add_distribution(venv, "toy-1.0")
    assert stage.plan(None).key != before


def test_installing_something_changes_a_key_that_was_remembered(
    stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    os.utime(next(venv.glob("lib/python3*/site-packages")), (1_700_000_000, 1_700_000_000))
    before = stage.ensure(None).key
    assert stage.plan(None).key == before
    add_distribution(venv, "toy-1.0")
    assert stage.plan(None).key != before


def test_its_lock_lists_what_is_installed(stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    add_distribution(venv, "toy-1.0")
    assert stage.environments.lock(stage.ensure(None).key) == "toy==1.0\n"


def test_a_run_still_finds_it_after_another_was_activated(
    stage: Stage, venv: Path, monkeypatch: pytest.MonkeyPatch
):
    key = stage.ensure(None).key
    before = stage.environments.interpreter(key)
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    assert stage.environments.interpreter(key) == before


def test_going_from_it_to_a_specification_is_said(stage: Stage):
    stage.ensure(None)
    assert stage.plan("dependencies:\n- python\n").reasons == ("was the active Python interpreter",)


@pytest.fixture
def conda(tmp_path: Path) -> Path:
    """A conda environment with Python 3.11.7 and numpy, as far as its files say so."""
    root = tmp_path / "conda"
    (root / "conda-meta").mkdir(parents=True)
    (root / "conda-meta" / "python-3.11.7-h955ad1f_0_cpython.json").write_text("{}")
    (root / "bin").mkdir()
    (root / "bin" / "python").symlink_to(sys.executable)
    (root / "lib" / "python3.11" / "site-packages" / "numpy-2.1.0.dist-info").mkdir(parents=True)
    return root


def test_an_activated_conda_environment_is_active_too(
    stage: Stage, conda: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CONDA_PREFIX", str(conda))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "lab")
    assert stage.environments.interpreter(stage.ensure(None).key) == conda / "bin" / "python"


def test_a_virtual_environment_goes_before_a_conda_environment(
    stage: Stage, conda: Path, venv: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CONDA_PREFIX", str(conda))
    monkeypatch.setenv("VIRTUAL_ENV", str(venv))
    assert str(venv) in stage.plan(None).reasons[0]


def test_an_interpreter_that_is_named_is_used_as_it_is(stage: Stage, venv: Path):
    version = stage.ensure(interpreter=venv)
    assert stage.environments.interpreter(version.key) == venv / "bin" / "python"
    assert not stage.has_built


def test_the_plan_names_the_interpreter(stage: Stage, conda: Path):
    plan = stage.plan(interpreter=conda)
    assert plan.action == "reuse"
    assert plan.reasons == (f"Python interpreter, {str(conda / 'bin' / 'python')!r} (Python 3.11.7)",)


def test_a_named_interpreter_is_used_although_packages_are_described(stage: Stage, venv: Path):
    version = stage.ensure(interpreter=venv, requirements="six")
    assert stage.environments.interpreter(version.key) == venv / "bin" / "python"


def test_a_named_interpreter_that_is_gone_is_refused_when_planned(stage: Stage, tmp_path: Path):
    with pytest.raises(
        StageError, match=r"environment 'lab': '.*/gone' is not a virtual environment or a conda"
    ):
        stage.plan(interpreter=tmp_path / "gone")


def test_a_conda_package_changes_the_key_and_is_in_the_lock(stage: Stage, conda: Path):
    before = stage.plan(interpreter=conda).key
    (conda / "conda-meta" / "cudatoolkit-11.8.0-h4ba93d1_12.json").write_text("{}")
    version = stage.ensure(interpreter=conda)
    assert version.key != before
    assert stage.lock(version) == (
        "# conda: cudatoolkit-11.8.0-h4ba93d1_12\n# conda: python-3.11.7-h955ad1f_0_cpython\nnumpy==2.1.0\n"
    )
