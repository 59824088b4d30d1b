"""Plugins as they were written for an earlier contract keep working: their files never change.

A change of the contract that breaks one of them is a change for every author. Add a folder for each new contract.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dressage import Engine, NotFoundError
from dressage.files.digests import digest_of_file
from dressage.files.trees import files_below
from dressage.hooks.contract import CONTRACT

HERE = Path(__file__).parent
POINTS = """\
[dressage.recipes]
frozen = frozen_recipe
[dressage.platforms]
frozen = frozen_platform
[dressage.policies]
frozen = frozen_policy
"""
DIGESTS: dict[str, str] = {
    "contract_1/frozen_platform.py": "6d75d0156c9f5006d8d42c2a59903d6ab688fc15b990329d4e1be6669e7cf1db",
    "contract_1/frozen_policy.py": "773cf112e21edf49d7a4fca739008266289031f32bffd7952eac76de248f96c1",
    "contract_1/frozen_recipe.py": "02ce78d69e18ff0a16109368adac54ec7f710a9dadff6355b34703ff8c209a57",
    "contract_1/frozen_script/train.py": "7e406146b853d157195c5d0771743cfdc1a1aa3c125f10f8d4735a8e5598330e",
    "contract_1/rows.csv": "96bbd5de61f36b0e10c5771d180998d066192e8986aa34a8cb7c453f62959274",
}
"""The SHA-256 of each file, to change only by adding a contract."""


@pytest.fixture(params=range(1, CONTRACT + 1))
def engine(
    request: pytest.FixtureRequest, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Engine]:
    """An engine that finds the plugins of one contract, installed."""
    import sys

    site = tmp_path / "site"
    shutil.copytree(HERE / f"contract_{request.param}", site)
    metadata = site / "frozen-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: frozen\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(POINTS)
    monkeypatch.syspath_prepend(str(site))
    yield Engine(project)
    for name in ("frozen_recipe", "frozen_platform", "frozen_policy"):
        sys.modules.pop(name, None)


def test_the_files_have_not_changed():
    found = {path: digest_of_file(HERE / path) for path in files_below(HERE) if path.startswith("contract_")}
    assert {path: digest for path, digest in found.items() if "__pycache__" not in path} == DIGESTS


def test_each_plugin_loads_and_states_its_contract(engine: Engine):
    frozen = [status for status in engine.plugin_statuses() if status.name == "frozen"]
    assert {(status.kind, status.contract, status.error) for status in frozen} == {
        ("policy", 1, None),
        ("platform", 1, None),
        ("recipe", 1, None),
    }


@pytest.mark.parametrize("platform", ["local", "frozen"])
def test_a_frozen_recipe_trains_on_both_platforms_under_the_frozen_policy(engine: Engine, platform: str):
    run = engine.run("frozen", on=platform, set={"rate": "0.5"}, tags={"team": "a"})
    assert run.wait(60).state == "Completed"
    assert run.model
    assert (run.model.name, run.model.version) == ("frozen", 1)
    assert run.request.tags == {"mode": "full", "team": "a", "recipe": "frozen"}
    assert run.request.compute.max_nodes == 1
    assert run.request.environment.variables["FROZEN_ON"] == f"{platform} frozen-desk"
    assert run.request.model.tags == {"mode": "full", "rate": "0.5"}
    assert b"".join(run.logs()) == b"trained\n"
    assert "outputs/model/weights.txt" in {file.path for file in run.files}


def test_the_same_again_is_reused_on_the_frozen_platform(engine: Engine):
    first = engine.run("frozen", on="frozen")
    first.wait(60)
    assert engine.run("frozen", on="frozen").id == first.id


def test_what_the_frozen_platform_offers_is_used(engine: Engine, project: Path):
    assert "queue for frozen" in engine.plan("frozen", on="frozen").stage("model").reasons
    run = engine.run("frozen", on="frozen")
    run.wait(60)
    assert run.tracked.tags["frozen"] == run.id
    assert [option.name for option in engine.options("frozen")] == ["poll_s", "queue"]


def test_a_frozen_recipe_refuses_in_its_own_words(engine: Engine):
    with pytest.raises(Exception, match=r"rate is 5\.0; give at most 1"):
        engine.plan("frozen", set={"rate": 5, "strict": "yes"})


def test_a_frozen_policy_can_be_disabled(engine: Engine, project: Path):
    (project / "dressage.toml").write_text('[plugins]\ndisabled = ["frozen"]\n')
    with pytest.raises(NotFoundError, match="disabled"):  # the name stands for all three
        Engine(project).plan("frozen")
