"""How results are printed, on a terminal and elsewhere."""

import json
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript
from tests.terminal import run_on_terminal
from tests.waiting import eventually

from dressage.cli.output import format_state

WORDS = "a name of so many words that it does not stand beside the other columns of a terminal"


def test_tables_fit_the_terminal_and_are_complete(dressage: Dressage, script: WriteScript, project: Path):
    dressage("run", "-d", "--name", WORDS, str(script("")))
    lines = run_on_terminal(project, "runs", "list")
    assert max(map(len, lines)) <= 80
    assert WORDS in " ".join(" ".join(lines).split())
    assert WORDS in dressage("runs", "list").stdout


def test_plans_and_settings_fit_the_terminal(project: Path):
    for arguments in (("plan", "keras-mnist"), ("recipes", "show", "keras-mnist")):
        assert max(map(len, run_on_terminal(project, *arguments))) <= 80


def test_reasons_of_a_plan_are_in_one_column(dressage: Dressage):
    *_, first, second = dressage("plan", "keras-mnist").stdout.splitlines()
    assert second.index("environment not built") == first.index("no previous run")


def test_digests_are_shortened_only_start_on_terminal(dressage: Dressage, project: Path):
    (project / "a.csv").write_text("1")
    dressage("datasets", "register", "numbers", "a.csv")
    digest = json.loads(dressage("datasets", "show", "numbers", "-o", "json").stdout)["files"][0]["sha256"]
    assert digest in dressage("datasets", "show", "numbers").stdout
    assert run_on_terminal(project, "datasets", "show", "numbers")[-1].endswith(digest[:12])


def test_unprintable_characters_are_escaped(dressage: Dressage, script: WriteScript):
    result = dressage("run", "-d", "--name", "two\nlines\x1b[31m", str(script("")))
    assert r"two\nlines\x1b[31m" in dressage("runs", "list").stdout
    assert r"two\nlines\x1b[31m" in dressage("runs", "show", result.stdout.strip()).stdout


def test_a_run_is_shown_with_its_request_and_times(dressage: Dressage, script: WriteScript):
    name = dressage("run", "-d", str(script("")), "--", "--lr", "0.1").stdout.strip()
    dressage("runs", "wait", name)
    fields = dict(line.split(None, 1) for line in dressage("runs", "show", name).stdout.splitlines()[:15])
    assert (fields["script"], fields["arguments"]) == ("train.py", "--lr 0.1")
    assert "path=" in fields["settings"]
    assert fields["created"] <= fields["started"] <= fields["ended"]


def test_a_running_run_shows_its_duration_so_far(dressage: Dressage, script: WriteScript, project: Path):
    waits = (
        f"import pathlib, time\nwhile not pathlib.Path({str(project / 'go')!r}).exists(): time.sleep(0.02)"
    )
    name = dressage("run", "-d", str(script(waits))).stdout.strip()
    eventually(lambda: "duration" in dressage("runs", "show", name).stdout)
    assert "Running  local" in dressage("runs", "list").stdout
    (project / "go").touch()


def test_a_limited_list_says_so_and_json_is_complete(dressage: Dressage, script: WriteScript):
    for _ in range(2):
        dressage("run", "-d", str(script("")))
    cut = dressage("runs", "list", "-n", "1")
    assert (cut.stdout.count("\n"), cut.stderr) == (1, "more runs exist; use -n 0 to list all\n")
    assert dressage("runs", "list", "-n", "2").stderr == ""
    assert len(json.loads(dressage("runs", "list", "-o", "json").stdout)) == 2


def test_a_wait_that_times_out_prints_the_current_status(
    dressage: Dressage, script: WriteScript, project: Path
):
    waits = (
        f"import pathlib, time\nwhile not pathlib.Path({str(project / 'go')!r}).exists(): time.sleep(0.02)"
    )
    name = dressage("run", "-d", str(script(waits))).stdout.strip()
    result = dressage("runs", "wait", "--timeout", "0", "-o", "json", name)
    assert (result.returncode, json.loads(result.stdout)["run_id"]) == (124, name)
    (project / "go").touch()


@pytest.mark.parametrize(
    ("state", "reason", "line"),
    [
        ("Queued", "queued: target 'gpu' runs 2 at a time", "Queued: target 'gpu' runs 2 at a time"),
        ("Canceled", "canceled", "Canceled"),
        ("Running", None, "Running"),
        ("Failed", "no space left: clean up", "Failed: no space left: clean up"),
    ],
)
def test_a_new_state_is_not_repeated_by_its_reason(state: str, reason: str | None, line: str):
    assert format_state(state, reason) == line


def test_config_shows_lists_as_text_and_no_password_of_an_observer(dressage: Dressage, project: Path):
    table = '[observers.webhook]\nurl = "https://user:s3cret@hook.example/x"\n'
    (project / "dressage.toml").write_text(table + 'events = ["run_finished", "run_created"]\n')
    shown = dressage("config").stdout
    assert "s3cret" not in shown + dressage("config", "-o", "json").stdout
    assert "hook.example" in shown
    assert "run_finished, run_created" in shown
