"""The suite of a recipe: its hooks only describe, and what they describe can be trained."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dressage import DatasetFolder, Engine
from dressage.records.requests import RunRequest, input_of
from dressage.testing.loading import check_loaded
from dressage.testing.memory import MemoryPlatform
from dressage.testing.processes import Processes
from dressage.testing.settings import check_declared
from dressage.testing.suite import Suite
from dressage.testing.trees import find_differences, read_tree

FRAMEWORKS = frozenset(
    {"azureml", "jax", "keras", "lightgbm", "lightning", "mlflow", "pytorch_lightning", "sklearn"}
    | {"tensorflow", "torch", "transformers", "xgboost"}
)
"""Modules that a training script imports, and a recipe must not."""
MEMORY = "memory"
"""The name of the platform of the tests that start no script."""


class RecipeTests(Suite):
    """What a recipe promises.

    trains: False if the recipe cannot be trained by these tests; they then train nothing.
    patience_s: how long a training may take, in seconds.
    """

    trains: bool = True
    patience_s: float = 600

    @pytest.fixture
    def recipe(self) -> str:
        """The name of the recipe, which is installed or named by a settings file. Each test class gives it."""
        raise NotImplementedError("give a fixture 'recipe' that returns the name of the recipe")

    @pytest.fixture
    def settings(self) -> Mapping[str, Any]:
        """Settings for a quick training. Override it if the default ones take long, or if some must be given."""
        return {}

    @pytest.fixture
    def described(self, engine: Engine, recipe: str, settings: Mapping[str, Any]) -> RunRequest:
        """What the recipe asks for, on a platform in memory."""
        return describe(engine, recipe, settings)

    def test_it_is_found_and_can_be_loaded(self, engine: Engine, recipe: str) -> None:
        check_loaded(engine, "recipe", recipe)

    def test_settings_are_complete_and_documented(self, engine: Engine, recipe: str) -> None:
        check_declared(engine.settings(recipe))

    def test_each_listed_value_of_a_setting_is_accepted(
        self, engine: Engine, recipe: str, settings: Mapping[str, Any]
    ) -> None:
        for setting in engine.settings(recipe):
            for choice in setting.choices:
                assert describe(engine, recipe, {**settings, setting.name: choice})

    def test_its_hooks_change_nothing(self, project: Path, recipe: str, settings: Mapping[str, Any]) -> None:
        """No file, no process, no connection: a plan must be free of effects, and quick."""
        found = Processes(project, MEMORY, self.patience_s).call(
            "describe", ["recipe", recipe, dict(settings)]
        )
        assert found["changes"] == []

    def test_it_imports_no_framework(self, project: Path, recipe: str, settings: Mapping[str, Any]) -> None:
        """Frameworks are imported by the training script, in its own environment."""
        found = Processes(project, MEMORY, self.patience_s).call(
            "describe", ["recipe", recipe, dict(settings)]
        )
        assert sorted(FRAMEWORKS.intersection(found["modules"])) == []

    def test_the_same_settings_give_the_same_answers(
        self, project: Path, recipe: str, settings: Mapping[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """At any time and in any folder: otherwise nothing is ever reused."""
        here = describe(Engine(project), recipe, settings)
        elsewhere = project.parent / "elsewhere"
        elsewhere.mkdir()
        monkeypatch.chdir(elsewhere)
        assert describe(Engine(project), recipe, settings).key == here.key

    @pytest.mark.parametrize("accelerator", ["cpu", "gpu"])
    def test_it_describes_an_environment_for_each_accelerator(
        self, engine: Engine, recipe: str, settings: Mapping[str, Any], accelerator: Any
    ) -> None:
        assert describe(engine, recipe, settings, accelerator=accelerator).environment.name

    def test_a_plan_has_all_stages_and_changes_nothing(
        self, engine: Engine, recipe: str, settings: Mapping[str, Any], tmp_path: Path
    ) -> None:
        engine.plugins.add("platform", MEMORY, MemoryPlatform())
        before = read_tree(tmp_path)
        plan = engine.plan(recipe, on=MEMORY, set=settings)
        assert {stage.stage for stage in plan.stages} >= {"compute", "environment", "model"}
        assert find_differences(before, read_tree(tmp_path)) == []

    def test_every_dataset_is_an_argument_of_the_script(self, described: RunRequest) -> None:
        folders = [one for one in described.script.arguments if isinstance(one, DatasetFolder)]
        given = {input_of(folder, described.datasets) for folder in folders}
        assert given == set(described.datasets), "the script gets the folders of some inputs only"

    def test_a_completed_run_registers_its_model(
        self, engine: Engine, recipe: str, settings: Mapping[str, Any], described: RunRequest
    ) -> None:
        """On a platform in memory, whose runs leave one file in the model's folder."""
        model = described.model
        metrics = {model.primary_metric.name: 0.5} if model.primary_metric else {}
        platform = MemoryPlatform(outputs={f"{model.output_path}/kit": b"1"}, metrics=metrics)
        engine.plugins.add("platform", MEMORY, platform)
        run = engine.run(recipe, on=MEMORY, set=settings)
        assert run.wait().state == "Completed"
        assert (run.model.name if run.model else None) == model.name
        assert run.metric == (0.5 if model.primary_metric else None)

    def test_it_trains_and_is_reused(self, project: Path, recipe: str, settings: Mapping[str, Any]) -> None:
        """On the default platform: the script succeeds, leaves its model and logs its primary metric."""
        if not self.trains:
            pytest.skip("trains = False: nothing is trained")
        run = Engine(project).run(recipe, set=settings)
        status = run.wait(self.patience_s)
        assert status.state == "Completed", b"".join(run.logs()).decode(errors="replace")[-2000:]
        if run.request.model.primary_metric:
            assert run.metric is not None, f"{run.request.model.primary_metric.name!r} was not logged"
        if run.request.model.name:
            assert run.model
            assert Engine(project).run(recipe, set=settings).id == run.id


def describe(
    engine: Engine, recipe: str, settings: Mapping[str, Any], *, accelerator: Any = "cpu"
) -> RunRequest:
    """Return what a recipe asks for on a platform in memory whose machines have the accelerator."""
    fresh = Engine(engine.directory)
    fresh.plugins.add("platform", MEMORY, MemoryPlatform(accelerator=accelerator))
    return fresh.describe(recipe, on=MEMORY, set=settings)
