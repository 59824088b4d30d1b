"""After a script, dressage has stored the same values as MLflow's own SQLite store.

DRESSAGE_INTEGRATIONS_PYTHON names an interpreter with everything in requirements.txt. Without it, an environment is
built, which takes minutes.
"""

import pytest

from tests.integrations.canonical import ASPECTS
from tests.integrations.conftest import Sides
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
"""Each script, and the aspects of a store that it writes."""

COMPARED = [(script, aspect) for script, aspects in SCRIPTS.items() for aspect in aspects.split()]
every_script = pytest.mark.parametrize("script", SCRIPTS)


def test_every_script_is_compared():
    assert {path.stem for path in (HERE / "scripts").glob("*.py")} == set(SCRIPTS)


def test_every_aspect_is_compared():
    assert {aspect for _, aspect in COMPARED} == set(ASPECTS)


@every_script
def test_the_script_succeeds_with_mlflow(sides: Sides, script: str):
    outcome = sides.mlflow(script)
    assert outcome.code == 0, outcome.output


@pytest.mark.parametrize(("script", "aspect"), COMPARED)
def test_mlflow_stores_something(sides: Sides, script: str, aspect: str):
    assert sides.mlflow(script).aspects[aspect]


@pytest.mark.parametrize(("script", "aspect"), COMPARED)
def test_dressage_stores_the_same(sides: Sides, script: str, aspect: str):
    assert sides.dressage(script).aspects[aspect] == sides.mlflow(script).aspects[aspect]


@every_script
def test_neither_stores_anything_else(sides: Sides, script: str):
    others = set(ASPECTS) - set(SCRIPTS[script].split())
    for side in sides:
        aspects = side(script).aspects
        assert {aspect: aspects[aspect] for aspect in others if aspects[aspect]} == {}


@every_script
def test_the_script_succeeds_with_dressage(sides: Sides, script: str):
    outcome = sides.dressage(script)
    assert outcome.code == 0, outcome.output


@every_script
def test_the_run_is_completed(sides: Sides, script: str):
    assert sides.dressage(script).shown["state"] == "Completed"


@pytest.mark.parametrize("script", sorted(set(SCRIPTS) - {"changed_param"}))
def test_no_request_is_refused(sides: Sides, script: str):
    assert sides.dressage(script).shown["refused"] == []


def test_only_a_changed_parameter_is_refused(sides: Sides):
    (refused,) = sides.dressage("changed_param").shown["refused"]
    assert refused["count"] == 1


def test_dressage_does_not_record_a_script_that_uses_its_own_store(sides: Sides):
    shown = sides.dressage("own_store").shown
    assert (shown["params"], shown["history"]) == ({}, {})
