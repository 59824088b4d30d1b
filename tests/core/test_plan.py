"""Plan before touch: what each stage would do and why; nothing is changed by asking."""

import threading
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import ComputeTarget, Engine, StageError
from dressage.results.events import PlanMade
from dressage.results.plans import Stage


def actions(engine: Engine, **settings: object) -> dict[str, str]:
    return {stage.stage: stage.action for stage in engine.plan("tiny", set=settings).stages}


def reasons(engine: Engine, stage: Stage, **settings: object) -> str:
    return "; ".join(engine.plan("tiny", set=settings).stage(stage).reasons)


def train(engine: Engine, **settings: object) -> str:
    """The id of a run that trained."""
    run = engine.run("tiny", set=settings)
    assert run.wait(120).state == "Completed"
    return run.id


def test_before_the_first_run_everything_is_new_and_says_why(engine: Engine, tiny: Tiny):
    assert actions(engine) == {
        "dataset": "create",
        "compute": "create",
        "environment": "reuse",
        "model": "train",
    }
    assert all(stage.reasons for stage in engine.plan("tiny").stages)


def test_a_plan_touches_nothing(engine: Engine, tiny: Tiny, project: Path):
    before = sorted(project.rglob("*"))
    engine.plan("tiny")
    assert sorted(project.rglob("*")) == before


def test_after_a_run_everything_is_there(engine: Engine, tiny: Tiny):
    train(engine)
    assert set(actions(engine).values()) == {"reuse"}


def test_a_changed_argument_changes_the_model_alone(engine: Engine, tiny: Tiny):
    train(engine)
    assert actions(engine, rate="0.2") == {
        "dataset": "reuse",
        "compute": "reuse",
        "environment": "reuse",
        "model": "train",
    }
    assert reasons(engine, "model", rate="0.2") == "argument --rate: 0.1 -> 0.2"


def test_a_changed_file_of_the_script_folder_changes_the_model_alone(engine: Engine, tiny: Tiny):
    train(engine)
    (tiny.source / "notes.txt").write_text("x")
    assert [stage for stage, action in actions(engine).items() if action != "reuse"] == ["model"]
    assert reasons(engine, "model") == "file notes.txt added"


def test_changed_data_changes_the_dataset_and_what_is_trained_from_it(engine: Engine, tiny: Tiny):
    train(engine)
    tiny.data.write_text("4,5,6\n")
    assert [stage for stage, action in actions(engine).items() if action != "reuse"] == ["dataset", "model"]
    assert reasons(engine, "dataset") == "file data.csv changed"
    assert "dataset changed" in reasons(engine, "model")


def test_where_the_model_is_there_nothing_else_is_made(engine: Engine, tiny: Tiny):
    run_id = train(engine)
    assert actions(engine, slots=2) | {"compute": None} == actions(engine) | {"compute": None}
    engine.platform().compute.delete("small")
    assert reasons(engine, "compute", slots=2) == "not needed: the model is reused"
    assert engine.run("tiny", set={"slots": 2}).id == run_id


def test_a_plan_to_train_again_says_so(engine: Engine, tiny: Tiny):
    train(engine)
    events: list[object] = []
    engine.run("tiny", again=True, listener=events.append).wait(60)
    assert isinstance(events[0], PlanMade)
    assert events[0].plan.stage("model").action == "train"


def test_a_plan_names_the_version_that_would_be_made(engine: Engine, tiny: Tiny):
    assert engine.plan("tiny").stage("dataset").version == 1
    train(engine)
    tiny.data.write_text("4,5,6\n")
    assert engine.plan("tiny").stage("dataset").version == 2


def test_a_target_keeps_its_slots_and_the_plan_says_so(engine: Engine, tiny: Tiny):
    train(engine)
    stage = engine.plan("tiny", set={"slots": 5, "rate": "0.5"}).stage("compute")
    assert (stage.action, stage.reasons) == (
        "reuse",
        (
            (
                "slots: target 'small' has 4, requested 5; the target keeps 4;"
                " to change it: dressage compute delete small"
            ),
        ),
    )


def test_a_run_gets_the_slots_of_its_target(engine: Engine, tiny: Tiny):
    train(engine)
    run = engine.run("tiny", set={"slots": 5, "rate": "0.5"})
    run.wait(60)
    submission = run.folder.refresh().the_submission()
    assert submission
    assert submission.compute.slots == 4
    assert [target.slots for target in engine.platform().compute.list()] == [4]


def test_a_deleted_target_gets_the_slots_of_the_next_request(engine: Engine, tiny: Tiny):
    train(engine)
    engine.platform().compute.delete("small")
    train(engine, slots=5, rate="0.5")
    assert [target.slots for target in engine.platform().compute.list()] == [5]


def test_of_several_first_runs_one_decides_the_slots(engine: Engine, tiny: Tiny, project: Path):
    found: list[int] = []

    def ensure(slots: int) -> None:
        target = ComputeTarget(name="shared", slots=slots)
        found.append(Engine(project).platform().compute.ensure(target, lambda *_: None).slots)

    threads = [threading.Thread(target=ensure, args=(slots,)) for slots in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert [target.slots for target in engine.platform().compute.list()] == [found[0]]


@pytest.mark.parametrize(("name", "error"), [("gone.csv", "does not exist"), ("folder", "is a folder")])
def test_a_plan_names_a_local_source_that_is_not_there(engine: Engine, tiny: Tiny, name: str, error: str):
    tiny.data = tiny.data.with_name(name)
    (tiny.data.parent / "folder").mkdir()
    with pytest.raises(StageError, match=f"dataset 'numbers': .*{name}' {error}; give the path of a file"):
        engine.plan("tiny")
