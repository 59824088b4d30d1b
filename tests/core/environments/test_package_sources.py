"""Indexes and pages of distributions by name: where packages come from, and that no address is kept or shown."""

from pathlib import Path
from typing import Any, Unpack

import pytest
from tests.package_index import Index

from dressage import SpecError, StageError
from dressage.environments.package_sources import PackageSources

from .conftest import PASSWORD, Described, Stage


@pytest.fixture
def lab(stage: Stage, private_index: Index, index: Index) -> Stage:
    """A stage that knows the private index as "lab", besides a public one."""
    stage.indexes = {"lab": private_index.url}
    return stage


def files_below(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def failure(stage: Stage, **described: Unpack[Described]) -> str:
    with pytest.raises(StageError) as caught:
        stage.ensure(**described)
    return str(caught.value)


def test_a_named_index_goes_before_the_default_one(lab: Stage, private_index: Index, index: Index):
    index.publish("toya", "2.0")
    private_index.publish("toya", "1.0")
    assert "toya==1.0 " in lab.lock(lab.ensure(requirements="toya", indexes=("lab",)))


def test_what_a_named_index_does_not_have_comes_from_the_default_one(
    lab: Stage, private_index: Index, index: Index
):
    index.publish("toyb", "1.0")
    private_index.publish("toya", "1.0", requires=("toyb",))
    assert "toyb==1.0 " in lab.lock(lab.ensure(requirements="toya", indexes=("lab",)))


def test_an_index_that_is_not_named_is_not_asked(lab: Stage, private_index: Index, index: Index):
    index.publish("toya", "2.0")
    private_index.publish("toya", "1.0")
    assert "toya==2.0 " in lab.lock(lab.ensure(requirements="toya"))


def test_it_serves_the_pip_part_of_a_conda_specification_too(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    version = lab.ensure("dependencies:\n- python\n- pip:\n  - toya\n", indexes=("lab",))
    assert "toya==1.0 " in lab.lock(version)


def test_nothing_of_its_address_is_on_disk_after_a_build(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    lab.ensure(requirements="toya", indexes=("lab",))
    kept = files_below(lab.root)
    assert b"toya" in kept
    assert PASSWORD.encode() not in kept
    assert private_index.url.rpartition("@")[2].encode() not in kept


def test_nothing_of_its_address_is_said_or_logged_when_a_package_is_missing(lab: Stage, index: Index):
    said = failure(lab, requirements="toy-nowhere", indexes=("lab",))
    assert "toy-nowhere was not found" in said
    assert PASSWORD not in said
    assert PASSWORD.encode() not in files_below(lab.root)


def test_wrong_credentials_are_pointed_out_without_being_shown(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    wrong = private_index.url.replace(PASSWORD, "wr0ng-passw0rd")
    lab.indexes = {"lab": wrong}
    said = failure(lab, requirements="toya", indexes=("lab",))
    assert "correct the credentials in the index's address" in said
    assert b"wr0ng-passw0rd" not in said.encode() + files_below(lab.root)


def test_a_token_in_the_path_of_an_address_is_not_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    stage.indexes = {"lab": "http://127.0.0.1:9/t0ken-in-path/simple"}
    said = failure(stage, requirements="toya", indexes=("lab",))
    assert "<lab>/toya" in said
    assert b"t0ken-in-path" not in said.encode() + files_below(stage.root)


def test_the_plan_names_what_changed(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    lab.indexes["mirror"] = private_index.url
    lab.ensure(requirements="toya", indexes=("lab",))
    plan = lab.plan(requirements="toya", indexes=("mirror",))
    assert (plan.action, plan.reasons) == ("build", ("indexes: lab -> mirror",))


def test_another_index_name_with_the_same_packages_is_the_same_environment(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    lab.indexes["mirror"] = private_index.url
    first = lab.ensure(requirements="toya", indexes=("lab",))
    assert lab.ensure(requirements="toya", indexes=("mirror",)).key == first.key


def test_another_address_of_the_same_name_is_the_same_specification(lab: Stage, private_index: Index):
    private_index.publish("toya", "1.0")
    lab.ensure(requirements="toya", indexes=("lab",))
    lab.indexes = {"lab": "http://127.0.0.1:9/simple"}
    assert lab.plan(requirements="toya", indexes=("lab",)).action == "reuse"


@pytest.mark.parametrize("step", ["plan", "ensure"])
@pytest.mark.parametrize(
    ("named", "message"),
    [
        (
            {"indexes": ("labb",)},
            r"no index named 'labb'; did you mean 'lab'\? known: lab; set DRESSAGE_INDEX_LABB",
        ),
        (
            {"find_links": ("w",)},
            r"no find_links named 'w'; known: none; set DRESSAGE_FIND_LINKS_W, or .*\[find_links\]",
        ),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(
    lab: Stage, step: str, named: dict[str, Any], message: str
):
    with pytest.raises(SpecError, match=f"environment 'lab': {message}") as caught:
        getattr(lab, step)(requirements="toya", **named)
    assert PASSWORD not in str(caught.value)


def test_a_folder_of_wheels_has_a_name(
    stage: Stage, index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    index.publish("toya", "1.0")
    folder = (index.root / "simple" / "toya").rename(tmp_path / "my, wheels")
    stage.find_links = {"wheels": str(folder)}
    version = stage.ensure(requirements="toya\n--no-index", find_links=("wheels",))
    assert "toya==1.0 " in stage.lock(version)
    assert str(folder).encode() not in files_below(stage.root)


def test_a_page_of_wheels_has_a_name(stage: Stage, index: Index):
    index.publish("toya", "1.0")
    stage.find_links = {"page": f"{index.url}/toya/"}
    version = stage.ensure(requirements="toya\n--no-index", find_links=("page",))
    assert "toya==1.0 " in stage.lock(version)


def test_addresses_do_not_show_when_sources_are_printed(private_index: Index):
    assert PASSWORD not in repr(PackageSources(indexes={"lab": private_index.url}))
