"""The other commands, and what holds for all of them."""

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from dressage.cli.lazy import Entry
from dressage.cli.main import COMMANDS


def leaves(commands=COMMANDS, path=()):
    for name, entry in commands.items():
        if entry.target:
            yield (*path, name), entry
        yield from leaves(entry.commands, (*path, name))


LEAVES = dict(leaves())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_help_in_the_table_is_the_commands_own(path: tuple[str, ...]):
    entry: Entry = LEAVES[path]
    module, _, function = (entry.target or "").partition(":")
    doc = getattr(import_module(module), function).__doc__
    first = doc.strip().splitlines()[0]
    assert first.rstrip(".").partition(";")[0].startswith(entry.help.rstrip(".").partition(";")[0][:20])


def test_init_makes_a_workspace_and_twice_is_harmless(dressage, project):
    assert dressage("init").returncode == 0
    assert dressage("init").returncode == 0
    assert (project / ".dressage" / "workspace.json").exists()


def test_a_workspace_is_found_upward(dressage, script, project):
    dressage("init")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    name = dressage("run", "-d", str(script("")), cwd=below).stdout.strip()
    assert (project / ".dressage" / "runs" / name).is_dir()


def test_c_works_as_if_started_there(dressage, project, tmp_path):
    told = dressage("-C", str(project), "init", cwd=tmp_path)
    assert told.stdout.strip() == str(project / ".dressage")


def test_config_tells_each_value_and_where_it_came_from(dressage, project):
    (project / "dressage.toml").write_text('experiment = "digits"\n[recipes.keras-mnist]\nepochs = 3\n')
    told = dressage(
        "config", "keras-mnist", "-o", "json", env={**os.environ, "DRESSAGE_KERAS_MNIST_SEED": "7"}
    )
    values = json.loads(told.stdout)
    assert values["experiment"] == {"value": "digits", "origin": str(project / "dressage.toml")}
    assert values["recipes.keras-mnist.epochs"]["value"] == 3
    assert values["recipes.keras-mnist.seed"] == {"value": "7", "origin": "DRESSAGE_KERAS_MNIST_SEED"}
    assert values["on"] == {"value": "local", "origin": "default"}
    assert values["platforms.local.grace_s"] == {"value": 10.0, "origin": "default"}


def test_config_tells_the_options_of_another_platform(dressage, project):
    (project / "dressage.toml").write_text("[platforms.azureml]\nauth = 'cli'\n")
    values = json.loads(dressage("config", "--on", "azureml", "-o", "json").stdout)
    assert values["platforms.azureml.auth"] == {"value": "cli", "origin": str(project / "dressage.toml")}
    assert "platforms.local.grace_s" not in values


def test_a_dataset_is_registered_once_for_the_same_bytes(dressage, project):
    (project / "a.csv").write_text("1")
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:1\n"
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:1\n"
    (project / "a.csv").write_text("2")
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:2\n"
    assert dressage("datasets", "download", "numbers:1", "--to", "down").returncode == 0
    assert (project / "down" / "a.csv").read_text() == "1"
    assert dressage("datasets", "download", "numbers").stderr == "downloaded 1 file(s) to 'numbers-2'\n"
    assert (project / "numbers-2" / "a.csv").read_text() == "2"


def test_a_folder_is_registered_without_its_repository_and_workspace(dressage, project):
    (project / "a.csv").write_text("1")
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("ref")
    for _ in range(2):
        assert dressage("datasets", "register", "all", ".").stdout == "all:1\n"
    assert [
        file["path"] for file in json.loads(dressage("datasets", "show", "all", "-o", "json").stdout)["files"]
    ] == ["a.csv"]


def test_a_model_is_registered_by_hand_shown_and_downloaded(dressage, project):
    (project / "m").mkdir()
    (project / "m" / "weights").write_text("w")
    assert dressage("models", "register", "by-hand", "m").stdout == "by-hand:1\n"
    shown = json.loads(dressage("models", "show", "by-hand", "-o", "json").stdout)
    assert [file["path"] for file in shown["files"]] == ["weights"]
    assert dressage("models", "download", "by-hand:1", "--to", "down").returncode == 0
    assert (project / "down" / "weights").read_text() == "w"
    assert dressage("models", "download", "by-hand").returncode == 0
    assert (project / "by-hand-1" / "weights").read_text() == "w"
    assert "no version '2'; known: 1" in dressage("models", "show", "by-hand:2").stderr


def test_a_dataset_that_is_not_there_is_named(dressage):
    told = dressage("datasets", "register", "numbers", "gone.csv")
    assert (told.returncode, "'gone.csv'" in told.stderr) == (2, True)


def test_recipes_show_lists_settings_with_types_and_defaults(dressage):
    settings = {
        item["name"]: item
        for item in json.loads(dressage("recipes", "show", "keras-mnist", "-o", "json").stdout)
    }
    assert (settings["epochs"]["type"], settings["epochs"]["default"]) == ("int", 20)
    assert all(item["help"] for item in settings.values())


def test_plugins_list_names_ours(dressage):
    listed = {
        (item["kind"], item["name"]) for item in json.loads(dressage("plugins", "list", "-o", "json").stdout)
    }
    assert {("platform", "local"), ("recipe", "keras-mnist"), ("recipe", "script")} <= listed


def test_doctor_finds_this_machine_fit(dressage):
    told = dressage("doctor")
    assert told.returncode == 0, told.stdout
    assert "uv" in told.stdout


def test_a_file_in_the_way_is_named_and_no_room_asked_for(dressage, project):
    (project / "afile").touch()
    (project / "data.csv").write_text("1")
    dressage("datasets", "register", "numbers", "data.csv")
    told = dressage("datasets", "download", "numbers", "--to", "afile")
    assert (told.returncode, told.stderr.startswith("error: 'afile")) == (1, True)
    assert "': " in told.stderr
    assert "make room" not in told.stderr


def test_verbose_adds_where_an_error_came_from(dressage):
    told = dressage("-v", "runs", "show", "nothing")
    assert told.stderr.startswith("error: no run named 'nothing'")
    assert "dressage.errors.NotFoundError" in told.stderr
    assert (
        told.stderr == dressage("runs", "show", "nothing", env={**os.environ, "DRESSAGE_DEBUG": "1"}).stderr
    )


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_no_error(script, project, closing):
    command = f"{sys.executable} -m dressage.cli.main run {script('')} {closing}"
    assert (
        subprocess.run(["bash", "-c", command], cwd=project, timeout=120, capture_output=True).returncode == 0
    )
    assert (project / ".dressage").is_dir()


def test_a_name_that_is_no_text_is_shown_and_told_as_json(dressage, script):
    name = dressage("run", "-d", str(script("open(b'outputs/caf\\xe9\\n', 'w')"))).stdout.strip()
    dressage("runs", "wait", name)
    first, _ = json.loads(dressage("runs", "files", name, "-o", "json").stdout)
    assert first["path"] == "outputs/caf\\udce9\n"
    assert dressage("runs", "files", name).stdout.startswith("outputs/caf\\udce9\\n ")


def test_what_an_encoding_lacks_is_replaced(dressage, script):
    name = dressage("run", "-d", str(script("open('outputs/é', 'w')"))).stdout.strip()
    dressage("runs", "wait", name)
    told = dressage("runs", "files", name, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (told.returncode, "outputs/?" in told.stdout) == (0, True)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("data=digits", 0, "on local: create digits-dataset, create gpu-cluster"),
        ("vm_size=STANDARD_NC6", 1, "Standard_NC4as_T4_v3"),
    ],
)
def test_doctor_tells_whether_a_recipe_could_run_as_asked(dressage, setting, code, words):
    told = dressage("doctor", "keras-mnist", "--set", setting)
    assert (told.returncode, words in told.stdout) == (code, True), told.stdout


def test_doctor_finds_a_workspace_that_cannot_be_made(dressage, project):
    (project / "afile").touch()
    told = dressage("doctor", env={**os.environ, "DRESSAGE_WORKSPACE": "afile/records"})
    assert (told.returncode, "afile' is not writable" in told.stdout) == (1, True)


def test_doctor_tells_a_broken_settings_file_once(dressage, project):
    (project / "dressage.toml").write_text("on = [")
    checks = json.loads(dressage("doctor", "-o", "json").stdout)
    assert [check["name"] for check in checks if not check["ok"]] == ["configuration"]


def completions(project: Path, *words: str) -> list[str]:
    """What the shell would offer after these words."""
    told = subprocess.run(
        [sys.executable, "-c", "from dressage.cli.main import main; main()"],
        cwd=project,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "_DRESSAGE_COMPLETE": "complete_bash",
            "COMP_WORDS": " ".join(["dressage", *words]),
            "COMP_CWORD": str(len(words)),
        },
    )
    assert told.stderr == ""
    return told.stdout.split()


def test_completion_offers_commands_recipes_and_run_ids(dressage, script, project):
    name = dressage("run", "-d", str(script(""))).stdout.strip()
    assert "runs" in completions(project, "ru")
    assert completions(project, "run", "keras") == ["keras-mnist"]
    assert completions(project, "runs", "show", "scr") == [name]


def test_completion_offers_settings_and_what_they_may_be(project):
    assert completions(project, "run", "keras-mnist", "--set", "ba") == ["backend=", "batch_size="]
    assert completions(project, "run", "keras-mnist", "--set", "backend", "=") == ["tensorflow", "jax"]
    assert completions(project, "plan", "keras-mnist", "--set", "backend", "=", "j") == ["jax"]


def test_completion_offers_a_platforms_options(project):
    assert completions(project, "run", "keras-mnist", "-O", "gr") == ["grace_s="]
    assert completions(project, "plan", "keras-mnist", "--on", "azureml", "-O", "po") == ["poll_s="]


def test_completion_offers_compute_targets(dressage, script, project):
    dressage("run", str(script("")))
    assert completions(project, "compute", "delete", "d") == ["default"]


def test_completion_says_nothing_where_something_is_wrong(project):
    (project / "dressage.toml").write_text("on = [")
    assert completions(project, "runs", "show", "s") == []
    assert completions(project, "rum", "s") == []


def test_an_environment_is_built_from_a_requirements_file(dressage, project):
    (project / "needs.txt").write_text("# nothing yet\n")
    told = dressage("environments", "build", "needs.txt")
    assert told.stdout.startswith("needs:")


def test_a_requirements_file_that_is_malformed_is_named(dressage, project):
    (project / "needs.txt").write_text("-r other.txt\n")
    told = dressage("environments", "build", "needs.txt")
    assert told.returncode == 2
    assert "environment 'needs': requirements: line 1: pip option '-r other.txt'" in told.stderr
