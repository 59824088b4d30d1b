"""What a script reads, knows and leaves: inputs, variables, secrets, models."""

import json
from pathlib import Path

import pytest
from tests.fixtures import Dressage

READ = """\
import json, os, pathlib, sys
folder = pathlib.Path(os.environ["DRESSAGE_INPUT_TRAIN_SET"])
files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
print(json.dumps([sys.argv[1:], str(folder), files]))
"""


@pytest.fixture
def reading(project: Path) -> Path:
    """A project with a script that reads an input, and a folder of data."""
    (project / "read.py").write_text(READ)
    (project / "data" / "deep").mkdir(parents=True)
    (project / "data" / "a.csv").write_text("1\n")
    (project / "data" / "deep" / "b.csv").write_text("2\n")
    return project


def printed(ran_output: str) -> list[list[str]]:
    found: list[list[str]] = json.loads(
        next(line for line in ran_output.splitlines() if line.startswith("[["))
    )
    return found


def test_a_folder_is_an_input(dressage: Dressage, reading: Path):
    ran = dressage(
        "run", "./read.py", "-i", "train-set=data", "--", "--data", "{train-set}", "--f={train-set}/a.csv"
    )
    argv, folder, files = printed(ran.stdout)
    assert argv == ["--data", folder, f"--f={folder}/a.csv"]
    assert files == ["a.csv", "deep/b.csv"]


def test_braces_that_name_no_input_are_left_alone(dressage: Dressage, reading: Path):
    ran = dressage("run", "./read.py", "-i", "train-set=data", "--", "{x}", "{}", '{"a": 1}')
    assert printed(ran.stdout)[0] == ["{x}", "{}", '{"a": 1}']


def test_a_misspelt_input_is_refused(dressage: Dressage, reading: Path):
    planned = dressage("plan", "./read.py", "-i", "train-set=data", "--", "{train_set}")
    assert planned.returncode == 2
    assert planned.stderr == (
        "error: argument '{train_set}': no input 'train_set'; did you mean {train-set}?\n"
    )


def test_inputs_that_would_have_the_same_variable_are_refused(dressage: Dressage, reading: Path):
    planned = dressage("plan", "./read.py", "-i", "a-b=./data", "-i", "A.b=./data")
    assert planned.returncode == 2
    assert planned.stderr == (
        "error: inputs 'a-b' and 'A.b' have the same variable, DRESSAGE_INPUT_A_B; rename one of them\n"
    )


def test_an_input_that_does_not_exist_is_named(dressage: Dressage, reading: Path):
    planned = dressage("plan", "./read.py", "-i", "train=./nowhere")
    assert planned.returncode == 2
    assert planned.stderr == (
        "error: input 'train': source './nowhere' is not a file, folder or URL; check the path\n"
    )


def test_a_registered_dataset_is_an_input_by_name_and_version(dressage: Dressage, reading: Path):
    dressage("datasets", "register", "numbers", "data/a.csv")
    dressage("datasets", "register", "numbers", "data/deep")
    newest = printed(dressage("run", "./read.py", "-i", "train-set=numbers").stdout)
    first = printed(dressage("run", "./read.py", "-i", "train-set=numbers:1").stdout)
    assert (newest[2], first[2]) == (["b.csv"], ["a.csv"])


def test_inputs_are_part_of_the_lineage_of_a_model(dressage: Dressage, reading: Path):
    (reading / "read.py").write_text(
        "import pathlib; pathlib.Path('outputs/model').mkdir(); open('outputs/model/w', 'w').close()"
    )
    dressage("run", "./read.py", "-i", "one=data/a.csv", "-i", "two=data", "--model", "m")
    model = json.loads(dressage("models", "show", "m", "-o", "json").stdout)
    assert model["lineage"]["dataset"] == "one:1, two:1"


def test_the_same_inputs_reuse_the_model_and_changed_ones_do_not(dressage: Dressage, reading: Path):
    (reading / "read.py").write_text(
        "import pathlib; pathlib.Path('outputs/model').mkdir(); open('outputs/model/w', 'w').close()"
    )
    words = ("run", "./read.py", "-i", "one=data", "--model", "m")
    dressage(*words)
    assert "reusing run" in "".join(dressage(*words).stderr + dressage(*words).stdout)
    (reading / "data" / "a.csv").write_text("changed\n")
    plan = json.loads(dressage("plan", *words[1:], "-o", "json").stdout)
    assert {stage["stage"]: stage["action"] for stage in plan["stages"]}["model"] == "train"


def test_variables_come_from_options_and_from_a_file(dressage: Dressage, project: Path):
    (project / "v.py").write_text(
        "import os; print('got', os.environ['A'], os.environ['B'], os.environ['C'])\n"
    )
    (project / "vars").write_text("A='1 2'\nexport B=file # comment\nC=file\n")
    ran = dressage("run", "./v.py", "--env-file", "vars", "--env", "C=option $HOME")
    assert "got 1 2 file option $HOME\n" in ran.stdout


@pytest.mark.parametrize("content", ["/dev/zero", None])
def test_a_file_of_variables_that_is_too_large_is_refused(
    dressage: Dressage, project: Path, content: str | None
):
    (project / "v.py").touch()
    if content:
        (project / "vars").symlink_to(content)
    else:
        (project / "vars").write_text("A=1\n" * 250_001)
    planned = dressage("plan", "./v.py", "--env-file", "vars")
    assert planned.returncode == 2
    assert planned.stderr == "error: --env-file 'vars' is larger than 1 MB; give a file of NAME=VALUE lines\n"


@pytest.mark.parametrize("line", ["s3cr3t", "A s3cr3t=1", "'A=s3cr3t", 'A="s3cr3t'])
def test_a_line_of_a_file_that_is_no_variable_is_an_error_without_its_text(
    dressage: Dressage, project: Path, line: str
):
    (project / "v.py").touch()
    (project / "vars").write_text(f"B=1\n# a comment\n\n{line}\n")
    planned = dressage("plan", "./v.py", "--env-file", "vars")
    assert planned.returncode == 2
    assert planned.stderr == "error: --env-file 'vars': line 4 is not NAME=VALUE; correct or remove it\n"


@pytest.mark.parametrize("name", ["DRESSAGE_RUN_ID", "DRESSAGE_RESUME_FROM", "DRESSAGE_INPUT_DATA"])
def test_a_variable_that_dressage_sets_is_refused(dressage: Dressage, project: Path, name: str):
    (project / "v.py").touch()
    planned = dressage("plan", "./v.py", "--env", f"{name}=1")
    assert planned.returncode == 2
    assert planned.stderr == f"error: variable {name!r} is set by dressage; choose another name\n"


def test_a_secret_with_a_value_is_refused_and_the_value_is_not_shown(dressage: Dressage, project: Path):
    (project / "v.py").touch()
    planned = dressage("plan", "./v.py", "--secret", "KEY=s3cr3t")
    assert planned.returncode == 2
    assert planned.stderr.startswith("error: --secret takes only a name: --secret KEY; ")
    assert "s3cr3t" not in planned.stderr


def test_a_secret_of_a_file_reaches_the_script_and_no_record(dressage: Dressage, project: Path):
    (project / "v.py").write_text(
        "import os, time; print('length', len(os.environ['KEY_OF_MINE'])); time.sleep(1)\n"
    )
    secrets = project.parent / "secrets"
    secrets.write_text("KEY_OF_MINE=s3cr3t-v4lue\n")
    ran = dressage("run", "./v.py", "--env-file", str(secrets), "--secret", "KEY_OF_MINE")
    assert "length 12\n" in ran.stdout
    written = [path for path in (project / ".dressage").rglob("*") if path.is_file()]
    assert not [path for path in written if b"s3cr3t-v4lue" in path.read_bytes()]
    assert "KEY_OF_MINE" in dressage("runs", "show", "latest").stdout


def test_a_secret_in_the_scripts_error_is_not_recorded(
    dressage: Dressage, project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("KEY_OF_MINE", "s3cr3t-v4lue")
    (project / "v.py").write_text("import os\nraise SystemExit('refused: ' + os.environ['KEY_OF_MINE'])\n")
    ran = dressage("run", "./v.py", "--secret", "KEY_OF_MINE")
    assert "refused: <KEY_OF_MINE>" in ran.stdout + ran.stderr
    (journal,) = (project / ".dressage" / "runs").glob("*/journal.jsonl")
    assert "s3cr3t-v4lue" not in journal.read_text()


def test_a_secret_comes_from_the_keyring(dressage: Dressage, project: Path, monkeypatch: pytest.MonkeyPatch):
    from keyrings.alt.file import PlaintextKeyring

    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyrings.alt.file.PlaintextKeyring")
    monkeypatch.setenv("XDG_DATA_HOME", str(project.parent / "data"))
    PlaintextKeyring().set_password("dressage", "KEPT", "four")
    (project / "v.py").write_text("import os; print('length', len(os.environ['KEPT']))\n")
    assert "length 4\n" in dressage("run", "./v.py", "--secret", "KEPT").stdout


def test_a_secret_without_a_value_is_named_before_anything_starts(dressage: Dressage, project: Path):
    (project / "v.py").touch()
    ran = dressage("run", "./v.py", "--secret", "NOT_SET_ANYWHERE")
    assert "needs the secret NOT_SET_ANYWHERE, but that variable is not set" in ran.stderr
    assert ran.returncode == 2


@pytest.mark.parametrize("name", ["HF_TOKEN", "AWS_SECRET_ACCESS_KEY", "DB_PASSWORD", "OPENAI_API_KEY"])
def test_a_variable_that_looks_secret_is_a_warning(dressage: Dressage, project: Path, name: str):
    (project / "v.py").touch()
    ran = dressage("plan", "./v.py", "--env", f"{name}=1")
    assert f"the value of {name} is recorded; if it is secret, add: --secret {name}" in ran.stderr


def test_a_model_is_registered_from_any_folder_of_outputs(dressage: Dressage, project: Path):
    (project / "t.py").write_text(
        "import os; os.makedirs('outputs/best'); open('outputs/best/w', 'w').write('1')\n"
    )
    assert dressage("run", "./t.py", "--model", "net=outputs/best").returncode == 0
    assert "net:1" in dressage("runs", "show", "latest").stdout


def test_runs_show_has_the_settings_that_were_given(dressage: Dressage, reading: Path):
    dressage("run", "./read.py", "-i", "train-set=data", "-i", "b=data", "--", "1")
    shown = dressage("runs", "show", "latest").stdout
    line = next(line for line in shown.splitlines() if line.startswith("settings"))
    assert line.split(maxsplit=1)[1] == "path=./read.py arguments=1 inputs=train-set=data,b=data"
