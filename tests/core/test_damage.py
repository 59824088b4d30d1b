"""What commands say about a workspace with damaged files, and what they still do."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.clients import processes_below
from tests.commandline import Called, call
from tests.trained import RUN, Trained, train
from tests.waiting import eventually

from dressage import Engine


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return train(tmp_path_factory.mktemp("project"))


@pytest.fixture
def trained(made: Trained) -> Trained:
    made.restore()
    return made


@pytest.fixture
def workspace(trained: Trained) -> Path:
    return trained.project / ".dressage"


@pytest.fixture
def journal(trained: Trained, workspace: Path) -> Path:
    """The journal of the first run."""
    return workspace / "runs" / trained.runs[0] / "journal.jsonl"


def states(trained: Trained) -> dict[str, str]:
    """The state that is listed for each run."""
    listed = call(trained.project, "runs", "list", "-o", "json")
    assert (listed.code, listed.err) == (0, "")
    return {run["run_id"]: run["status"]["state"] for run in json.loads(listed.out)}


def findings(trained: Trained) -> list[str]:
    """What doctor finds in the files of the workspace."""
    called = call(trained.project, "doctor", "-o", "json")
    found = [check for check in json.loads(called.out) if check["name"] == "files"]
    assert called.code == (0 if all(check["ok"] for check in found) else 1)
    return [check["finding"] for check in found if not check["ok"]]


def test_a_workspace_without_damage_has_no_findings(trained: Trained):
    assert findings(trained) == []


def test_doctor_names_the_file_the_line_and_what_is_wrong(trained: Trained, journal: Path):
    lines = journal.read_text().splitlines()
    lines[2:2] = ['{"event":"run.submitted","attempt":"two"}']
    journal.write_text("\n".join(lines) + "\n")
    (found,) = findings(trained)
    assert found.startswith(f"'{journal}, line 3': event 'run.submitted': Expected `int`, got `str`")
    assert found.endswith("the other lines are used; delete this one when the run has ended")
    assert set(states(trained).values()) == {"Completed"}


def test_an_event_of_a_later_version_is_no_finding(trained: Trained, journal: Path):
    with journal.open("a") as file:
        file.write('{"event":"run.paused"}\n')
    assert findings(trained) == []
    assert "warning" not in call(trained.project, "runs", "show", trained.runs[0]).out


def test_a_run_whose_request_is_lost_is_listed_and_says_so(trained: Trained, journal: Path):
    first, rest = journal.read_bytes().split(b"\n", 1)
    journal.write_bytes(b"\0" * len(first) + b"\n" + rest)
    (trained.project / ".dressage" / "index.sqlite").unlink()  # a cache, which knows the size of the journal
    assert states(trained)[trained.runs[0]] == "Failed"
    shown = call(trained.project, "runs", "show", trained.runs[0])
    assert (shown.code, shown.err.count("\n")) == (1, 1)
    assert "its record is damaged; see: dressage doctor" in shown.err
    assert any("its request is lost; the run cannot be resumed" in found for found in findings(trained))


def test_a_model_whose_run_is_damaged_is_still_used(trained: Trained, journal: Path):
    journal.write_text("{}\n")
    assert call(trained.project, "models", "show", "m:1").code == 0
    assert call(trained.project, *RUN, "1").code == 0


@pytest.mark.parametrize("name", ["a file", "\n", "\udcff", "-o", "x" * 255])
def test_a_run_folder_with_a_strange_name_hides_nothing(trained: Trained, workspace: Path, name: str):
    (workspace / "runs" / name).write_text("")
    (workspace / "runs" / f"a{name[:254]}").mkdir()
    assert set(trained.runs) <= set(states(trained))
    (found,) = findings(trained)
    assert "not the folder of a run; move it elsewhere" in found


def test_a_run_folder_whose_name_is_not_utf_8_hides_no_other(trained: Trained, workspace: Path):
    run = workspace / "runs" / trained.runs[-1]
    run.rename(run.with_name("script-\udcff"))
    assert states(trained).keys() == set(trained.runs[:-1])
    assert call(trained.project, "runs", "show", "latest").code == 0
    (found,) = findings(trained)
    assert "its name is not UTF-8; rename it, or move it elsewhere" in found


def as_user(*arguments: str, cwd: Path) -> Called:
    """Run a command line as a user who needs access to folders, which root does not."""
    prefix: list[str] = []
    if os.getuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root has access to everything, and there is no setpriv")
        prefix = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    command = [*prefix, sys.executable, "-m", "dressage.cli.main", *arguments]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return Called(ran.returncode, ran.stdout, ran.stderr)


def test_a_run_folder_without_access_hides_no_other(trained: Trained, workspace: Path):
    locked = workspace / "runs" / trained.runs[0]
    locked.chmod(0)
    try:
        listed = as_user("runs", "list", cwd=trained.project)
        shown = as_user("runs", "show", locked.name, cwd=trained.project)
        checked = as_user("doctor", cwd=trained.project)
        planned = as_user("plan", *RUN[1:], "1", cwd=trained.project)
    finally:
        locked.chmod(0o755)
    assert (listed.code, planned.code, listed.err) == (0, 0, "")
    assert all(f"{run}  Completed" in listed.out for run in trained.runs[1:])
    assert (shown.code, "Permission denied" in shown.err, shown.err.count("\n")) == (1, True, 1)
    assert checked.code == 1
    assert "Permission denied; grant access" in checked.out


@pytest.mark.parametrize("kind", ["folder", "pipe"])
def test_a_journal_that_is_no_file_hides_only_its_run(trained: Trained, journal: Path, kind: str):
    as_folder(journal) if kind == "folder" else as_pipe(journal)
    assert list(states(trained).values()).count("Completed") == 2
    listed = call(trained.project, "models", "list")
    assert (listed.code, "m:1" in listed.out) == (0, True)


STRAY = ["1 (copy).json", "._1.json", "1.json.part", "01.json", "x.json", ".1.json.0011"]


@pytest.mark.parametrize("kind", ["datasets/data", "models/m"])
def test_stray_files_beside_versions_are_ignored(trained: Trained, workspace: Path, kind: str):
    for name in STRAY:
        (workspace / kind / name).write_text("")
    for command in ("datasets", "models"):
        listed = call(trained.project, command, "list")
        assert (listed.code, listed.err) == (0, "")
    assert "m:1" in call(trained.project, "models", "list").out


def as_empty(path: Path) -> None:
    path.write_bytes(b"")


def as_folder(path: Path) -> None:
    path.unlink(missing_ok=True)
    path.mkdir()


def as_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


def of_another_number(path: Path) -> None:
    path.write_text(path.with_name("1.json").read_text())


@pytest.mark.parametrize("damage", [as_empty, as_folder, as_pipe, of_another_number])
@pytest.mark.parametrize(("kind", "label"), [("datasets/data", "data:1"), ("models/m", "m:1")])
def test_a_version_that_cannot_be_read_hides_no_other(
    trained: Trained, workspace: Path, kind: str, label: str, damage: Any
):
    path = workspace / kind / "9.json"
    damage(path)
    listed = call(trained.project, kind.partition("/")[0], "list")
    assert (listed.code, label in listed.out, f"{kind[-1]}:9" in listed.out) == (0, True, False)
    assert f"'{path}' is damaged" in listed.err
    assert any(str(path) in found and "move it elsewhere" in found for found in findings(trained))


def test_the_number_of_a_damaged_version_is_not_used_again(trained: Trained, workspace: Path):
    (workspace / "models" / "m" / "7.json").write_text("")
    registered = call(trained.project, "models", "register", "m", "rows")
    assert (registered.code, registered.out) == (0, "m:8\n")


def test_aliases_that_cannot_be_read_hide_no_version(trained: Trained, workspace: Path):
    path = workspace / "models" / "m" / "registry.json"
    path.write_text('{"name": "m"')
    listed = call(trained.project, "models", "list")
    assert (listed.code, "m:1" in listed.out) == (0, True)
    assert "move it elsewhere: the aliases, tags and descriptions are lost" in listed.err
    assert len(findings(trained)) == 1


def test_an_object_with_other_bytes_is_named_and_not_given_out(trained: Trained, workspace: Path):
    run = Engine(trained.project).get(trained.runs[0])
    assert run.model
    path = workspace / "objects" / str(run.model.files[0].sha256)[:2] / str(run.model.files[0].sha256)
    path.chmod(0o644)
    path.write_bytes(b"?")
    assert any(f"'{path}': its bytes do not match its name" in found for found in findings(trained))
    target = trained.project.parent / "given-out"
    downloaded = call(trained.project, "models", "download", "m:1", "--to", str(target))
    assert (downloaded.code, "is damaged; remove" in downloaded.err) == (3, True)
    assert not any(path.is_file() for path in target.rglob("[!.]*"))


INDEX = {
    "a summary that is not JSON": "UPDATE run SET summary = 'x'",
    "a summary that lacks fields": "UPDATE run SET summary = '{}'",
    "a summary that is a blob": "UPDATE run SET summary = x'00ff'",
    "a place that is text": "UPDATE run SET place = 'first', summary = '[]'",
    "no table": "DROP TABLE run",
    "other columns": "DROP TABLE run; CREATE TABLE run (a)",
    "no progress": "DELETE FROM progress",
}


@pytest.mark.parametrize("change", INDEX.values(), ids=INDEX)
def test_an_index_with_wrong_rows_is_rebuilt(trained: Trained, workspace: Path, change: str):
    with sqlite3.connect(workspace / "index.sqlite") as connection:
        connection.executescript(change)
    connection.close()
    assert states(trained) == dict.fromkeys(trained.runs, "Completed")
    assert states(trained) == dict.fromkeys(trained.runs, "Completed")
    assert call(trained.project, "plan", *RUN[1:], "1").code == 0


def test_a_hash_cache_with_other_columns_is_made_again(trained: Trained, workspace: Path):
    with sqlite3.connect(workspace / "hashes.sqlite") as connection:
        connection.executescript("DROP TABLE file; CREATE TABLE file (a)")
    connection.close()
    planned = call(trained.project, "plan", *RUN[1:], "1")
    assert (planned.code, planned.err) == (0, "")
    with sqlite3.connect(workspace / "hashes.sqlite") as connection:
        assert connection.execute("SELECT count(sha256) FROM file").fetchone()[0]
    connection.close()


@pytest.mark.parametrize("content", ["{", "[]", "[" * 50_000, '{"slots": "many"}', '{"name": 5}'])
def test_a_damaged_launch_file_of_a_run_that_has_ended_is_no_finding(
    trained: Trained, workspace: Path, content: str
):
    (workspace / "runs" / trained.runs[0] / "launch.json").write_text(content)
    assert findings(trained) == []
    assert set(states(trained).values()) == {"Completed"}


def test_a_stray_ticket_is_named_and_stops_nothing(trained: Trained, workspace: Path):
    (workspace / "compute" / "default.queue" / "waiting" / "run (copy)").write_text("{}")
    (found,) = findings(trained)
    assert found.endswith("not the ticket of a run; delete it")
    assert call(trained.project, "run", "train.py", "--again", "--", "x", "9").code == 0


def test_damaged_names_of_open_runs_stop_no_run(trained: Trained, workspace: Path):
    for key in (workspace / "open").iterdir():
        (key / "no run").touch()
    (workspace / "open" / "a file").touch()
    assert call(trained.project, *RUN, "4").code == 0


def test_a_pipe_in_place_of_the_completed_runs_does_not_hold_a_run(trained: Trained, workspace: Path):
    (workspace / "completed").unlink()
    os.mkfifo(workspace / "completed")
    called = call(trained.project, "run", "train.py", "--again", "--", "x", "9")
    assert (called.code, "Traceback" in called.err) == (0, False), called.err
    eventually(lambda: not processes_below(trained.project))


def test_noise_among_the_completed_runs_stops_nothing(trained: Trained, workspace: Path):
    with (workspace / "completed").open("ab") as notes:
        notes.write(b"\na\0b ../x \xff\n")
    assert set(states(trained)) == set(trained.runs)
    assert call(trained.project, "resume", "--all").code == 0
