"""The first-party recipes pass the conformance kit."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from dressage.testing import RecipeTests


class TestScript(RecipeTests):
    @pytest.fixture
    def recipe(self) -> str:
        return "script"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Mapping[str, str]:
        (tmp_path / "train.py").write_text("print(1)\n")
        return {"path": str(tmp_path / "train.py"), "arguments": "--lr 0.1"}


class TestKerasMnist(RecipeTests):
    trains = False  # tests/plugins/keras_mnist trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "keras-mnist"

    @pytest.fixture
    def settings(self) -> Mapping[str, str]:
        return {"data": "digits"}


class TestPytorchMnist(RecipeTests):
    trains = False  # tests/plugins/mnist trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "pytorch-mnist"

    @pytest.fixture
    def settings(self) -> Mapping[str, str]:
        return {"data": "digits"}


class TestJaxMnist(RecipeTests):
    trains = False  # tests/plugins/mnist trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "jax-mnist"

    @pytest.fixture
    def settings(self) -> Mapping[str, str]:
        return {"data": "digits"}


class TestSklearnDigits(RecipeTests):
    trains = False  # tests/plugins/sklearn_digits trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "sklearn-digits"


class TestLightgbmCsv(RecipeTests):
    trains = False  # tests/plugins/lightgbm_csv trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "lightgbm-csv"

    @pytest.fixture
    def settings(self, tmp_path: Path) -> Mapping[str, str]:
        (tmp_path / "table.csv").write_text("x,y\n1,2\n")
        return {"data": str(tmp_path / "table.csv")}
