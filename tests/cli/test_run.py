"""`dressage run` and the commands that follow, cancel and resume a run."""

import json
import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript
from tests.terminal import read_to_end, read_until, start_on_terminal
from tests.waiting import eventually


def run_id(result: subprocess.CompletedProcess[str]) -> str:
    found = re.search(r"^run (\S+)", result.stderr, re.MULTILINE)
    assert found, result.stderr
    return found[1]


def test_the_scripts_output_is_on_stdout_and_the_plan_on_stderr(dressage: Dressage, script: WriteScript):
    path = script("print('hello from the script')")
    result = dressage("run", str(path))
    assert result.returncode == 0
    assert result.stdout.startswith("hello from the script\n")
    assert "plan: script on local" in result.stderr
    assert f"next: dressage runs show {run_id(result)}" in result.stderr


def test_arguments_after_two_dashes_go_to_the_script(dressage: Dressage, script: WriteScript):
    result = dressage("run", str(script("import sys; print(sys.argv[1:])")), "--", "--lr", "0.1", "a b")
    assert result.stdout.startswith("['--lr', '0.1', 'a b']\n")


def test_arguments_in_the_settings_file_are_used_if_the_command_line_has_none(
    dressage: Dressage, script: WriteScript, project: Path
):
    (project / "dressage.toml").write_text('[recipes.script]\narguments = "--lr 0.5"\n')
    path = str(script("import sys; print(sys.argv[1:])"))
    assert "['--lr', '0.5']" in dressage("run", path).stdout
    assert "['--lr', '1']" in dressage("run", path, "--", "--lr", "1").stdout


@pytest.mark.parametrize("code", [1, 42])
def test_a_failing_script_gives_its_own_exit_code(dressage: Dressage, script: WriteScript, code: int):
    result = dressage("run", str(script(f"print('last words'); raise SystemExit({code})")))
    assert result.returncode == code
    assert "last words" in result.stdout
    assert f"exit code {code}" in result.stdout


def test_detach_prints_only_the_id_and_the_run_completes(dressage: Dressage, script: WriteScript):
    result = dressage("run", "-d", str(script("print('on my own')")))
    name = result.stdout.strip()
    assert name in result.stderr
    assert dressage("runs", "wait", name).returncode == 0
    assert dressage("runs", "logs", name).stdout == "on my own\n"


def test_json_output_is_one_json_value(dressage: Dressage, script: WriteScript):
    result = dressage("run", "-o", "json", str(script("print('noise')")))
    result = json.loads(result.stdout)
    assert (result["state"], result["exit_code"]) == ("Completed", 0)


def test_jsonl_output_is_one_event_per_line(dressage: Dressage, script: WriteScript):
    result = dressage("run", "-o", "jsonl", str(script("print('noise')")))
    events = [json.loads(line) for line in result.stdout.splitlines()]
    assert events[0]["event"] == "PlanMade"
    assert events[-1]["event"] == "RunEnded"
    assert "".join(event["text"] for event in events if event["event"] == "LogWritten") == "noise\n"


def test_dry_run_creates_no_workspace(dressage: Dressage, script: WriteScript, project: Path):
    result = dressage("run", "--dry-run", str(script("")))
    assert "model" in result.stdout
    assert not (project / ".dressage").exists()


def test_a_dry_run_as_jsonl_is_one_event(dressage: Dressage, script: WriteScript):
    (line,) = dressage("run", "--dry-run", "-o", "jsonl", str(script(""))).stdout.splitlines()
    assert json.loads(line)["event"] == "PlanMade"


def test_a_plan_takes_a_scripts_conda_specification_as_a_run_does(
    dressage: Dressage, script: WriteScript, project: Path
):
    (project / "lab.yml").write_text("dependencies: [python=3.11, pip]\n")
    result = dressage("plan", str(script("")), "--conda", "lab.yml", "-o", "json")
    (stage,) = [stage for stage in json.loads(result.stdout)["stages"] if stage["stage"] == "environment"]
    assert (stage["name"], stage["action"]) == ("lab", "build")


def test_without_a_terminal_there_is_no_colour_and_no_bar(dressage: Dressage, script: WriteScript):
    result = dressage("run", str(script("")))
    assert "\x1b" not in result.stderr + result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["run", "keras-mnst"], 2, ["no recipe named 'keras-mnst'", "did you mean 'keras-mnist'"]),
        (
            ["run", "keras-mnist", "--set", "epoch=3"],
            2,
            ["no setting named 'epoch'", "did you mean 'epochs'"],
        ),
        (["run", "keras-mnist", "--set", "epochs=many"], 2, ["epochs", "'many'", "int"]),
        (["run", "keras-mnist", "--set", "epochs"], 2, ["invalid --set 'epochs'", "NAME=VALUE"]),
        (["run", "keras-mnist", "--on", "azure"], 2, ["no platform named 'azure'"]),
        (["run", "script", "-s", "command='x"], 2, ["no closing quotation", '"\'x"']),
        (["run", "keras-mnist", "--", "--lr", "1"], 2, ["does not take the argument '--lr'", "--set"]),
        (
            ["run", "./train.py", "--lr", "0.1"],
            2,
            [
                "unknown option '--lr'; put the script's arguments after --: dressage run ./train.py -- --lr 0.1",
            ],
        ),
        (["run", "keras-mnist", "--epochs", "3"], 2, ["unknown option '--epochs'", "--set NAME=VALUE"]),
        (["run", "./train.py", "--detatch"], 2, ["unknown option '--detatch'; did you mean '--detach'?"]),
        (["runs", "show"], 2, ["missing argument 'RUN'", "dressage runs show --help"]),
        (["runs", "list", "-n", "few"], 2, ["'few' is not a whole number"]),
        (["-C", "gone", "doctor"], 2, ["'-C'", "'gone'", "No such file"]),
        (["plan", "keras-mnist", "-O", "prices=x.csv"], 2, ["platform 'local': no option named 'prices'"]),
        (["run", "keras-mnist", "-O", "grace_s=nan"], 2, ["option grace_s is nan; give a finite float"]),
        (["run", "keras-mnist", "-O", "grace_s"], 2, ["invalid platform option 'grace_s': use KEY=VALUE"]),
        (
            ["models", "register", "m", "gone"],
            2,
            ["'gone' is not a folder; give the folder that contains the model"],
        ),
        (["environments", "build", "gone.yml"], 2, ["'gone.yml' is not a file"]),
        (["init", "grace_s=5"], 2, ["'grace_s=5' needs a platform; add --on PLATFORM"]),
        (["init", "--on", "local", "grac_s=5"], 2, ["no option named 'grac_s'; did you mean 'grace_s'?"]),
        (["init", "--on", "azureml"], 2, ["subscription_id, resource_group, workspace_name missing"]),
        (["run", "./gone.py"], 2, ["'./gone.py' is not a file"]),
        (["rum"], 2, ["no command named 'rum'", "did you mean 'run'"]),
        (["runs", "show", "nothing"], 2, ["no run named 'nothing'"]),
        (["models", "show", "nothing"], 2, ["no model named 'nothing'"]),
    ],
)
def test_an_error_is_one_line(dressage: Dressage, arguments: list[str], code: int, words: list[str]):
    result = dressage(*arguments)
    assert result.returncode == code
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert all(word in result.stderr for word in words)
    assert result.stdout == ""


def start_in_background(project: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command in a new session, with a pseudo-terminal as stdin."""
    _, terminal = pty.openpty()
    return subprocess.Popen(
        [sys.executable, "-m", "dressage.cli.main", *arguments],
        cwd=project,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def script_that_waits(project: Path) -> str:
    return (
        "import pathlib, time\nprint('up')\n"
        f"while not pathlib.Path({str(project / 'go')!r}).exists(): time.sleep(0.02)\nprint('done')\n"
    )


def test_ctrl_c_detaches_from_the_run(dressage: Dressage, script: WriteScript, project: Path):
    process = start_in_background(project, "run", str(script(script_that_waits(project))))
    assert process.stdout
    assert process.stdout.readline() == b"up\n"
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    name = re.search(rb"dressage runs logs -f (\S+)", errors)
    assert name
    (project / "go").touch()
    assert dressage("runs", "wait", name[1].decode()).returncode == 0


def test_a_closed_terminal_does_not_stop_the_run(dressage: Dressage, script: WriteScript, project: Path):
    process = start_in_background(project, "run", str(script(script_that_waits(project))))
    assert process.stdout
    process.stdout.readline()
    os.killpg(process.pid, signal.SIGHUP)
    process.communicate(timeout=60)
    (project / "go").touch()
    (run,) = json.loads(dressage("runs", "list", "-o", "json").stdout)
    assert dressage("runs", "wait", run["run_id"]).returncode == 0
    assert dressage("runs", "logs", run["run_id"]).stdout == "up\ndone\n"


def test_following_a_failed_run_exits_with_its_code(dressage: Dressage, script: WriteScript):
    name = dressage("run", "-d", str(script("raise SystemExit(6)"))).stdout.strip()
    assert dressage("runs", "logs", "-f", name).returncode == 6
    assert dressage("runs", "wait", name).returncode == 6


def test_wait_exits_with_124_after_the_timeout(dressage: Dressage, script: WriteScript, project: Path):
    name = dressage("run", "-d", str(script(script_that_waits(project)))).stdout.strip()
    assert dressage("runs", "wait", "--timeout", "0.1", name).returncode == 124
    assert dressage("runs", "cancel", name).returncode == 0
    (run,) = json.loads(dressage("runs", "list", "-o", "json").stdout)
    assert run["status"]["state"] == "Canceled"


def test_one_command_cancels_several_runs(dressage: Dressage, script: WriteScript, project: Path):
    path = str(script(script_that_waits(project)))
    names = [dressage("run", "-d", path, "--", str(number)).stdout.strip() for number in range(2)]
    result = dressage("runs", "cancel", *names)
    assert result.returncode == 0
    assert result.stderr.splitlines() == [f"run {name}: Canceled" for name in names]


def test_a_run_that_cannot_be_canceled_does_not_stop_the_others(
    dressage: Dressage, script: WriteScript, project: Path
):
    name = dressage("run", "-d", str(script(script_that_waits(project)))).stdout.strip()
    result = dressage("runs", "cancel", "unknown", name)
    assert result.returncode == 1
    error, line = result.stderr.splitlines()
    assert error.startswith("error: no run named 'unknown'")
    assert line == f"run {name}: Canceled"


def test_a_listing_shows_only_the_runs_with_all_given_tags(dressage: Dressage, script: WriteScript):
    path = str(script(""))
    for tags in (["-t", "team=a"], ["-t", "team=a", "-t", "stage=final"], ["-t", "stage=final"], []):
        dressage("run", "--again", path, *tags)

    def count(*tags: str) -> int:
        return len(json.loads(dressage("runs", "list", "-o", "json", *tags).stdout))

    assert count() == 4
    assert count("--tag", "team=a") == 2
    assert count("--tag", "team=a", "--tag", "stage=final") == 1
    assert count("--tag", "team=b") == 0


def test_the_limit_of_a_listing_counts_the_runs_with_the_tag(dressage: Dressage, script: WriteScript):
    path = str(script(""))
    for tag in ("team=a", "team=b"):
        dressage("run", "--again", path, "-t", tag)
    (run,) = json.loads(dressage("runs", "list", "-o", "json", "-n", "1", "--tag", "team=a").stdout)
    assert run["tags"] == {"team": "a"}


def test_the_latest_run_is_downloaded_to_a_folder_named_after_it(
    dressage: Dressage, script: WriteScript, project: Path
):
    name = dressage("run", "-d", str(script("open('outputs/a', 'w').close()"))).stdout.strip()
    dressage("runs", "wait", "latest")
    dressage("runs", "download", "latest", "outputs/a")
    assert (project / name / "outputs" / "a").is_file()


def test_a_resumed_run_prints_only_new_output(dressage: Dressage, script: WriteScript, project: Path):
    text = "import os, sys; print('began'); sys.exit(not os.path.exists(sys.argv[1]))"
    dressage("run", str(script(text)), "--", str(project / "there"))
    (project / "there").touch()
    result = dressage("resume", "latest")
    assert result.stdout.startswith("began\nrun ")
    assert dressage("runs", "logs", "latest").stdout == "began\nbegan\n"


def test_files_of_a_run_are_listed_and_downloaded(dressage: Dressage, script: WriteScript, project: Path):
    name = dressage("run", "-d", str(script("open('outputs/a.txt', 'w').write('kept')"))).stdout.strip()
    dressage("runs", "wait", name)
    listed = {file["path"] for file in json.loads(dressage("runs", "files", name, "-o", "json").stdout)}
    assert listed == {"outputs/a.txt", "user_logs/std_log.txt"}
    assert dressage("runs", "download", name, "outputs/a.txt", "--to", "down").returncode == 0
    assert (project / "down" / "outputs" / "a.txt").read_text() == "kept"
    assert dressage("runs", "download", name, "outputs/b.txt").returncode == 2


def test_a_closed_pipe_detaches_from_the_run(dressage: Dressage, project: Path, script: WriteScript):
    path = script(f"for n in range(100000): print(n)\n{script_that_waits(project)}")
    result = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m dressage.cli.main run {path} | head -n 1"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.stdout == "0\n"
    assert "Traceback" not in result.stderr
    left = re.search(r"detached: run (\S+) continues", result.stderr)
    assert left
    (project / "go").touch()
    assert dressage("runs", "wait", left[1]).returncode == 0


def test_the_run_continues_if_the_question_to_cancel_is_not_answered(
    dressage: Dressage, script: WriteScript, project: Path
):
    process, terminal = start_on_terminal(project, "run", str(script(script_that_waits(project))))
    for mark in (b"up", b"press Ctrl-C again"):
        read_until(terminal, mark)
        os.killpg(process.pid, signal.SIGINT)
    read_until(terminal, b"cancel run")
    os.write(terminal, b"\x04")  # end of input; a signal could arrive before the command reads the answer
    rest = read_to_end(terminal)
    assert process.wait(60) == 130
    assert b"Abort" not in rest
    (run,) = json.loads(dressage("runs", "list", "-o", "json").stdout)
    assert run["status"]["state"] == "Running"
    (project / "go").touch()


def test_the_summary_starts_on_a_new_line(dressage: Dressage, script: WriteScript):
    result = dressage("run", str(script("print('progress 100%', end='')")))
    assert result.stdout.startswith("progress 100%\nrun ")


def test_resuming_a_completed_run_does_not_change_it(dressage: Dressage, script: WriteScript, project: Path):
    name = dressage("run", "-d", str(script(""))).stdout.strip()
    dressage("runs", "wait", name)
    journal = project / ".dressage" / "runs" / name / "journal.jsonl"
    before = journal.read_text()
    result = dressage("resume", "-d", name)
    assert (result.stdout, result.stderr) == (f"{name}\n", "")
    assert journal.read_text() == before


def test_tail_starts_at_the_last_lines_of_the_log(dressage: Dressage, script: WriteScript, project: Path):
    name = dressage(
        "run", "-d", str(script(f"print(1)\nprint(2)\n{script_that_waits(project)}"))
    ).stdout.strip()
    eventually(lambda: dressage("runs", "logs", name).stdout.endswith("up\n"))
    assert dressage("runs", "logs", "--tail", "2", name).stdout == "2\nup\n"
    (project / "go").touch()
    assert dressage("runs", "logs", "-f", "--tail", "1", name).stdout.endswith("done\n")
    assert dressage("runs", "logs", "--tail", "9", name).stdout == "1\n2\nup\ndone\n"


def test_files_are_downloaded_to_a_folder_named_after_their_run(
    dressage: Dressage, script: WriteScript, project: Path
):
    name = dressage("run", "-d", str(script(""))).stdout.strip()
    dressage("runs", "wait", name)
    result = dressage("runs", "download", name)
    assert result.stderr == f"downloaded 1 file(s) to {name!r}\n"
    assert (project / name / "user_logs" / "std_log.txt").exists()
