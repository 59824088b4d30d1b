"""Resuming asks the policies of that day about the descriptions of the first."""

import json
import os
import sys
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.core.hooks.conftest import Install
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Engine,
    FileDataset,
    Model,
    PluginError,
    RegisteredDataset,
    Script,
    SettingsError,
    Source,
    StageError,
    hookimpl,
)
from dressage.engine.runs import Run
from dressage.errors import RecordError
from dressage.results.events import Event, RunJudged


class Changes:
    """A policy that changes fields of one description."""

    def __init__(self, question: str, **fields: Any) -> None:
        @hookimpl(wrapper=True, specname=question)
        def hook() -> Generator[None, Any, Any]:
            return replace((yield), **fields)

        self.hook = hook


class Refuses:
    @hookimpl(wrapper=True)
    def compute(self, user: str) -> Generator[None, ComputeTarget, ComputeTarget]:
        yield
        raise SettingsError(f"no machines for {user!r} tonight")


@pytest.fixture
def failed_run(engine: Engine, tiny: Tiny) -> Run:
    """A run whose script failed; the next attempt would complete it."""
    (tiny.source / "train.py").write_text("import os, sys; sys.exit(0 if 'FIXED' in os.environ else 5)")
    run = engine.run("tiny")
    run.wait(60)
    assert run.status.state == "Failed"
    return run


def attempts(run: Run) -> int:
    return sum(event.event == "run.submitted" for event in run.folder.journal.events())


def test_a_policy_that_refuses_stops_a_resume(engine: Engine, failed_run: Run):
    engine.plugins.add("policy", "night", Refuses())
    with pytest.raises(SettingsError, match="policy 'night': no machines for"):
        engine.resume(failed_run.id)
    assert attempts(failed_run) == 1
    assert failed_run.status.state == "Failed"


def test_a_policy_that_is_broken_stops_a_resume(engine: Engine, failed_run: Run, install: Install):
    install("policies", "house", "1 / 0")
    with pytest.raises(PluginError, match=r"'house'.* failed in import"):
        Engine(engine.directory).resume(failed_run.id)
    assert attempts(failed_run) == 1


def test_a_required_policy_that_is_missing_stops_a_resume(
    engine: Engine, failed_run: Run, machine_file: Path
):
    machine_file.write_text('[plugins]\nrequired = ["house"]\n')
    with pytest.raises(Exception, match="policy 'house' is required by"):
        Engine(engine.directory).resume(failed_run.id)
    assert attempts(failed_run) == 1


@pytest.mark.parametrize(
    ("question", "fields", "words"),
    [
        ("environment", {"variables": {"SEED": "2"}}, "environment.variables.SEED: not set -> 2"),
        ("environment", {"conda": "name: other\ndependencies: [python=3.11]\n"}, "environment.conda"),
        ("model", {"output_path": "outputs/other"}, "output_path: outputs/model -> outputs/other"),
        ("dataset", {"name": "others"}, "dataset.numbers"),
    ],
)
def test_a_policy_that_would_change_the_training_stops_a_resume(
    question: str, fields: dict[str, Any], words: str, engine: Engine, failed_run: Run
):
    engine.plugins.add("policy", "house", Changes(question, **fields))
    with pytest.raises(SettingsError, match="policy 'house' would change what it trains: ") as raised:
        engine.resume(failed_run.id)
    assert words in str(raised.value)
    assert str(raised.value).endswith("; start a new run: dressage run tiny")
    assert "\n" not in str(raised.value)
    assert attempts(failed_run) == 1


def test_a_policy_that_is_gone_is_named_where_it_had_changed_the_training(
    engine: Engine, tiny: Tiny, script: WriteScript
):
    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    engine.plugins.add("policy", "seeds", Changes("environment", variables={"SEED": "1"}))
    run = engine.run("tiny")
    run.wait(60)
    other = Engine(engine.directory)
    with pytest.raises(SettingsError, match="policy 'seeds', which judged the run and is not installed now"):
        other.resume(run.id)


def test_the_compute_target_may_change(engine: Engine, failed_run: Run):
    engine.plugins.add("policy", "caps", Changes("compute", slots=7))
    resumed = engine.resume(failed_run.id)
    assert resumed.wait(60).exit_code == 5
    assert resumed.request.compute.slots == 7
    assert engine.get(failed_run.id).request.compute.slots == 7
    assert engine.get(failed_run.id).judgement.changes["compute"] == (("caps", "slots: 4 -> 7"),)


def test_policies_judge_what_the_recipe_said_and_not_what_they_made_of_it(engine: Engine, tiny: Tiny):
    class Doubles:
        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            target = yield
            return replace(target, slots=target.slots * 2)

    (tiny.source / "train.py").write_text("raise SystemExit(5)")
    engine.plugins.add("policy", "doubles", Doubles())
    run = engine.run("tiny")
    run.wait(60)
    resumed = engine.resume(run.id)
    resumed.wait(60)
    assert resumed.request.compute.slots == 8


def test_a_run_is_judged_although_its_recipe_is_gone(engine: Engine, failed_run: Run):
    other = Engine(engine.directory)
    other.plugins.add("policy", "night", Refuses())
    with pytest.raises(SettingsError, match="policy 'night'"):
        other.resume(failed_run.id)


def test_disabling_a_policy_at_a_resume_is_written_to_the_record(
    engine: Engine, failed_run: Run, install: Install
):
    install("policies", "house", "1 / 0")
    other = Engine(engine.directory, environ={"DRESSAGE_PLUGINS_DISABLED": "house"})
    other.resume(failed_run.id).wait(60)
    assert other.get(failed_run.id).judgement.disabled == {"house": "DRESSAGE_PLUGINS_DISABLED"}


def test_nothing_is_written_where_policies_say_the_same_again(engine: Engine, failed_run: Run):
    engine.resume(failed_run.id).wait(60)
    assert not [event for event in failed_run.folder.journal.events() if event.event == "run.judged"]


def test_attaching_to_a_run_that_continues_asks_nobody(engine: Engine, tiny: Tiny, project: Path):
    hold = project / "hold"
    hold.touch()
    run = engine.run("tiny", set={"hold": str(hold)})
    run.detach()
    other = Engine(engine.directory)
    other.plugins.add("policy", "night", Refuses())
    attached = other.resume(run.id)
    hold.unlink()
    assert attached.wait(60).state == "Completed"


def test_a_run_recorded_before_judgements_were_is_judged_by_what_came_out(engine: Engine, failed_run: Run):
    journal = failed_run.folder.journal.path
    lines = journal.read_text().splitlines()
    first = json.loads(lines[0])
    del first["judgement"]
    journal.write_text("\n".join([json.dumps(first), *lines[1:]]) + "\n")
    other = Engine(engine.directory)
    assert other.resume(failed_run.id).wait(60).exit_code == 5
    other = Engine(engine.directory)
    other.plugins.add("policy", "night", Refuses())
    with pytest.raises(SettingsError, match="policy 'night'"):
        other.resume(failed_run.id)


def test_a_resume_does_not_train_on_data_that_changed(engine: Engine, tiny: Tiny, failed_run: Run):
    tiny.data.write_text("9,9,9\n")
    for _ in range(2):
        with pytest.raises(
            StageError, match="dataset 'numbers' has changed since this run was started: expected"
        ):
            engine.resume(failed_run.id)
    assert attempts(failed_run) == 1


def test_a_resume_uses_the_registered_version_of_the_first_attempt(
    engine: Engine, project: Path, script: WriteScript
):
    class Reads:
        @hookimpl
        def dataset(self) -> RegisteredDataset:
            return RegisteredDataset(name="numbers")

        @hookimpl
        def model(self) -> Model:
            directory = script(
                "import pathlib, sys; print(*pathlib.Path(sys.argv[1]).iterdir()); sys.exit(5)"
            ).parent
            return Model(script=Script(directory=directory, file="train.py", arguments=(DatasetFolder(),)))

    datasets = engine.platform().datasets
    for name in ("one", "two"):
        (project / name).write_text(name)
        source = Source(path=name, addresses=(str(project / name),))
        datasets.ensure(FileDataset(name="numbers", sources=(source,)), lambda *_: None)
        if name == "one":
            engine.plugins.add("recipe", "reads", Reads())
            run = engine.run("reads")
            run.wait(60)
    engine.resume(run.id).wait(60)
    assert [line.rpartition(b"/")[2] for line in b"".join(run.logs()).splitlines()] == [b"one", b"one"]


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("tags", None),
        ("tags", {"a": 3}),
        ("compute", 3),
        ("compute", None),
        ("model", {}),
        ("environment", None),
        ("dataset", {}),
        ("dataset", {"single": True, "inputs": {}}),
    ],
)
def test_a_damaged_judgement_is_an_error_and_nothing_is_written(
    question: str, value: object, engine: Engine, failed_run: Run
):
    journal = failed_run.folder.journal.path
    first, *lines = journal.read_text().splitlines()
    event = json.loads(first)
    event["judgement"]["before"][question] = value
    journal.write_text("\n".join([json.dumps(event), *lines]) + "\n")
    before = journal.read_bytes()
    with pytest.raises(RecordError, match=f"run '{failed_run.id}': its record is damaged"):
        Engine(engine.directory).resume(failed_run.id)
    assert journal.read_bytes() == before


def test_the_same_command_continues_a_run_whose_target_a_policy_changed(engine: Engine, tiny: Tiny):
    with pytest.raises(StageError):
        engine.run("tiny", listener=tiny.lose_data)
    engine.plugins.add("policy", "caps", Changes("compute", slots=1))
    with pytest.raises(StageError):
        engine.resume("latest")
    tiny.data.write_text("1\n")
    assert engine.run("tiny").wait(60).state == "Completed"
    assert len(list(engine.workspace.runs.iterdir())) == 1


def test_a_resume_reports_what_the_policies_change_now(engine: Engine, failed_run: Run):
    events: list[Event] = []
    engine.plugins.add("policy", "caps", Changes("compute", slots=7))
    engine.resume(failed_run.id, listener=events.append).wait(60)
    (judged,) = (event for event in events if isinstance(event, RunJudged))
    assert (judged.policies, judged.changed_by) == (("caps",), ("caps: slots: 4 -> 7",))


def test_runs_show_says_what_each_policy_changed(project: Path, install: Install, dressage: Dressage):
    install(
        "policies",
        "house",
        "from dressage import hookimpl\n@hookimpl(wrapper=True)\ndef tags(user):\n"
        "    return {**(yield), 'owner': user}\n",
    )
    (project / "train.py").write_text("")
    site = {**os.environ, "PYTHONPATH": sys.path[0]}
    run_id = dressage("run", "-d", "train.py", env=site).stdout.strip()
    shown = dressage("runs", "show", run_id, env=site).stdout
    assert "policies     house (lab 1.2)\n             changed by policy house: owner: not set -> " in shown


def test_a_plan_takes_the_experiment_that_policies_see(engine: Engine, tiny: Tiny):
    class Tags:
        @hookimpl(wrapper=True)
        def tags(self, experiment: str) -> Generator[None, dict[str, str], dict[str, str]]:
            return {**(yield), "experiment": experiment}

    engine.plugins.add("policy", "tags", Tags())
    plan = engine.plan("tiny", experiment="night")
    assert (plan.experiment, plan.tags) == ("night", {"experiment": "night"})


def test_a_run_that_cannot_continue_on_changed_data_does_not_block_the_same_command(
    engine: Engine, tiny: Tiny, failed_run: Run
):
    tiny.data.write_text("9,9,9\n")
    with pytest.raises(StageError, match="dataset 'numbers' has changed"):
        engine.resume(failed_run.id)
    assert (failed_run.status.state, failed_run.status.exit_code) == ("Failed", 5)
    run = engine.run("tiny")
    assert run.id != failed_run.id
    assert run.wait(60).exit_code == 5
