"""What MLflow's own SQLite store holds after a script is what dressage holds, value by value.

DRESSAGE_INTEGRATIONS_PYTHON names an interpreter with everything in requirements.txt; else one is built, in minutes.
"""

import pytest

from tests.integrations.canonical import ASPECTS
from tests.integrations.sides import HERE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SCRIPTS = {
    "awkward_values": "params tags metrics",
    "changed_param": "params tags",
    "dataset_inputs": "tags metrics inputs",
    "files_and_tables": "params tags metrics files",
    "keras_autolog": "params tags metrics inputs models files",
    "lightgbm_autolog": "params tags metrics inputs models files",
    "lightning_autolog": "params tags metrics models files",
    "lightning_logger": "params metrics experiments",
    "logged_models": "tags metrics inputs models",
    "model_registry": "tags metrics models registry",
    "nested_runs": "params tags metrics children files",
    "optuna_callback": "params tags metrics children experiments",
    "own_store": "params tags metrics files",
    "search_runs": "params tags metrics children",
    "set_experiment": "params tags metrics experiments",
    "sibling_runs": "params tags metrics children files",
    "sklearn_fit": "params tags metrics inputs models files",
    "sklearn_grid_search": "params tags metrics inputs children models files",
    "traced_functions": "tags metrics traces",
    "transformers_trainer": "params tags metrics",
    "xgboost_autolog": "params tags metrics inputs models files",
}
"""Each script, and the aspects of a store that it leaves something in."""

COMPARED = [(script, aspect) for script, aspects in SCRIPTS.items() for aspect in aspects.split()]
every_script = pytest.mark.parametrize("script", SCRIPTS)


def test_every_script_is_compared():
    assert {path.stem for path in (HERE / "scripts").glob("*.py")} == set(SCRIPTS)


def test_every_aspect_is_compared():
    assert {aspect for _, aspect in COMPARED} == set(ASPECTS)


@every_script
def test_by_hand_the_script_succeeds(sides, script: str):
    outcome = sides.by_hand(script)
    assert outcome.code == 0, outcome.said


@pytest.mark.parametrize(("script", "aspect"), COMPARED)
def test_sqlite_holds_something(sides, script: str, aspect: str):
    assert sides.by_hand(script).aspects[aspect]


@pytest.mark.parametrize(("script", "aspect"), COMPARED)
def test_dressage_holds_the_same(sides, script: str, aspect: str):
    assert sides.by_dressage(script).aspects[aspect] == sides.by_hand(script).aspects[aspect]


@every_script
def test_neither_holds_anything_else(sides, script: str):
    others = set(ASPECTS) - set(SCRIPTS[script].split())
    for side in sides:
        held = side(script).aspects
        assert {aspect: held[aspect] for aspect in others if held[aspect]} == {}


@every_script
def test_under_dressage_the_script_succeeds(sides, script: str):
    outcome = sides.by_dressage(script)
    assert outcome.code == 0, outcome.said


@every_script
def test_the_run_is_completed(sides, script: str):
    assert sides.by_dressage(script).shown["state"] == "Completed"


@pytest.mark.parametrize("script", sorted(set(SCRIPTS) - {"changed_param"}))
def test_no_request_is_refused(sides, script: str):
    assert sides.by_dressage(script).shown["refused"] == []


def test_a_changed_parameter_is_the_one_thing_refused(sides):
    (refused,) = sides.by_dressage("changed_param").shown["refused"]
    assert refused["count"] == 1


def test_a_store_of_the_scripts_own_is_none_of_dressages(sides):
    shown = sides.by_dressage("own_store").shown
    assert (shown["params"], shown["history"]) == ({}, {})
