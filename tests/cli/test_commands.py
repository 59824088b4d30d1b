"""The commands other than `run`, and what holds for all commands."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage.cli.lazy import Entry
from dressage.cli.main import COMMANDS


def leaves(
    commands: Mapping[str, Entry] = COMMANDS, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Entry]]:
    for name, entry in commands.items():
        if entry.target:
            yield (*path, name), entry
        yield from leaves(entry.commands, (*path, name))


LEAVES = dict(leaves())


@pytest.mark.parametrize("path", LEAVES, ids=" ".join)
def test_the_help_in_the_table_matches_the_commands_docstring(path: tuple[str, ...]):
    entry: Entry = LEAVES[path]
    module, _, function = (entry.target or "").partition(":")
    doc = getattr(import_module(module), function).__doc__
    first = doc.strip().splitlines()[0]
    assert first.rstrip(".").partition(";")[0].startswith(entry.help.rstrip(".").partition(";")[0][:20])


def test_init_creates_a_workspace_and_can_be_repeated(dressage: Dressage, project: Path):
    assert dressage("init").returncode == 0
    assert dressage("init").returncode == 0
    assert (project / ".dressage" / "workspace.json").exists()


def test_a_workspace_in_a_parent_folder_is_used(dressage: Dressage, script: WriteScript, project: Path):
    dressage("init")
    below = project / "a" / "b"
    below.mkdir(parents=True)
    name = dressage("run", "-d", str(script("")), cwd=below).stdout.strip()
    assert (project / ".dressage" / "runs" / name).is_dir()


def test_c_runs_the_command_in_that_folder(dressage: Dressage, project: Path, tmp_path: Path):
    result = dressage("-C", str(project), "init", cwd=tmp_path)
    assert result.stdout.strip() == str(project / ".dressage")


def test_config_shows_each_value_and_its_origin(dressage: Dressage, project: Path):
    (project / "dressage.toml").write_text('experiment = "digits"\n[recipes.keras-mnist]\nepochs = 3\n')
    result = dressage(
        "config", "keras-mnist", "-o", "json", env={**os.environ, "DRESSAGE_KERAS_MNIST_SEED": "7"}
    )
    values = json.loads(result.stdout)
    assert values["experiment"] == {"value": "digits", "origin": str(project / "dressage.toml")}
    assert values["recipes.keras-mnist.epochs"]["value"] == 3
    assert values["recipes.keras-mnist.seed"] == {"value": "7", "origin": "DRESSAGE_KERAS_MNIST_SEED"}
    assert values["on"] == {"value": "local", "origin": "default"}
    assert values["platforms.local.grace_s"] == {"value": 10.0, "origin": "default"}


def test_config_shows_the_options_of_another_platform(dressage: Dressage, project: Path):
    (project / "dressage.toml").write_text("[platforms.azureml]\nauth = 'cli'\n")
    values = json.loads(dressage("config", "--on", "azureml", "-o", "json").stdout)
    assert values["platforms.azureml.auth"] == {"value": "cli", "origin": str(project / "dressage.toml")}
    assert "platforms.local.grace_s" not in values


def test_registering_the_same_content_again_gives_the_same_version(dressage: Dressage, project: Path):
    (project / "a.csv").write_text("1")
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:1\n"
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:1\n"
    (project / "a.csv").write_text("2")
    assert dressage("datasets", "register", "numbers", "a.csv").stdout == "numbers:2\n"
    assert dressage("datasets", "download", "numbers:1", "--to", "down").returncode == 0
    assert (project / "down" / "a.csv").read_text() == "1"
    assert dressage("datasets", "download", "numbers").stderr == "downloaded 1 file(s) to 'numbers-2'\n"
    assert (project / "numbers-2" / "a.csv").read_text() == "2"


def test_a_folder_is_registered_without_git_and_workspace_folders(dressage: Dressage, project: Path):
    (project / "a.csv").write_text("1")
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("ref")
    for _ in range(2):
        assert dressage("datasets", "register", "all", ".").stdout == "all:1\n"
    assert [
        file["path"] for file in json.loads(dressage("datasets", "show", "all", "-o", "json").stdout)["files"]
    ] == ["a.csv"]


def test_a_model_folder_is_registered_shown_and_downloaded(dressage: Dressage, project: Path):
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


def test_a_missing_source_is_named(dressage: Dressage):
    result = dressage("datasets", "register", "numbers", "gone.csv")
    assert (result.returncode, "'gone.csv'" in result.stderr) == (2, True)


def test_recipes_show_lists_settings_with_types_and_defaults(dressage: Dressage):
    settings = {
        item["name"]: item
        for item in json.loads(dressage("recipes", "show", "keras-mnist", "-o", "json").stdout)
    }
    assert (settings["epochs"]["type"], settings["epochs"]["default"]) == ("int", 20)
    assert all(item["help"] for item in settings.values())


def test_plugins_list_contains_the_first_party_plugins(dressage: Dressage):
    listed = {
        (item["kind"], item["name"]) for item in json.loads(dressage("plugins", "list", "-o", "json").stdout)
    }
    assert {("platform", "local"), ("recipe", "keras-mnist"), ("recipe", "script")} <= listed


def test_doctor_passes_on_this_machine(dressage: Dressage):
    result = dressage("doctor")
    assert result.returncode == 0, result.stdout
    assert "uv" in result.stdout


def test_a_download_to_an_existing_file_names_the_file(dressage: Dressage, project: Path):
    (project / "afile").touch()
    (project / "data.csv").write_text("1")
    dressage("datasets", "register", "numbers", "data.csv")
    result = dressage("datasets", "download", "numbers", "--to", "afile")
    assert result.returncode == 2
    assert result.stderr == "error: 'afile' is not a folder; choose another one with --to\n"


def test_verbose_shows_the_traceback_of_an_error(dressage: Dressage):
    result = dressage("-v", "runs", "show", "nothing")
    assert result.stderr.startswith("error: no run named 'nothing'")
    assert "dressage.errors.NotFoundError" in result.stderr
    assert (
        result.stderr == dressage("runs", "show", "nothing", env={**os.environ, "DRESSAGE_DEBUG": "1"}).stderr
    )


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-"])
def test_a_closed_stream_is_not_an_error(script: WriteScript, project: Path, closing: str):
    command = f"{sys.executable} -m dressage.cli.main run {script('')} {closing}"
    assert (
        subprocess.run(["bash", "-c", command], cwd=project, timeout=120, capture_output=True).returncode == 0
    )
    assert (project / ".dressage").is_dir()


def test_a_file_name_that_is_not_text_is_escaped(dressage: Dressage, script: WriteScript):
    name = dressage("run", "-d", str(script("open(b'outputs/caf\\xe9\\n', 'w')"))).stdout.strip()
    dressage("runs", "wait", name)
    first, _ = json.loads(dressage("runs", "files", name, "-o", "json").stdout)
    assert first["path"] == "outputs/caf\\udce9\n"
    assert dressage("runs", "files", name).stdout.startswith("outputs/caf\\udce9\\n ")


def test_characters_that_the_encoding_lacks_are_replaced(dressage: Dressage, script: WriteScript):
    name = dressage("run", "-d", str(script("open('outputs/é', 'w')"))).stdout.strip()
    dressage("runs", "wait", name)
    result = dressage("runs", "files", name, env={**os.environ, "PYTHONIOENCODING": "ascii"})
    assert (result.returncode, "outputs/?" in result.stdout) == (0, True)


@pytest.mark.parametrize(
    ("setting", "code", "words"),
    [
        ("data=digits", 0, "on local: create digits-dataset, create gpu-cluster"),
        ("data=nowhere", 1, "is not a folder; give mnist, digits"),
    ],
)
def test_doctor_checks_whether_a_recipe_can_be_planned(
    dressage: Dressage, setting: str, code: int, words: str
):
    result = dressage("doctor", "keras-mnist", "--set", setting)
    assert (result.returncode, words in result.stdout) == (code, True), result.stdout


def test_doctor_names_a_wrong_limit_of_downloads(dressage: Dressage, project: Path):
    (project / "dressage.toml").write_text("[downloads]\nstall_seconds = -1\n")
    result = dressage("doctor")
    assert (result.returncode, "stall_seconds" in result.stdout) == (1, True), result.stdout


def test_doctor_fails_if_the_workspace_cannot_be_created(dressage: Dressage, project: Path):
    (project / "afile").touch()
    result = dressage("doctor", env={**os.environ, "DRESSAGE_WORKSPACE": "afile/records"})
    assert (result.returncode, "afile' is not a writable folder" in result.stdout) == (1, True)


def test_doctor_reports_a_broken_configuration_file_once(dressage: Dressage, project: Path):
    (project / "dressage.toml").write_text("on = [")
    checks = json.loads(dressage("doctor", "-o", "json").stdout)
    assert [check["name"] for check in checks if not check["ok"]] == ["configuration"]


def complete(project: Path, *words: str) -> list[str]:
    """Return what the shell offers after these words."""
    result = subprocess.run(
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
    assert result.stderr == ""
    return result.stdout.split()


def test_completion_offers_commands_recipes_and_run_ids(
    dressage: Dressage, script: WriteScript, project: Path
):
    name = dressage("run", "-d", str(script(""))).stdout.strip()
    assert "runs" in complete(project, "ru")
    assert complete(project, "run", "keras") == ["keras-mnist"]
    assert complete(project, "runs", "show", "scr") == [name]


def test_completion_offers_settings_and_their_choices(project: Path):
    assert sorted(complete(project, "run", "keras-mnist", "--set", "ba")) == ["backend=", "batch_size="]
    assert complete(project, "run", "keras-mnist", "--set", "backend", "=") == ["tensorflow", "jax"]
    assert complete(project, "plan", "keras-mnist", "--set", "backend", "=", "j") == ["jax"]


def test_completion_offers_a_platforms_options(project: Path):
    assert complete(project, "run", "keras-mnist", "-O", "gr") == ["grace_s="]
    assert complete(project, "plan", "keras-mnist", "--on", "azureml", "-O", "po") == ["poll_s="]


def test_completion_offers_compute_targets(dressage: Dressage, script: WriteScript, project: Path):
    dressage("run", str(script("")))
    assert complete(project, "compute", "delete", "d") == ["default"]


def test_completion_prints_nothing_after_an_error(project: Path):
    (project / "dressage.toml").write_text("on = [")
    assert complete(project, "runs", "show", "s") == []
    assert complete(project, "rum", "s") == []


def test_an_environment_is_built_from_a_requirements_file(dressage: Dressage, project: Path):
    (project / "needs.txt").write_text("# nothing yet\n")
    result = dressage("environments", "build", "needs.txt")
    assert result.stdout.startswith("needs:")


def test_a_requirements_file_may_refer_to_others(dressage: Dressage, project: Path):
    (project / "needs.txt").write_text("-r base.txt\n-c pins.txt\n")
    (project / "base.txt").write_text("six\n")
    (project / "pins.txt").write_text("six==1.16.0\n")
    result = dressage("environments", "build", "needs.txt")
    assert result.returncode == 0, result.stderr
    key = result.stdout.strip().removeprefix("needs:")
    assert (project / ".dressage" / "environments" / key / "lock.txt").read_text().startswith("six==1.16.0 ")


def test_a_local_project_is_built_with_a_run_alone(dressage: Dressage, project: Path):
    (project / "needs.txt").write_text("-e .\n")
    (project / "pyproject.toml").write_text("[project]\nname = 'lab'\n")
    result = dressage("environments", "build", "needs.txt")
    assert result.returncode == 2
    assert "dressage run SCRIPT --requirements" in result.stderr


def test_a_malformed_requirements_file_is_named(dressage: Dressage, project: Path):
    (project / "needs.txt").write_text("--prefer-binary\n")
    result = dressage("environments", "build", "needs.txt")
    assert result.returncode == 2
    assert "environment 'needs': requirements: line 1: pip option '--prefer-binary'" in result.stderr
