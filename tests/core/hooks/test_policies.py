"""What policies see, in which order they judge, and who may take one away."""

import getpass
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.hooks.conftest import Install
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Settings, Tiny

from dressage import (
    ComputeTarget,
    DressageError,
    Engine,
    Environment,
    Model,
    NotFoundError,
    PluginError,
    SettingsError,
    StageError,
    hookimpl,
)

CAP = """
from dataclasses import replace
from dressage import hookimpl

DRESSAGE_CONTRACT = 1

@hookimpl(wrapper=True)
def compute():
    return replace((yield), max_nodes={nodes})
"""


class Sees:
    """Keeps the arguments of each of its hooks, and what `yield` gave."""

    def __init__(self) -> None:
        self.seen: dict[str, Any] = {}

    @hookimpl(wrapper=True)
    def dataset(
        self,
        settings: object,
        recipe: str,
        platform: str,
        experiment: str,
        tags: Mapping[str, str],
        user: str,
    ) -> Generator[None, object, object]:
        self.seen["dataset"] = (settings, recipe, platform, experiment, tags, user)
        self.seen["given"] = yield
        return self.seen["given"]

    @hookimpl(wrapper=True)
    def model(self, compute: ComputeTarget) -> Generator[None, Model, Model]:
        self.seen["compute"] = compute
        return (yield)


class Tag:
    """Puts its value under one tag of the compute target."""

    def __init__(self, value: str) -> None:
        self.value = value

    @hookimpl(wrapper=True)
    def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
        target = yield
        return replace(target, tags={"last": self.value, "seen": target.tags.get("last", "")})


def apply(engine: Engine, *names: str) -> str:
    """The policy that decided."""
    for name in names:
        engine.plugins.add("policy", name, Tag(name))
    return engine.describe("tiny").compute.tags["last"]


def test_a_policy_may_take_recipe_platform_experiment_tags_and_user(engine: Engine, tiny: Tiny):
    engine.plugins.add("policy", "sees", sees := Sees())
    engine.plan("tiny", set={"rate": "0.5"}, tags={"team": "a"})
    settings, *others = sees.seen["dataset"]
    assert others == ["tiny", "local", "tiny", {"team": "a"}, getpass.getuser()]
    assert settings.rate == "0.5"
    assert sees.seen["compute"].accelerator in ("cpu", "gpu")


def test_the_user_is_not_read_from_a_variable(engine: Engine, tiny: Tiny, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LOGNAME", "somebody-else")
    engine.plugins.add("policy", "sees", sees := Sees())
    engine.plan("tiny")
    assert sees.seen["dataset"][-1] != "somebody-else"


def test_a_recipe_may_not_take_the_platform(engine: Engine, tiny: Tiny):
    class Depends:
        @hookimpl
        def model(self, platform: str) -> None: ...

    engine.plugins.add("recipe", "depends", Depends())
    with pytest.raises(
        PluginError, match="hook 'model': no argument named 'platform'; known: compute, settings"
    ):
        engine.plan("depends")


def test_a_policy_sees_none_where_a_recipe_reads_no_dataset(engine: Engine, script: WriteScript):
    engine.plugins.add("policy", "sees", sees := Sees())
    engine.plan("script", set={"path": str(script(""))})
    assert sees.seen["given"] is None


def test_a_recipe_is_asked_once_however_many_policies_there_are(engine: Engine, tiny: Tiny):
    asked = []

    class Counts:
        @hookimpl
        def compute(self, settings: Settings) -> ComputeTarget:
            asked.append("compute")
            return tiny.compute(settings)

        @hookimpl
        def model(self, settings: Settings) -> Model:
            asked.append("model")
            return tiny.model(settings)

        settings, dataset = tiny.settings, tiny.dataset

    engine.plugins.add("recipe", "counts", Counts())
    for number in range(5):
        engine.plugins.add("policy", f"p{number}", Tag(str(number)))
    engine.plan("counts")
    assert asked == ["compute", "model"]


def test_policies_are_applied_by_name_and_the_last_one_has_the_last_word(engine: Engine, tiny: Tiny):
    assert apply(engine, "b", "c", "a") == "c"
    assert engine.plan("tiny").policies == ("a", "b", "c")


def test_tryfirst_does_not_change_the_order(engine: Engine, tiny: Tiny):
    class Pushy(Tag):
        @hookimpl(wrapper=True, tryfirst=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            return replace((yield), tags={"last": "pushy"})

    engine.plugins.add("policy", "a", Pushy("a"))
    assert apply(engine, "b") == "b"


def test_an_order_is_configured(project: Path, tiny: Tiny):
    (project / "dressage.toml").write_text('[plugins]\norder = ["c", "a"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    assert apply(engine, "a", "b", "c") == "a"
    assert engine.plan("tiny").policies == ("b", "c", "a")


def test_a_required_policy_has_the_last_word_whatever_a_project_orders(
    project: Path, tiny: Tiny, machine_file: Path, user_file: Path, install: Install
):
    for name in "abcz":
        install("policies", name, CAP.format(nodes=ord(name)))
    machine_file.write_text('[plugins]\nrequired = ["a"]\n')
    user_file.write_text('[plugins]\nrequired = ["b"]\n')
    (project / "dressage.toml").write_text('[plugins]\norder = ["a", "b", "z"]\nrequired = ["c"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    assert engine.plan("tiny").policies == ("z", "c", "b", "a")
    assert engine.describe("tiny").compute.max_nodes == ord("a")


def test_a_program_cannot_replace_a_required_policy(
    project: Path, tiny: Tiny, machine_file: Path, install: Install
):
    install("policies", "house", CAP.format(nodes=1))
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    engine.plugins.add("policy", "house", Tag("x"))
    with pytest.raises(SettingsError, match=r"required by .*; a program cannot provide it"):
        engine.plan("tiny")


def test_an_engine_without_variables_reads_what_the_user_and_the_machine_require(
    project: Path, tiny: Tiny, machine_file: Path, user_file: Path
):
    machine_file.write_text('[plugins]\nrequired = ["a"]\n')
    user_file.write_text('[plugins]\nrequired = ["b"]\n')
    engine = Engine(project, environ={})
    assert list(engine.plugins.settings.required) == ["b", "a"]


def test_a_policy_without_hooks_is_refused(project: Path, tiny: Tiny, install: Install):
    install("policies", "house", "class Policy: ...\n")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(PluginError, match=r"'house' .* failed in registering: .*it has no hooks"):
        engine.plan("tiny")


def test_a_class_instead_of_an_instance_is_named(engine: Engine, tiny: Tiny):
    engine.plugins.add("policy", "tag", Tag)
    with pytest.raises(PluginError, match="Tag is a class; make the entry point name an instance of it"):
        engine.plan("tiny")


@pytest.mark.parametrize(
    "error",
    [SettingsError("closed\ntoday"), NotFoundError("closed\ntoday"), StageError("x", "closed\ntoday")],
)
def test_a_policy_refuses_with_its_name_in_one_line_whatever_it_raises(
    error: Exception, engine: Engine, tiny: Tiny
):
    class Refuses:
        @hookimpl(wrapper=True)
        def tags(self) -> Generator[None, dict[str, str], dict[str, str]]:
            yield
            raise error

    engine.plugins.add("policy", "house", Refuses())
    with pytest.raises(DressageError, match=r"^policy 'house': closed today$"):
        engine.plan("tiny")


@pytest.mark.parametrize("how", ["file", "variable"])
def test_a_policy_can_be_disabled_and_the_plan_says_so(
    how: str, project: Path, tiny: Tiny, install: Install, monkeypatch: pytest.MonkeyPatch
):
    install("policies", "house", "1 / 0")
    if how == "file":
        (project / "dressage.toml").write_text('[plugins]\ndisabled = ["house"]\n')
    else:
        monkeypatch.setenv("DRESSAGE_PLUGINS_DISABLED", "other, house")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    plan = engine.plan("tiny")
    assert plan.policies == ()
    by = str(project / "dressage.toml") if how == "file" else "DRESSAGE_PLUGINS_DISABLED"
    assert plan.disabled_policies == {"house": by}


def test_disabling_a_policy_is_written_to_the_runs_record(
    project: Path, tiny: Tiny, install: Install, dressage: Dressage
):
    install("policies", "house", CAP.format(nodes=1))
    engine = Engine(project, environ={"DRESSAGE_PLUGINS_DISABLED": "house"})
    engine.plugins.add("recipe", "tiny", tiny)
    run = engine.run("tiny")
    run.wait(60)
    assert run.judgement.disabled == {"house": "DRESSAGE_PLUGINS_DISABLED"}
    shown = dressage("runs", "show", run.id).stdout
    assert "house (disabled by DRESSAGE_PLUGINS_DISABLED)" in shown


def test_the_record_names_the_policies_that_judged_with_their_versions(
    project: Path, tiny: Tiny, install: Install
):
    install("policies", "house", CAP.format(nodes=3))
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    run = engine.run("tiny")
    run.wait(60)
    assert run.judgement.policies == {"house": "lab 1.2"}
    assert run.judgement.before["compute"]["max_nodes"] == 1
    assert run.request.compute.max_nodes == 3


@pytest.mark.parametrize("where", ["machine", "user", "project"])
def test_a_required_policy_cannot_be_disabled(
    where: str, project: Path, tiny: Tiny, install: Install, machine_file: Path, user_file: Path
):
    install("policies", "house", CAP.format(nodes=1))
    file = {"machine": machine_file, "user": user_file, "project": project / "dressage.toml"}[where]
    file.write_text('[plugins]\nrequired = ["house"]\n')
    engine = Engine(
        project, environ={"DRESSAGE_PLUGINS_DISABLED": "house", "HOME": "/", **dirs(machine_file)}
    )
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(
        SettingsError,
        match=f"policy 'house' is required by {file} but disabled by DRESSAGE_PLUGINS_DISABLED; enable it there",
    ):
        engine.plan("tiny")


def dirs(machine_file: Path) -> dict[str, str]:
    return {"XDG_CONFIG_DIRS": str(machine_file.parents[1])}


def test_a_project_cannot_disable_what_the_machine_requires(
    project: Path, tiny: Tiny, install: Install, machine_file: Path
):
    install("policies", "house", CAP.format(nodes=1))
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    (project / "dressage.toml").write_text('[plugins]\ndisabled = ["house"]\nrequired = []\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(
        SettingsError, match=r"required by .*machine.* but disabled by .*project/dressage\.toml"
    ):
        engine.plan("tiny")


def test_nothing_is_planned_without_a_policy_that_is_required_and_missing(
    project: Path, tiny: Tiny, machine_file: Path
):
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(
        SettingsError, match=r"policy 'house' is required by .* but not installed; install the distribution"
    ):
        engine.plan("tiny")


def test_a_project_cannot_provide_a_required_policy_itself(project: Path, tiny: Tiny, machine_file: Path):
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    (project / "house.py").write_text(CAP.format(nodes=99))
    (project / "dressage.toml").write_text('plugins = ["./house.py"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(SettingsError, match=r"the file '\./house\.py', named in .*, cannot provide it"):
        engine.plan("tiny")


def test_a_project_cannot_choose_who_provides_a_required_policy(
    project: Path, tiny: Tiny, machine_file: Path, install: Install
):
    install("policies", "house", CAP.format(nodes=1), distribution="house-rules")
    install("policies", "house", CAP.format(nodes=99), distribution="other")
    machine_file.write_text('[plugins]\nrequired = ["house"]\nhouse = "house-rules"\n')
    (project / "dressage.toml").write_text('[plugins]\nhouse = "other"\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    assert engine.describe("tiny").compute.max_nodes == 1


def test_a_policy_of_the_program_cannot_be_disabled(project: Path, tiny: Tiny):
    (project / "dressage.toml").write_text('[plugins]\ndisabled = ["house"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    engine.plugins.add("policy", "house", Tag("x"))
    with pytest.raises(
        SettingsError, match=r"policy 'house' is part of this program but disabled by .*dressage\.toml"
    ):
        engine.plan("tiny")


def test_a_kind_of_plugin_that_does_not_exist_is_refused(engine: Engine):
    with pytest.raises(
        SettingsError, match="no kind of plugin named 'wrapper'; known: observer, platform, policy, recipe"
    ):
        engine.plugins.add("wrapper", "house", Tag("x"))  # type: ignore[arg-type]


def test_a_change_in_place_is_seen(engine: Engine, tiny: Tiny):
    tiny.variables = {"A": "1"}

    class Alters:
        @hookimpl(wrapper=True)
        def environment(self) -> Generator[None, Environment, Environment]:
            found = yield
            found.variables["A"] = "2"  # type: ignore[index]  # on purpose: a policy may do it
            return found

    engine.plugins.add("policy", "alters", Alters())
    plan = engine.plan("tiny")
    assert plan.stage("environment").changed_by == ("alters: variables.A: 1 -> 2",)
    assert tiny.variables == {"A": "1"}


def test_a_policy_that_breaks_says_how_to_disable_it(project: Path, tiny: Tiny, install: Install):
    install("policies", "house", "1 / 0")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(
        PluginError,
        match=r"plugin 'house' \(lab 1\.2\) failed in import: ZeroDivisionError: division by zero; no run"
        r" can start until this is fixed; to disable it, set DRESSAGE_PLUGINS_DISABLED=house$",
    ):
        engine.plan("tiny")


def test_a_required_policy_that_breaks_does_not_say_how_to_disable_it(
    project: Path, tiny: Tiny, install: Install, machine_file: Path
):
    install("policies", "house", "1 / 0")
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(
        PluginError, match=r"no run can start until this is fixed: .*machine.* requires the policy$"
    ):
        engine.plan("tiny")
