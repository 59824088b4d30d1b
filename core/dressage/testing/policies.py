"""The suite of a policy: it judges any recipe, without effects, and always in the same way."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Engine,
    Environment,
    FileDataset,
    Model,
    PrimaryMetric,
    Script,
    SettingsError,
    Source,
    hookimpl,
    setting,
)
from dressage.engine.runs import Run
from dressage.files.encoding import to_json
from dressage.results.differences import differences
from dressage.results.events import RunJudged
from dressage.testing.loading import check_loaded
from dressage.testing.memory import MemoryPlatform
from dressage.testing.processes import Processes
from dressage.testing.recipe import Answers, GivenRecipe
from dressage.testing.recipes import MEMORY
from dressage.testing.suite import Suite


class PolicyTests(Suite):
    """What a policy promises. A policy judges every recipe, whatever it describes and leaves out."""

    patience_s: float = 120

    @pytest.fixture
    def policy(self) -> str:
        """The name of the policy, which is installed or named by a settings file. Each test class gives it."""
        raise NotImplementedError("give a fixture 'policy' that returns the name of the policy")

    @pytest.fixture
    def tags(self) -> Mapping[str, str]:
        """The tags of the runs. Override it if the policy refuses runs without certain tags."""
        return {}

    @pytest.fixture(params=["bare", "full", "several inputs", "gpu"])
    def judged(self, request: pytest.FixtureRequest, project: Path) -> Any:
        """Recipes of several forms."""
        return make_recipes(project)[request.param]

    @pytest.fixture(autouse=True)
    def installed(self, engine: Engine, policy: str) -> None:
        """Fail every test if the policy is not installed: without it, most of them would pass."""
        check_loaded(engine, "policy", policy)

    def test_it_is_found_and_can_be_loaded(self, engine: Engine, policy: str) -> None:
        check_loaded(engine, "policy", policy)

    def test_it_judges_recipes_of_any_form(
        self, project: Path, policy: str, judged: Any, tags: Mapping[str, str]
    ) -> None:
        """It accepts, changes or refuses. A PluginError means that it broke, and then nothing can run."""
        try:
            policies = self.engine_for(project, judged).plan("kit", on=MEMORY, tags=tags).policies
        except SettingsError:
            return
        assert policy in policies

    def test_it_judges_the_same_in_the_same_way(
        self, project: Path, policy: str, judged: Any, tags: Mapping[str, str]
    ) -> None:
        first, second = (self.judge(project, judged, tags) for _ in range(2))
        assert differences(first, second) == []

    def test_it_changes_nothing_outside(self, project: Path, policy: str, tags: Mapping[str, str]) -> None:
        """No file, no process, no connection: a policy is called for each plan, and must be quick."""
        found = Processes(project, MEMORY, self.patience_s).call("describe", ["policy", policy, dict(tags)])
        assert found["changes"] == []

    def test_a_resumed_run_is_judged_like_the_first_attempt(
        self, project: Path, policy: str, judged: Any, tags: Mapping[str, str]
    ) -> None:
        run = self.start_failing(project, judged, tags)
        events: list[object] = []
        self.engine_for(project, judged).resume(run.id, listener=events.append)
        assert [event for event in events if isinstance(event, RunJudged)] == []

    def start_failing(self, project: Path, recipe: Any, tags: Mapping[str, str]) -> Run:
        """Start a run that fails, or skip the test if the policy refuses it."""
        try:
            run = self.engine_for(project, recipe).run("kit", on=MEMORY, tags=tags)
        except SettingsError as refusal:
            pytest.skip(f"the policy refuses this recipe: {refusal}")
        assert run.wait().state == "Failed"
        return run

    def judge(self, project: Path, recipe: Any, tags: Mapping[str, str]) -> dict[str, Any]:
        """Return what the policy makes of a recipe, or its refusal."""
        try:
            request: dict[str, Any] = to_json(
                self.engine_for(project, recipe).describe("kit", on=MEMORY, tags=tags)
            )
        except SettingsError as refusal:
            return {"refusal": str(refusal)}
        return request

    def engine_for(self, project: Path, recipe: Any) -> Engine:
        """Return a new engine with a recipe "kit" and a platform in memory whose runs fail."""
        engine = Engine(project)
        engine.plugins.add("recipe", "kit", recipe)
        engine.plugins.add("platform", MEMORY, MemoryPlatform(exit_code=1))
        return engine


class _Bare:
    """A recipe that leaves out all that can be left out."""

    def __init__(self, script: Script) -> None:
        self._script = script

    @hookimpl
    def model(self) -> Model:
        return Model(script=self._script)


@dataclass(frozen=True, kw_only=True)
class _Settings:
    rate: float = setting(0.1, help="learning rate", minimum=0)


class _WithSettings(GivenRecipe):
    """A recipe with settings and tags."""

    @hookimpl
    def settings(self) -> type:
        return _Settings

    @hookimpl
    def tags(self) -> Mapping[str, str]:
        return {"kit": "yes"}


def make_recipes(project: Path) -> dict[str, Any]:
    """Return recipes of several forms, by a name. Their files are written to a folder beside the project."""
    folder = project.parent / "kit-source"
    folder.mkdir(exist_ok=True)
    (folder / "train.py").write_text("")
    (folder / "a.csv").write_text("1\n")
    data = FileDataset(name="kit", sources=(Source(path="a.csv", addresses=(str(folder / "a.csv"),)),))
    script = Script(directory=folder, file="train.py", arguments=("--data", DatasetFolder()))
    metric = PrimaryMetric(name="accuracy", goal="maximize")
    full = Answers(
        target=ComputeTarget(name="kit", max_nodes=4, slots=2, time_limit_s=60, tags={"kit": "yes"}),
        software=Environment(name="kit", requirements="six==1.17.0\n", variables={"KIT": "1"}),
        trained=Model(name="kit", script=script, primary_metric=metric, tags={"kit": "yes"}),
        datasets={"data": data},
    )
    parts = Script(
        directory=folder, file="train.py", arguments=(DatasetFolder(name="one"), DatasetFolder(name="two"))
    )
    several = Answers(
        target=ComputeTarget(name="kit"),
        software=Environment(name="kit", conda="dependencies:\n- python=3.11\n"),
        trained=Model(script=parts),
        datasets={"one": data, "two": data},
    )
    gpu = Answers(
        target=ComputeTarget(name="kit", size="Standard_NC6", gpus=1, accelerator="gpu"),
        software=Environment(name="kit"),
        trained=Model(name="kit", script=Script(directory=folder, module="train")),
    )
    return {
        "bare": _Bare(Script(directory=folder, file="train.py")),
        "full": _WithSettings(full),
        "several inputs": GivenRecipe(several),
        "gpu": GivenRecipe(gpu),
    }
