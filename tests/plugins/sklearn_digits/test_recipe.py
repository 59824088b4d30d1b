"""What sklearn-digits describes, without training."""

from typing import Any

import pytest

import dressage_sklearn_digits as recipe
from dressage import Engine, SettingsError
from dressage_sklearn_digits.recipe import Settings


def arguments_of(**values: Any) -> dict[str, str]:
    words = [str(word) for word in recipe.model(settings=Settings(**values)).script.arguments]
    return dict(zip(words[::2], words[1::2], strict=True))


def test_every_setting_reaches_the_script():
    assert arguments_of(estimator="logistic", c=0.5, folds=3, seed=7) == {
        "--data-folder": "DATASET",
        "--estimator": "logistic",
        "--c": "0.5",
        "--folds": "3",
        "--seed": "7",
    }


def test_cross_validation_can_be_left_out():
    assert arguments_of(folds=None)["--folds"] == "0"


def test_the_digits_of_the_package_are_the_default():
    assert recipe.dataset(settings=Settings()).name == "digits-dataset"


def test_mnist_is_the_dataset_of_the_other_recipes():
    assert recipe.dataset(settings=Settings(data="mnist")).name == "mnist-dataset"


def test_a_run_gets_its_own_script_and_what_scripts_share(engine: Engine):
    files = {file.path for file in engine.describe("sklearn-digits").snapshot.files}
    assert {path.partition("/")[0] for path in files} == {"sklearn_digits", "shared"}


def test_packages_are_pinned():
    lines = (recipe.environment().requirements or "").splitlines()
    assert all("==" in line for line in lines if not line.startswith("#"))


@pytest.mark.parametrize(
    ("name", "value"), [("folds", "1"), ("c", "0"), ("estimator", "tree"), ("seed", "-1")]
)
def test_a_setting_out_of_bounds_is_refused(engine: Engine, name: str, value: str):
    with pytest.raises(SettingsError, match=rf"setting {name} is .*{value}"):
        engine.plan("sklearn-digits", set={name: value})
