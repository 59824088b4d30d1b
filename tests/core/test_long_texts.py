"""Long texts of environments, such as locks, are kept once per workspace and not in each journal."""

import os
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import Engine, StageError
from dressage.errors import RecordError

LONG = "dependencies:\n  - python\n" + "# a long description\n" * 1000


@pytest.fixture
def tiny(engine: Engine, project: Path) -> Tiny:
    recipe = Tiny(project)
    recipe.conda = LONG
    engine.plugins.add("recipe", "tiny", recipe)
    return recipe


def texts(project: Path) -> list[Path]:
    return sorted((project / ".dressage" / "texts").iterdir())


def put_a_pipe_in_its_place(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def test_two_runs_share_the_text(engine: Engine, tiny: Tiny, project: Path):
    runs = [engine.run("tiny", set={"rate": rate}) for rate in ("1", "2")]
    assert [run.wait(60).state for run in runs] == ["Completed"] * 2
    assert [path.read_text() for path in texts(project)] == [LONG]
    assert all("a long description" not in (run.path / "journal.jsonl").read_text() for run in runs)


def test_a_later_engine_reads_it(engine: Engine, tiny: Tiny, project: Path):
    run = engine.run("tiny")
    assert Engine(project).get(run.id).request.environment.conda == LONG


def test_a_failed_run_is_resumed_with_it(engine: Engine, tiny: Tiny):
    with pytest.raises(StageError):
        engine.run("tiny", listener=tiny.lose_data)
    tiny.data.write_text("1,2,3\n")
    assert engine.resume("latest").wait(60).state == "Completed"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (Path.unlink, "cannot be read: No such file"),
        (lambda path: path.write_text("other"), "is damaged"),
        (put_a_pipe_in_its_place, "cannot be read: not a file"),
    ],
)
def test_a_lost_text_is_named_and_listings_do_without_it(
    engine: Engine, tiny: Tiny, project: Path, damage: object, message: str
):
    run = engine.run("tiny")
    run.wait(60)
    assert callable(damage)
    damage(texts(project)[0])
    later = Engine(project)
    assert [summary.run_id for summary in later.runs()] == [run.id]
    with pytest.raises(RecordError, match=f"texts.*{message}"):
        later.get(run.id)
