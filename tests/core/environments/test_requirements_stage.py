"""Environments built of requirements, with the real uv."""

import subprocess
import sys

import pytest
from tests.package_index import Index

from dressage import SpecError, StageError

from .conftest import Stage

THIS = "{}.{}".format(*sys.version_info[:2])


def output(*command: object) -> str:
    return subprocess.run([*map(str, command)], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def toya(index: Index) -> Index:
    index.publish("toya", "1.0")
    return index


def hash_in(lock: str) -> str:
    return lock.partition("--hash=")[2].split()[0]


def test_requirements_alone_are_an_environment(stage: Stage, toya: Index):
    version = stage.ensure(requirements="# mine\ntoya == 1.0  # pinned\n")
    interpreter = stage.environments.interpreter(version.key)
    assert output(interpreter, "-c", "import toya; print(toya.VERSION)") == "1.0"


def test_without_a_conda_part_its_python_is_that_which_runs_us(stage: Stage, toya: Index):
    version = stage.ensure(requirements="toya")
    code = "import sys; print('{}.{}'.format(*sys.version_info[:2]))"
    assert output(stage.environments.interpreter(version.key), "-c", code) == THIS


def test_an_empty_text_is_python_alone(stage: Stage):
    version = stage.ensure(requirements="")
    assert stage.lock(version) == ""


def test_beside_a_conda_specification_both_are_installed(stage: Stage, toya: Index):
    toya.publish("toyb", "1.0")
    conda = f"dependencies:\n- python={THIS}\n- pip:\n  - toya\nvariables:\n  A: b\n"
    version = stage.ensure(conda, requirements="toyb")
    assert [line for line in stage.lock(version).splitlines() if "==" in line] == [
        "toya==1.0 \\",
        "toyb==1.0 \\",
    ]
    assert version.variables == {"A": "b"}


def test_the_same_needs_in_either_text_are_one_environment(stage: Stage, toya: Index):
    version = stage.ensure(f"dependencies:\n- python={THIS}\n- pip:\n  - toya\n")
    assert stage.plan(f"dependencies:\n- python={THIS}\n", requirements="toya").key == version.key


def test_after_ensure_the_plan_is_to_reuse_whatever_the_comments(stage: Stage, toya: Index):
    version = stage.ensure(requirements="toya\n")
    plan = stage.plan(requirements="# other words\n\ntoya  \n")
    assert (plan.action, plan.key) == ("reuse", version.key)


def test_a_changed_line_is_named_in_the_plan(stage: Stage, toya: Index):
    stage.ensure(requirements="toya==1.0")
    assert stage.plan(requirements="toya==1.1").reasons == (
        "requirements: - toya==1.0",
        "requirements: + toya==1.1",
    )


def test_planning_runs_no_program_and_touches_nothing(stage: Stage):
    assert stage.plan(requirements="six").reasons == ("never built",)
    assert not stage.root.exists()


def test_going_from_the_active_interpreter_to_requirements_is_said(stage: Stage):
    stage.ensure()
    assert stage.plan(requirements="six").reasons == ("was the active Python interpreter",)


def test_what_is_malformed_is_refused_when_planned(stage: Stage):
    with pytest.raises(
        SpecError, match=r"environment 'lab': requirements: line 1: pip option '-r other\.txt'"
    ):
        stage.plan(requirements="-r other.txt")


def test_a_hash_of_a_requirement_is_the_one_in_the_lock(stage: Stage, toya: Index):
    given = hash_in(stage.lock(stage.ensure(requirements="toya")))
    other = f"--hash=sha256:{'0' * 64}"
    version = stage.ensure(requirements=f"ToyA==1.0 \\\n  {other} \\\n  --hash={given}\n")
    assert stage.lock(version) == f"toya==1.0 \\\n    --hash={given}\n"


def test_an_index_with_other_bytes_than_the_hash_is_refused(stage: Stage, toya: Index):
    with pytest.raises(
        StageError, match=r"environment 'lab': no file of toya==1\.0 has one of the hashes in its"
    ):
        stage.ensure(requirements=f"toya==1.0 --hash=sha256:{'0' * 64}")


def test_a_hash_of_another_kind_is_compared_when_it_is_installed(stage: Stage, toya: Index):
    with pytest.raises(
        StageError, match=r"environment 'lab': installing its packages failed: .*[Hh]ash mismatch"
    ):
        stage.ensure(requirements=f"toya==1.0 --hash=sha512:{'0' * 128}")


def test_required_hashes_are_required_of_what_is_needed_too(stage: Stage, index: Index):
    index.publish("toya", "1.0", requires=("toyb",))
    index.publish("toyb", "1.0")
    lock = stage.lock(stage.ensure(requirements="toya"))
    given = hash_in(lock)
    with pytest.raises(StageError, match=r"--require-hashes is set, but toyb==1\.0 has no hash"):
        stage.ensure(requirements=f"--require-hashes\ntoya==1.0 --hash={given}")


def test_pre_releases_come_with_pre_alone(stage: Stage, toya: Index):
    toya.publish("toya", "2.0rc1")
    assert "toya==1.0 " in stage.lock(stage.ensure(requirements="toya"))
    assert "toya==2.0rc1 " in stage.lock(stage.ensure(requirements="--pre\ntoya"))


def test_an_index_among_the_requirements_is_followed(
    stage: Stage, toya: Index, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    assert "toya==1.0 " in stage.lock(stage.ensure(requirements=f"--index-url {toya.url}\ntoya"))
