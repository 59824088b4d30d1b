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


class TestJaxMnist(RecipeTests):
    trains = False  # tests/plugins/jax_mnist trains it

    @pytest.fixture
    def recipe(self) -> str:
        return "jax-mnist"

    @pytest.fixture
    def settings(self) -> Mapping[str, str]:
        return {"data": "digits"}
