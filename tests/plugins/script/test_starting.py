"""What people say to start: a file, a folder, a module, a notebook, a shell script, a command."""

import json
import sys
from pathlib import Path

import pytest
from tests.fixtures import Dressage

SHOW = (
    "import json, os, sys\nprint(json.dumps([sys.argv, os.getcwd(), sys.path[0], __name__, __package__]))\n"
)


@pytest.fixture
def package(project: Path) -> Path:
    """A project with a package: src/pack/train.py imports src/pack/layers.py."""
    folder = project / "src" / "pack"
    folder.mkdir(parents=True)
    (folder / "__init__.py").touch()
    (folder / "layers.py").write_text("ANSWER = 42\n")
    (folder / "train.py").write_text("from pack.layers import ANSWER\nassert ANSWER == 42\n" + SHOW)
    return project


def shown(dressage: Dressage, *words: str) -> list[object]:
    """What the script that was started says about itself."""
    ran = dressage("run", *words)
    assert ran.returncode == 0, ran.stderr
    found: list[object] = json.loads(next(line for line in ran.stdout.splitlines() if line.startswith("[[")))
    return found


def test_a_script_below_its_root_starts_as_from_the_root(dressage: Dressage, package: Path):
    argv, folder, first, name, _ = shown(dressage, "src/pack/train.py", "--root", "src", "--", "--lr", "0 1")
    assert argv == ["pack/train.py", "--lr", "0 1"]
    assert str(first) == f"{folder}/pack"
    assert name == "__main__"


@pytest.mark.parametrize("root", ["src/pack/..", "src/../src", "link"])
def test_a_root_may_be_written_in_any_way(dressage: Dressage, package: Path, root: str):
    (package / "link").symlink_to("src")
    argv, folder, first, _, _ = shown(dressage, "src/pack/train.py", "--root", root)
    assert (argv, first) == (["pack/train.py"], f"{folder}/pack")


def test_a_path_with_dots_is_below_its_root(dressage: Dressage, package: Path):
    argv, *_ = shown(dressage, "src/pack/../../src/pack/train.py", "--root", "src")
    assert argv == ["pack/train.py"]


def test_the_whole_file_system_is_no_root(dressage: Dressage, package: Path):
    planned = dressage("plan", "src/pack/train.py", "--root", "/")
    assert planned.returncode == 2
    assert planned.stderr == "error: root '/' is the whole file system; give the project's folder\n"


def test_without_a_root_it_is_the_scripts_folder(dressage: Dressage, project: Path):
    (project / "deep").mkdir()
    (project / "deep" / "train.py").write_text(SHOW)
    argv, folder, first, _, _ = shown(dressage, "deep/train.py")
    assert (argv, first) == (["train.py"], folder)


def test_a_module_starts_from_this_folder(dressage: Dressage, package: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHONPATH", "src")  # the package imports itself by its name
    argv, folder, first, name, of_package = shown(
        dressage, "-m", "src.pack.train", "--root", ".", "--", "--x"
    )
    assert argv == [f"{folder}/src/pack/train.py", "--x"]
    assert (first, name, of_package) == (folder, "__main__", "src.pack")


def test_a_folder_with_a_main_file_starts_like_python_does(dressage: Dressage, project: Path):
    (project / "tool").mkdir()
    (project / "tool" / "__main__.py").write_text(SHOW)
    argv, folder, first, name, _ = shown(dressage, "./tool", "--", "1")
    assert (argv, first, name) == (["__main__.py", "1"], folder, "__main__")


def test_a_command_starts_in_a_copy_of_this_folder(dressage: Dressage, project: Path):
    (project / "show.py").write_text(SHOW)
    argv, folder, first, _, _ = shown(dressage, "--", "python", "show.py", "two words")
    assert (argv, first) == (["show.py", "two words"], folder)


def test_the_python_of_a_command_is_the_environments(dressage: Dressage, project: Path):
    ran = dressage("run", "--", "python", "-c", "import sys; print('in', sys.prefix)")
    assert f"in {sys.prefix}\n" in ran.stdout


def test_a_damaged_notebook_is_refused(dressage: Dressage, project: Path):
    (project / "a.ipynb").write_text('{"cells": [')
    planned = dressage("plan", "./a.ipynb")
    assert planned.returncode == 2
    assert planned.stderr == (
        "error: notebook './a.ipynb' is damaged: Expecting value: line 1 column 12 (char 11);"
        " save it again in Jupyter\n"
    )


def test_a_shell_script_with_the_line_ends_of_windows_is_refused(dressage: Dressage, project: Path):
    (project / "go.sh").write_bytes(b"#!/bin/sh\r\npython train.py\r\n")
    planned = dressage("plan", "./go.sh")
    assert planned.returncode == 2
    assert planned.stderr == (
        "error: shell script './go.sh' has the line ends of Windows; convert it: sed -i 's/\\r$//' ./go.sh\n"
    )


def test_a_shell_script_runs_in_its_shell(dressage: Dressage, project: Path):
    (project / "go.sh").write_text(
        'set -e\necho "got $1 in $(basename "$PWD")"\npython -c "print(6 * 7)"\nexit 3\n'
    )
    ran = dressage("run", "./go.sh", "--", "a b")
    assert "got a b in work\n42\n" in ran.stdout
    assert ran.returncode == 3


def test_the_exit_code_of_a_command_is_the_runs(dressage: Dressage, project: Path):
    assert dressage("run", "--", "sh", "-c", "exit 9").returncode == 9


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ((), "nothing to run; give a recipe, the path of a script, -m MODULE, or -- COMMAND"),
        (("/etc/passwd",), "'/etc/passwd' is not a Python script, notebook or shell script"),
        (("/bin/sh",), "'/bin/sh' is a program or data; to start a program, write it after --"),
        (("./none.py",), "script './none.py' is not a file"),
        (("./empty",), "folder './empty' has no __main__.py"),
        (("-m", "a-b"), "module 'a-b' is not a module's name"),
        (("./train.py", "--root", "empty"), "is not below the root"),
        (("./train.py", "--root", "gone"), "root 'gone' is not a folder"),
        (("keras-mnist", "--root", "."), "recipe 'keras-mnist' does not take --root"),
        (("./train.py", "-i", "x"), "input 'x': write NAME=DATASET"),
        (("./train.py", "-i", "x=gone"), "no dataset named 'gone'"),
        (("./train.py", "-i", "x=./none"), "source './none' is not a file, folder or URL"),
        (("./train.py", "--model", "=x"), "model '=x' has no name"),
    ],
)
def test_what_cannot_be_run_is_one_line(
    dressage: Dressage, project: Path, words: tuple[str, ...], error: str
):
    (project / "train.py").touch()
    (project / "empty").mkdir()
    ran = dressage("run", *words)
    lines = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1, ran.stderr
    assert error in lines[0]
    assert ran.returncode != 0
    assert not (project / ".dressage" / "runs").exists() or not list(
        (project / ".dressage" / "runs").iterdir()
    )


def test_a_batch_of_a_module_has_its_arguments(dressage: Dressage, project: Path):
    (project / "show.py").write_text("import sys; print('got', sys.argv[1:])\n")
    (project / "lines").write_text("--lr 0.1\n--lr 0.2\n")
    ran = dressage("run", "-m", "show", "--batch", "lines")
    run_ids = ran.stdout.split()
    assert len(run_ids) == 2
    dressage("runs", "wait", run_ids[1])
    assert "got ['--lr', '0.2']" in dressage("runs", "logs", run_ids[1]).stdout


def test_a_notebook_without_what_executes_it_is_refused_in_one_line(dressage: Dressage, project: Path):
    (project / "a.ipynb").write_text("{}")
    ran = dressage("run", "./a.ipynb")
    assert "error: a notebook needs papermill and ipykernel" in ran.stderr
    assert "-r FILE" in ran.stderr


@pytest.mark.parametrize(
    ("path", "text", "name"),
    [("tune.sh", "echo hi\n", "tune"), ("app/__main__.py", "", "app"), ("study.ipynb", None, "study")],
)
def test_a_plan_calls_a_script_by_its_own_name(
    dressage: Dressage, project: Path, path: str, text: str | None, name: str
):
    file = project / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps({"cells": [], "metadata": {}, "nbformat": 4}) if text is None else text)
    (project / "requirements.txt").write_text("papermill\nipykernel\n")
    planned = dressage("plan", str(file.parent if name == "app" else file))
    assert planned.stdout.splitlines()[-1].split()[:3] == ["model", "train", name], planned.stderr


def test_a_folder_without_a_slash_is_named_in_the_error(dressage: Dressage, project: Path):
    (project / "app").mkdir()
    planned = dressage("plan", "app")
    assert planned.returncode == 2
    assert planned.stderr.endswith("; to run the file or folder of that name: dressage run ./app\n")


def test_a_plan_says_who_uses_an_image(dressage: Dressage, project: Path):
    (project / "train.py").touch()
    planned = dressage("plan", "./train.py", "--image", "lab/torch:2")
    assert "image 'lab/torch:2': used only by platforms that run scripts in containers" in planned.stdout
