"""Plans: complete, in the platform's own words, and without effects."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dressage import DatasetFolder, Engine
from dressage.hooks.proxy import PlatformProxy
from dressage.platforms.protocols import Diagnoses, Notes
from dressage.results.plans import Plan
from dressage.testing.platform_suite import PlatformSuite, make_dataset
from dressage.testing.recipe import GivenRecipe
from dressage.testing.runner import Finished, Runner
from dressage.testing.settings import check_declared
from dressage.testing.trees import find_differences, read_tree


class PlanTests(PlatformSuite):
    """`plan` changes nothing, here or on the platform, and says what `run` will do."""

    @pytest.fixture
    def reading(self, runner: Runner, tmp_path: Path) -> GivenRecipe:
        """A recipe with all four stages."""
        text = (
            "import pathlib, sys; pathlib.Path('outputs/model').mkdir()\n"
            "pathlib.Path('outputs/model/w').write_text(pathlib.Path(sys.argv[1], 'a.csv').read_text())\n"
        )
        data = make_dataset(tmp_path / "data", {"a.csv": b"1,2\n"})
        return runner.recipe(text, DatasetFolder(), datasets={"data": data}, model="kit-model")

    def test_a_plan_touches_nothing(
        self, runner: Runner, reading: GivenRecipe, tmp_path: Path, read_remote: Callable[[], object]
    ) -> None:
        before, remote = read_tree(tmp_path), read_remote()
        plan_of(runner, reading)
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote

    def test_a_plan_after_a_run_touches_nothing(
        self, runner: Runner, reading: GivenRecipe, tmp_path: Path, read_remote: Callable[[], object]
    ) -> None:
        Finished(runner.start_recipe(reading), self.patience_s)
        before, remote = read_tree(tmp_path), read_remote()
        plan_of(runner, reading)
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote

    def test_a_plan_has_an_action_and_a_reason_for_each_stage(
        self, runner: Runner, reading: GivenRecipe
    ) -> None:
        plan = plan_of(runner, reading)
        assert [stage.stage for stage in plan.stages] == ["dataset", "compute", "environment", "model"]
        assert plan.stage("dataset").action in ("upload", "create")
        assert plan.stage("model").action == "train"
        assert all(stage.reasons for stage in plan.stages if stage.action != "none")
        assert not [line for stage in plan.stages for line in stage.reasons if "\n" in line]

    def test_after_a_run_a_plan_reuses_every_stage(self, runner: Runner, reading: GivenRecipe) -> None:
        Finished(runner.start_recipe(reading), self.patience_s)
        actions = {stage.stage: stage.action for stage in plan_of(runner, reading).stages}
        assert set(actions.values()) <= {"reuse", "none"}
        assert actions["model"] == "reuse"

    def test_options_are_complete_and_documented(self, engine: Engine, platform: str) -> None:
        check_declared(engine.options(platform))

    def test_loading_the_platform_touches_nothing(
        self, engine: Engine, platform: str, tmp_path: Path, read_remote: Callable[[], object]
    ) -> None:
        before, remote = read_tree(tmp_path), read_remote()
        assert engine.platform(platform).runs
        assert find_differences(before, read_tree(tmp_path)) == []
        assert read_remote() == remote

    def test_notes_are_lines(self, runner: Runner, reading: GivenRecipe) -> None:
        if runner.platform.optional(Notes) is None:
            pytest.skip(f"platform {runner.name!r} has no 'runs.notes'")
        runner.engine.plugins.add("recipe", "kit", reading)
        request = runner.engine.describe("kit", on=runner.name)
        notes = runner.platform.optional(Notes).notes(request)
        assert not [line for line in notes if "\n" in line or not line.strip()]

    def test_checks_for_doctor_are_names_and_results(self, tested: PlatformProxy) -> None:
        if tested.optional(Diagnoses) is None:
            pytest.skip(f"platform {tested.name!r} has no 'diagnose'")
        names = [name for name, _, _ in tested.optional(Diagnoses).diagnose()]
        assert len(set(names)) == len(names)


def plan_of(runner: Runner, recipe: GivenRecipe) -> Plan:
    """Return the plan that a new client makes."""
    engine = Engine(runner.project)
    engine.plugins.add("recipe", "kit", recipe)
    return engine.plan("kit", on=runner.name)
