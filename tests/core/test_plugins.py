"""Plugins are found, named when they break, and kept apart."""

import subprocess
import sys
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.fixtures import WriteScript
from tests.lab import NO_RUNS

from dressage import (
    ComputeTarget,
    Engine,
    Environment,
    FileDataset,
    Model,
    NotFoundError,
    PluginError,
    Script,
    SettingsError,
    Source,
    SpecError,
    hookimpl,
    setting,
)

DISTRIBUTION = """\
Metadata-Version: 2.1
Name: lab
Version: 1.2
"""


class Recipe:
    """Fills every stage."""

    def __init__(self, folder: Path) -> None:
        self.asked: list[str] = []
        self.folder = folder
        (folder / "train.py").write_text("")
        (folder / "data.csv").write_text("1,2\n")

    @hookimpl
    def settings(self) -> None:
        self.asked.append("settings")

    @hookimpl
    def dataset(self) -> FileDataset:
        self.asked.append("dataset")
        return FileDataset(
            name="d", sources=(Source(path="d.csv", addresses=(str(self.folder / "data.csv"),)),)
        )

    @hookimpl
    def compute(self) -> ComputeTarget:
        self.asked.append("compute")
        return ComputeTarget(name="c", max_nodes=4)

    @hookimpl
    def environment(self, compute: ComputeTarget) -> Environment:
        self.asked.append(f"environment on {compute.accelerator}")
        return Environment(name="e")

    @hookimpl
    def model(self) -> Model:
        self.asked.append("model")
        return Model(script=Script(directory=self.folder, file="train.py"))


@pytest.fixture
def recipe(engine: Engine, project: Path) -> Recipe:
    recipe = Recipe(project)
    engine.plugins.add("recipe", "full", recipe)
    return recipe


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on the path with an installed distribution, `lab 1.2`."""
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    metadata = tmp_path / "site" / "lab-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(DISTRIBUTION)
    yield tmp_path / "site"
    for name in [name for name in sys.modules if name.startswith("lab_")]:
        del sys.modules[name]


def advertise(lab: Path, text: str) -> None:
    (lab / "lab-1.2.dist-info" / "entry_points.txt").write_text(text)


def test_stages_are_asked_in_order_and_the_environment_sees_the_resolved_compute(
    engine: Engine, recipe: Recipe
):
    engine.plan("full")
    kinds = [asked.removesuffix("on cpu").removesuffix("on gpu").strip() for asked in recipe.asked]
    assert kinds == ["settings", "dataset", "compute", "environment", "model"]
    assert recipe.asked[3] in ("environment on cpu", "environment on gpu")


def test_an_installed_recipe_goes_by_its_entry_point(lab: Path, project: Path):
    advertise(lab, "[dressage.recipes]\nours = lab_recipe\n")
    (lab / "lab_recipe.py").write_text("")
    assert "ours" in Engine(project).plugins.names("recipe")


def test_a_plugin_that_cannot_be_imported_takes_nothing_down(lab: Path, project: Path):
    advertise(lab, "[dressage.recipes]\nbad = lab_bad\n")
    (lab / "lab_bad.py").write_text("import does_not_exist\n")
    (project / "train.py").write_text("")
    engine = Engine(project)
    assert engine.plan("script", set={"path": "train.py"}).platform == "local"
    status = next(status for status in engine.plugin_statuses() if status.name == "bad")
    assert status.source == "lab 1.2"
    assert "plugin 'bad' (lab 1.2) failed in import: ModuleNotFoundError" in (status.error or "")


def test_a_broken_plugin_that_the_run_needs_is_named(lab: Path, project: Path):
    advertise(lab, "[dressage.recipes]\nbad = lab_bad\n")
    (lab / "lab_bad.py").write_text("1 / 0\n")
    with pytest.raises(PluginError, match=r"plugin 'bad' \(lab 1.2\) failed in import: ZeroDivisionError"):
        Engine(project).plan("bad")


class Misspelt:
    @hookimpl
    def enviroment(self) -> None: ...


def test_a_broken_policy_stops_every_plan(engine: Engine, recipe: Recipe):
    engine.plugins.add("policy", "misspelt", Misspelt())
    with pytest.raises(PluginError, match=r"plugin 'misspelt' failed in registering: .*'enviroment'"):
        engine.plan("full")


def test_a_broken_policy_is_reported(engine: Engine):
    engine.plugins.add("policy", "misspelt", Misspelt())
    status = next(status for status in engine.plugin_statuses() if status.name == "misspelt")
    assert "enviroment" in (status.error or "")


def test_a_policy_may_have_the_name_of_a_recipe(engine: Engine, recipe: Recipe):
    class Cap:
        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            from dataclasses import replace

            return replace((yield), max_nodes=2)

    engine.plugins.add("policy", "full", Cap())
    assert engine.plan("full").stage("compute").changed_by == ("full: max_nodes: 4 -> 2",)


def test_a_policy_may_not_wrap_settings(engine: Engine, recipe: Recipe):
    class Nosy:
        @hookimpl(wrapper=True)
        def settings(self) -> Generator[None, type, type]:
            return (yield)

    engine.plugins.add("policy", "nosy", Nosy())
    assert engine.settings("full") == ()
    with pytest.raises(PluginError, match=r"plugin 'nosy' failed in registering: .*no hook named 'settings'"):
        engine.plan("full")


def test_a_recipe_that_breaks_when_asked_is_named_with_the_stage(engine: Engine):
    class Broken:
        @hookimpl
        def dataset(self) -> None:
            raise KeyError("HOME")

    engine.plugins.add("recipe", "broken", Broken())
    with pytest.raises(PluginError, match="plugin 'broken' failed in dataset: KeyError: 'HOME'"):
        engine.plan("broken")


def test_a_recipe_that_exits_when_asked_is_named_as_well(engine: Engine):
    class Exiting:
        @hookimpl
        def dataset(self) -> None:
            sys.exit(3)

    engine.plugins.add("recipe", "exiting", Exiting())
    with pytest.raises(PluginError, match="plugin 'exiting' failed in dataset: SystemExit: 3"):
        engine.plan("exiting")


def test_an_answer_of_the_wrong_kind_is_refused(engine: Engine):
    class Wrong:
        @hookimpl
        def dataset(self) -> str:
            return "mnist"

    engine.plugins.add("recipe", "wrong", Wrong())
    with pytest.raises(
        PluginError,
        match="plugin 'wrong' failed in dataset: returned 'mnist', not a FileDataset,",
    ):
        engine.plan("wrong")


def test_a_recipe_without_a_model_is_refused(engine: Engine):
    engine.plugins.add("recipe", "empty", SimpleNamespace())
    with pytest.raises(
        PluginError, match="plugin 'empty' failed in model: returned None; a recipe must return a Model"
    ):
        engine.plan("empty")


def test_a_script_that_is_not_there_is_named(engine: Engine, project: Path):
    class Missing:
        @hookimpl
        def model(self) -> Model:
            return Model(script=Script(directory=project, file="gone.py"))

    engine.plugins.add("recipe", "missing", Missing())
    with pytest.raises(SpecError, match=r"script 'gone\.py' does not exist in"):
        engine.plan("missing")


def test_a_policy_changes_any_recipe_and_the_plan_says_who_changed_what(engine: Engine, recipe: Recipe):
    class Cap:
        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            from dataclasses import replace

            return replace((yield), max_nodes=2)

    engine.plugins.add("policy", "company", Cap())
    plan = engine.plan("full")
    assert plan.stage("compute").changed_by == ("company: max_nodes: 4 -> 2",)
    assert plan.stage("dataset").changed_by == ()


def test_each_of_two_policies_is_named_for_its_own_change(engine: Engine, recipe: Recipe):
    class Tag:
        def __init__(self, key: str) -> None:
            self.key = key

        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            from dataclasses import replace

            target = yield
            return replace(target, tags={**target.tags, self.key: "yes"})

    engine.plugins.add("policy", "a", Tag("one"))
    engine.plugins.add("policy", "b", Tag("two"))
    changes = engine.plan("full").stage("compute").changed_by
    assert changes == ("a: tags.one: not set -> yes", "b: tags.two: not set -> yes")


def test_a_policy_that_breaks_is_named_rather_than_the_recipe(engine: Engine, recipe: Recipe):
    class Broken:
        @hookimpl(wrapper=True)
        def model(self) -> Generator[None, Model, Model]:
            yield
            raise RuntimeError("no")

    engine.plugins.add("policy", "company", Broken())
    with pytest.raises(PluginError, match="plugin 'company' failed in model: RuntimeError: no"):
        engine.plan("full")


def test_an_unknown_recipe_or_platform_brings_the_known_ones(engine: Engine):
    with pytest.raises(NotFoundError, match="no recipe named 'keras-mnst'; did you mean 'keras-mnist'"):
        engine.plan("keras-mnst")
    with pytest.raises(NotFoundError, match="no platform named 'locl'; did you mean 'local'"):
        engine.plan("script", on="locl")


def test_a_platform_without_options_refuses_any(project: Path):
    given = []

    class Lab:
        @hookimpl
        def platform(self, options: object) -> SimpleNamespace:
            given.append(options)
            return SimpleNamespace(runs=NO_RUNS)

    (project / "dressage.toml").write_text("[platforms.lab]\nqueue = 'short'\n")
    engine = Engine(project)
    engine.plugins.add("platform", "lab", Lab())
    engine.plugins.add("platform", "desk", Lab())
    engine.platform("desk")
    assert given == [None]
    with pytest.raises(
        SettingsError, match=r"dressage\.toml: platform 'lab' takes no options; remove 'queue'"
    ):
        engine.platform("lab")


def test_options_must_be_a_dataclass(engine: Engine):
    class Lab:
        @hookimpl
        def options(self) -> dict[str, str]:
            return {"queue": "short"}

    engine.plugins.add("platform", "lab", Lab())
    with pytest.raises(PluginError, match=r"'lab' failed in options: returned \{'queue': 'short'\}, not a"):
        engine.options("lab")


def test_every_option_must_have_a_default(engine: Engine):
    @dataclass(frozen=True, kw_only=True)
    class Options:
        queue: str

    class Lab:
        @hookimpl
        def options(self) -> type:
            return Options

    engine.plugins.add("platform", "lab", Lab())
    with pytest.raises(PluginError, match="failed in options: field 'queue' has no default"):
        engine.platform("lab")


@dataclass(frozen=True)
class Unreadable:
    epochs: "Number" = 5  # type: ignore[name-defined]  # noqa: F821


@dataclass(frozen=True)
class NoValue:
    epochs: int = setting(Path, help="")


@dataclass(frozen=True)
class Raising:
    def __post_init__(self) -> None:
        raise KeyError("epochs")


@dataclass(frozen=True)
class Unbounded:
    epochs: int = setting(5, help="", minimum="none")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (Unreadable, "failed in settings: NameError: name 'Number' is not defined"),
        (NoValue, "failed in settings: field 'epochs' has the default <class 'pathlib.Path'>; give text"),
        (Raising, "failed in its settings: KeyError: 'epochs'"),
        (Unbounded, "failed in its settings: TypeError: '>=' not supported"),
    ],
)
def test_settings_that_break_are_named(engine: Engine, kind: type, why: str):
    class Setting:
        @hookimpl
        def settings(self) -> type:
            return kind

    engine.plugins.add("recipe", "setting", Setting())
    with pytest.raises(PluginError) as raised:
        engine.plan("setting", set={"epochs": 1} if kind is Unbounded else {})
    assert f"plugin 'setting' {why}" in str(raised.value)


def test_the_options_of_our_platforms_say_what_they_are_for(engine: Engine):
    options = [*engine.options("local"), *engine.options("azureml")]
    assert all(option.help for option in options)


@pytest.mark.parametrize("plugin", ["dressage_local", "dressage_azureml"])
def test_a_platforms_plugin_module_imports_nothing_of_the_platform(plugin: str):
    code = (
        f"import sys, {plugin}.plugin; print([name for name in sys.modules if name.startswith({plugin!r})])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert told == f"['{plugin}', '{plugin}.plugin']\n"


def test_two_engines_do_not_share_plugins(engine: Engine, recipe: Recipe, project: Path):
    assert "full" not in Engine(project).plugins.names("recipe")


def test_help_imports_no_engine_and_no_framework():
    code = (
        "import sys; sys.argv = ['dressage', '--help']\n"
        "import atexit\n"
        "heavy = {'dressage.engine.engine', 'pluggy', 'httpx', 'yaml', 'rich', 'tensorflow', 'keras'}\n"
        "atexit.register(lambda: print('HEAVY', sorted(heavy & set(sys.modules))))\n"
        "from dressage.cli.main import main; main()"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    assert told.splitlines()[-1] == "HEAVY []"


class Empty:
    """A policy that forgets to return what it was given."""

    @hookimpl(wrapper=True)
    def environment(self) -> Generator[None, Environment, None]:
        yield


class Instead:
    @hookimpl
    def tags(self) -> dict[str, str]:
        return {}


class Refuses:
    @hookimpl(wrapper=True)
    def environment(self) -> Generator[None, Environment, Environment]:
        yield
        raise SettingsError("image 'a' is not allowed here")


def test_a_policy_that_returns_nothing_is_refused(engine: Engine, recipe: Recipe):
    engine.plugins.add("policy", "house", Empty())
    with pytest.raises(PluginError, match="'house' failed in environment: returned None; return what"):
        engine.plan("full")


def test_a_policy_that_answers_in_the_recipes_place_is_refused(engine: Engine, recipe: Recipe):
    engine.plugins.add("policy", "house", Instead())
    with pytest.raises(
        PluginError, match=r"hook 'tags' would replace the answer; mark it with @hookimpl\(wrapper=True\)"
    ):
        engine.plan("full")


def test_a_policy_that_refuses_is_named(engine: Engine, recipe: Recipe):
    engine.plugins.add("policy", "house", Refuses())
    with pytest.raises(SettingsError, match="policy 'house': image 'a' is not allowed here"):
        engine.plan("full")


def test_a_policy_sees_what_a_recipe_leaves_to_us(engine: Engine, script: WriteScript):
    seen: list[object] = []

    class Looks:
        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            seen.append((yield).name)
            return ComputeTarget(name="house")

    class Least:
        @hookimpl
        def model(self) -> Model:
            path = script("pass")
            return Model(script=Script(directory=path.parent, file=path.name))

    engine.plugins.add("recipe", "least", Least())
    engine.plugins.add("policy", "house", Looks())
    assert engine.plan("least").stage("compute").name == "house"
    assert set(seen) == {"default"}
