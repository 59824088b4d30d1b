"""`run --batch`: one command submits a run for each line of a file."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript
from tests.waiting import eventually

from dressage import Engine


@pytest.fixture
def echo(script: WriteScript) -> Path:
    """A script that prints its arguments."""
    return script("import sys\nprint(sys.argv[1:])")


def outputs(project: Path, run_ids: list[str]) -> list[str]:
    engine = Engine(project)
    runs = [engine.get(run_id) for run_id in run_ids]
    assert [run.wait(60).state for run in runs] == ["Completed"] * len(runs)
    return [b"".join(run.logs()).decode().strip() for run in runs]


def test_each_line_is_a_run_with_its_arguments(dressage: Dressage, echo: Path, project: Path):
    (project / "lines").write_text("--a 1\n\n--b 'two words'\n")
    done = dressage("run", "source/train.py", "--batch", "lines", "--", "--all")
    assert done.returncode == 0, done.stderr
    assert outputs(project, done.stdout.split()) == ["['--all', '--a', '1']", "['--all', '--b', 'two words']"]
    assert "submitted 2 runs" in done.stderr


def test_lines_are_read_from_stdin(echo: Path, project: Path):
    command = [
        sys.executable,
        "-m",
        "dressage.cli.main",
        "run",
        "source/train.py",
        "--batch",
        "-",
        "-o",
        "jsonl",
    ]
    done = subprocess.run(command, cwd=project, input="1\n2\n", capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["line"] for line in lines] == [1, 2]
    assert outputs(project, [line["run_id"] for line in lines]) == ["['1']", "['2']"]


def test_settings_of_a_recipe_override_those_of_the_command(dressage: Dressage, echo: Path, project: Path):
    (project / "lines").write_text(f"path={echo} arguments='x y'\narguments=z\n")
    done = dressage("run", "script", "--set", f"path={echo}", "--batch", "lines", "-o", "json")
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert outputs(project, [run["run_id"] for run in found]) == ["['x', 'y']", "['z']"]


@pytest.mark.parametrize(
    ("recipe", "text", "words"),
    [
        ("script", "path=a.py\nslots=0\n", "batch, line 2: "),
        ("script", "path=a.py\npath\n", "batch, line 2: invalid setting 'path': use NAME=VALUE"),
        ("script", "path=a.py\nspeed=1\n", "batch, line 2: "),
        ("source/train.py", "a\n'b\n", "batch, line 2: no closing quotation"),
        ("script", "\n", "the batch has no lines; write one line for each run"),
    ],
)
def test_a_wrong_line_is_named_before_anything_is_submitted(
    dressage: Dressage, echo: Path, project: Path, recipe: str, text: str, words: str
):
    (project / "lines").write_text(text)
    done = dressage("run", recipe, "--batch", "lines")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {words}")
    assert not (project / ".dressage").exists()


def test_a_file_that_is_missing_is_named(dressage: Dressage, echo: Path):
    done = dressage("run", "source/train.py", "--batch", "lines")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "cannot read the batch: 'lines'" in done.stderr


def test_equal_lines_are_different_runs_while_the_first_one_waits(
    dressage: Dressage, script: WriteScript, project: Path
):
    hold = project / "hold"
    hold.touch()
    script("import os, sys, time\nwhile os.path.exists(sys.argv[1]): time.sleep(0.02)")
    (project / "lines").write_text(f"{hold}\n" * 3)
    done = dressage("run", "source/train.py", "--batch", "lines")
    assert len(set(done.stdout.split())) == 3
    hold.unlink()
    outputs(project, done.stdout.split())


def test_a_line_that_fails_leaves_those_before_it(dressage: Dressage, echo: Path, project: Path):
    (project / "lines").write_text(f"path={echo}\npath=gone/gone.py\npath={echo} arguments=x\n")
    done = dressage("run", "script", "--batch", "lines")
    assert done.returncode == 2
    assert "line 2 failed: 1 of 3 runs were submitted" in done.stderr
    assert outputs(project, done.stdout.split()) == ["[]"]


def test_ctrl_c_leaves_what_was_submitted(echo: Path, project: Path):
    count = 5000
    (project / "lines").write_text("".join(f"{number}\n" for number in range(count)))
    command = [sys.executable, "-m", "dressage.cli.main", "run", "source/train.py", "--batch", "lines"]
    command += ["--on", "local"]
    client = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert client.stdout
    first = [client.stdout.readline().strip() for _ in range(3)]
    os.kill(client.pid, signal.SIGINT)
    rest, errors = client.communicate()
    submitted = [*first, *rest.split()]
    assert client.returncode == 130
    counted = re.search(rf"stopped: (\d+) of {count} runs were submitted", errors)
    assert counted
    assert 0 <= int(counted[1]) - len(submitted) <= 1  # the last one may be submitted and not printed yet
    eventually(lambda: all(Engine(project).get(run_id).status.has_ended for run_id in submitted), 60)


def test_a_dry_run_of_a_batch_is_refused(dressage: Dressage, echo: Path, project: Path):
    (project / "lines").write_text("1\n")
    done = dressage("run", "source/train.py", "--batch", "lines", "--dry-run")
    assert done.returncode == 2
    assert "--dry-run shows the plan of one run" in done.stderr
