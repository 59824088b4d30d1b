"""A journal with lines that are damaged or from a later version of dressage: the rest can be read."""

import json
from pathlib import Path

import pytest
from tests.fixtures import Dressage

from dressage.engine.engine import Engine
from dressage.results.versions import File

LINES = [
    {"event": "tracking.model"},
    {"event": "tracking.model_changed", "model_id": "none"},
    {"event": "metrics", "items": None},
    {"event": "metrics", "items": [[]]},
    {"event": "metrics", "items": [{"key": "a", "value": "high"}]},
    {"event": "params", "items": [{"key": []}]},
    {"event": "tags", "items": "text"},
    {"event": "inputs", "items": [{"name": "a"}]},
    {"event": "outputs", "items": [{}]},
    {"event": "tracking.run", "run": []},
    {"event": "tracking.trace"},
    {"event": "batch"},
    {"event": "tracking.refused", "request": "a"},
    {"no": "event"},
]


@pytest.fixture(scope="module")
def project_with_damage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project of a run with each of the lines behind its own, and one from the future that can be read."""
    project = tmp_path_factory.mktemp("project")
    (project / "train.py").write_text("")
    run = Engine(project).run("script", set={"path": str(project / "train.py")})
    assert run.wait(60).state == "Completed"
    item = {"name": "mnist", "digest": "abc", "tags": {}, "colour": "of the future"}
    with (run.path / "journal.jsonl").open("a") as journal:
        for line in [*LINES, {"event": "inputs", "items": [item]}]:
            journal.write(json.dumps(line) + "\n")
    return project


@pytest.mark.parametrize("command", [("show", "latest"), ("show", "latest", "-o", "json"), ("list",)])
def test_commands_read_the_rest(dressage: Dressage, project_with_damage: Path, command: tuple[str, ...]):
    result = dressage("runs", *command, cwd=project_with_damage)
    assert (result.returncode, result.stderr) == (0, "")


def test_how_much_cannot_be_read_is_said(dressage: Dressage, project_with_damage: Path):
    shown = dressage("runs", "show", "latest", cwd=project_with_damage).stdout
    assert f"warning: cannot read {len(LINES)} event(s) of the run's journal" in shown


def test_what_is_known_of_an_event_of_the_future_is_kept(dressage: Dressage, project_with_damage: Path):
    assert "inputs\n  mnist  abc" in dressage("runs", "show", "latest", cwd=project_with_damage).stdout


WRONG = [
    {"event": "state", "state": "Weird", "attempt": 1, "time": "2026-11-24T15:37:33.182Z"},
    {"event": "state", "state": "Failed", "exit_code": "x", "attempt": 1, "time": "2026-11-24T15:37:33.182Z"},
    {"event": "run.resumed", "attempt": "two"},
    {"event": "stage.finished", "stage": "model", "handle": {"name": "m"}},
    {"event": "stage.finished", "stage": "environment", "handle": {"name": 5}},
    {"event": "run.created", "time": 5, "request": {"run_id": 5, "recipe": 5}},
]


@pytest.mark.parametrize("line", WRONG, ids=lambda line: line["event"])
def test_a_record_that_cannot_be_read_hides_no_other(
    project: Path, dressage: Dressage, line: dict[str, object]
):
    (project / "train.py").write_text("")
    runs = [Engine(project).run("script", set={"path": "train.py"}, again=True) for _ in range(2)]
    for run in runs:
        run.wait(60)
    with (runs[0].path / "journal.jsonl").open("a") as journal:
        journal.write(json.dumps(line) + "\n")
    listed = dressage("runs", "list", "-o", "json")
    assert listed.returncode == 0, listed.stderr
    states = {run["run_id"]: run["status"]["state"] for run in json.loads(listed.stdout)}
    assert states[runs[1].id] == "Completed"
    assert runs[0].id in states
    assert "Traceback" not in dressage("runs", "show", runs[0].id).stderr


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a\0b"])
def test_a_file_whose_path_leads_out_of_its_folder_is_none(path: str):
    with pytest.raises(ValueError, match="leads out of its folder"):
        File(path=path, size=1)
