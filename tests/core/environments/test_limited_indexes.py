"""Indexes with a public address, and indexes that only some packages come from."""

from pathlib import Path

import pytest
from tests.package_index import Index

from dressage import Environment, Project, SpecError, StageError
from dressage import Index as NamedIndex

from .conftest import PASSWORD, Stage

TOYA = NamedIndex(name="special", packages=("toya",))


@pytest.fixture
def special(stage: Stage, private_index: Index, index: Index) -> Index:
    """The index "special", which has other builds of the packages of the default index."""
    stage.indexes = {"special": private_index.url}
    for name in ("toya", "toyb"):
        index.publish(name, "1.0")
        private_index.publish(name, "1.0+special")
    return private_index


def test_only_the_named_packages_come_from_a_limited_index(stage: Stage, special: Index):
    lock = stage.lock(stage.ensure(requirements="toya==1.0\ntoyb\n", indexes=(TOYA,)))
    assert "toya==1.0+special " in lock
    assert "toyb==1.0 " in lock


def test_they_come_from_nowhere_else(stage: Stage, special: Index, index: Index):
    index.publish("toya", "2.0")
    assert "toya==1.0+special " in stage.lock(stage.ensure(requirements="toya\n", indexes=(TOYA,)))


def test_what_they_require_comes_from_the_default_index(stage: Stage, special: Index):
    special.publish("toya", "1.1+special", requires=("toyb",))
    lock = stage.lock(stage.ensure(requirements="toya\n", indexes=(TOYA,)))
    assert "toya==1.1+special " in lock
    assert "toyb==1.0 " in lock


def test_a_limited_index_serves_the_pip_part_of_a_conda_specification(stage: Stage, special: Index):
    conda = "dependencies:\n- python\n- pip:\n  - toya==1.0\n  - toyb\n"
    lock = stage.lock(stage.ensure(conda, indexes=(TOYA,)))
    assert "toya==1.0+special " in lock
    assert "toyb==1.0 " in lock


def test_nothing_of_its_address_is_kept(stage: Stage, special: Index):
    stage.ensure(requirements="toya\n", indexes=(TOYA,))
    kept = b"\n".join(path.read_bytes() for path in stage.root.rglob("*") if path.is_file())
    assert b"toya" in kept
    assert PASSWORD.encode() not in kept
    assert special.url.rpartition("@")[2].encode() not in kept


def test_a_public_address_is_used_if_none_is_configured(stage: Stage, index: Index, special: Index):
    stage.indexes = {}
    named = NamedIndex(name="special", address=index.url, packages=("toya",))
    assert "toya==1.0 " in stage.lock(stage.ensure(requirements="toya\n", indexes=(named,)))


def test_a_configured_address_replaces_the_public_one(stage: Stage, index: Index, special: Index):
    named = NamedIndex(name="special", address=index.url, packages=("toya",))
    assert "toya==1.0+special " in stage.lock(stage.ensure(requirements="toya\n", indexes=(named,)))


def test_the_addresses_have_no_effect_on_the_environment(stage: Stage, special: Index):
    first = stage.ensure(requirements="toya\n", indexes=(TOYA,))
    stage.indexes = {}
    moved = NamedIndex(name="special", address="http://127.0.0.1:9/simple", packages=("toya",))
    plan = stage.plan(requirements="toya\n", indexes=(moved,))
    assert (plan.action, plan.key) == ("reuse", first.key)


def test_the_plan_names_a_changed_limit(stage: Stage, special: Index):
    stage.ensure(requirements="toya\ntoyb\n", indexes=("special",))
    plan = stage.plan(requirements="toya\ntoyb\n", indexes=(TOYA,))
    assert plan.reasons == ("indexes: special -> special for toya",)


@pytest.mark.parametrize("step", ["plan", "ensure"])
def test_a_package_that_is_not_required_is_refused(stage: Stage, special: Index, step: str):
    with pytest.raises(
        SpecError, match=r"^environment 'lab': index 'special' is for 'toya', which is not among the requirem"
    ):
        getattr(stage, step)(requirements="toyb\n", indexes=(TOYA,))


def test_the_error_for_an_unreachable_index_names_it_and_the_setting(
    stage: Stage, index: Index, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    named = NamedIndex(name="py-cpu", address="http://127.0.0.1:9/simple", packages=("toya",))
    with pytest.raises(StageError) as caught:
        stage.ensure(requirements="toya\n", indexes=(named,))
    message = str(caught.value)
    assert "Failed to fetch: <py-cpu>/toya" in message
    assert (
        "mirror of index 'py-cpu': set DRESSAGE_INDEX_PY_CPU, or py-cpu in [indexes] of dressage.toml"
        in message
    )
    assert "\n" not in message


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("https://user:s3cr3t@packages.example/simple", "its address contains credentials"),
        ("https://s3cr3t@packages.example/simple", "its address contains credentials"),
        ("packages.example", "address is not an http"),
    ],
)
def test_an_address_that_cannot_be_recorded_is_refused(address: str, message: str):
    with pytest.raises(SpecError, match=f"^index 'lab': {message}") as caught:
        NamedIndex(name="lab", address=address)
    assert "s3cr3t" not in str(caught.value)


def test_two_indexes_for_a_package_are_refused():
    other = NamedIndex(name="other", packages=("toya",))
    with pytest.raises(SpecError, match="two indexes are for package 'toya'; keep one"):
        Environment(name="lab", requirements="toya", indexes=(TOYA, other))


def test_two_indexes_of_a_name_are_refused():
    with pytest.raises(SpecError, match="indexes names 'special' twice"):
        Environment(name="lab", requirements="toya", indexes=("special", TOYA))


def test_a_project_names_its_limited_indexes_itself(tmp_path: Path):
    project = Project(files={".": "[project]\nname = 'a'\nversion = '1'\n"})
    with pytest.raises(SpecError, match=r"move 'toya' to \[tool.uv.sources\] of pyproject.toml"):
        Environment(name="lab", project=project, indexes=(TOYA,))
