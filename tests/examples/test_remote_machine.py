"""The example `remote_machine`: what the conformance kit does not ask of a platform, but users of this one expect."""

import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from examples.remote_machine.tests.test_conformance import OtherMachine
from tests.conftest import REPOSITORY
from tests.fixtures import Dressage, WriteScript
from tests.recipes import Tiny
from tests.waiting import eventually

from dressage import Engine, Environment, SettingsError, UnreachableError, hookimpl
from dressage.engine.runs import Run

EXAMPLE = REPOSITORY / "examples" / "remote_machine"
SECRET = "sesame-7d1f"


class Secretive(Tiny):
    """The recipe, with a secret."""

    @hookimpl
    def environment(self) -> Environment:
        return Environment(name="tiny-env", secrets=("SESAME",))


@pytest.fixture
def machine(tmp_path: Path, project: Path) -> OtherMachine:
    machine = OtherMachine(tmp_path / "other")
    machine.configure(project)
    return machine


@pytest.fixture
def start(machine: OtherMachine, project: Path, script: WriteScript) -> Callable[..., Run]:
    """A function that submits a script with a new engine, as another command would."""

    def submit(text: str, **options: str) -> Run:
        given = {"path": str(script(text)), **options}
        return Engine(project).run("script", on="machine", set=given, again=True)

    return submit


@pytest.fixture
def tiny_engine(machine: OtherMachine, project: Path) -> Engine:
    """An engine with the recipe `tiny`, which reads a dataset and writes a model."""
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", Tiny(project))
    return engine


def log_of(run: Run) -> bytes:
    return b"".join(run.logs())


def test_a_script_executes_in_the_home_of_the_other_machine(start: Callable[..., Run], machine: OtherMachine):
    run = start("import os; print(os.getcwd()); print(os.environ['HOME'])")
    assert run.wait(60).state == "Completed"
    folder, home = log_of(run).decode().splitlines()
    assert Path(folder).is_relative_to(machine.folder)
    assert home == str(machine.home)


def test_variables_of_this_shell_do_not_reach_the_script(
    start: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("OURS", "1")
    run = start("import os; print('OURS' in os.environ)")
    run.wait(60)
    assert log_of(run) == b"False\n"


def test_a_model_is_trained_there_and_registered_here(tiny_engine: Engine):
    run = tiny_engine.run("tiny", on="machine")
    assert run.wait(60).state == "Completed"
    assert run.model
    assert [file.path for file in run.model.files] == ["weights"]
    assert tiny_engine.plan("tiny", on="machine").stage("model").action == "reuse"


def test_a_dataset_is_sent_once(tiny_engine: Engine, machine: OtherMachine, project: Path, tmp_path: Path):
    (project / "data.csv").write_bytes(bytes(5_000_000))
    sent = []
    for number in range(2):
        counted = tmp_path / f"sent-{number}"
        machine.configure(project, f"""sh -c 'tee -a {counted} | exec "$0" "$@"' {machine.reach}""")
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", Tiny(project))
        assert engine.run("tiny", on="machine", again=True).wait(60).state == "Completed"
        sent.append(counted.stat().st_size)
    assert sent[0] > 5_000_000 > sent[1]


def test_a_dataset_that_was_damaged_there_is_sent_again(tiny_engine: Engine, machine: OtherMachine):
    assert tiny_engine.run("tiny", on="machine").wait(60).state == "Completed"
    (stored,) = machine.folder.glob("datasets/numbers/1/data.csv")
    stored.chmod(0o644)
    stored.write_text("9,9,9\n")
    again = tiny_engine.run("tiny", on="machine", again=True)
    assert again.wait(60).state == "Completed", again.status
    assert again.model
    assert again.model.version == 1  # the same bytes as before


def test_a_source_that_was_damaged_there_is_sent_again(start: Callable[..., Run], machine: OtherMachine):
    start("print(1)").wait(60)
    (kept,) = machine.folder.glob("snapshots/*/train.py")
    kept.write_text("print(2)")
    again = start("print(1)")
    assert again.wait(60).state == "Completed"
    assert log_of(again) == b"1\n"


def test_a_connection_that_breaks_during_a_transfer_leaves_nothing(
    tiny_engine: Engine, machine: OtherMachine, project: Path
):
    (project / "data.csv").write_bytes(bytes(5_000_000))
    machine.configure(project, f"""sh -c 'head -c 1000000 | exec "$0" "$@"' {machine.reach}""")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", Tiny(project))
    with pytest.raises(UnreachableError, match="the connection ended before all files had arrived"):
        engine.run("tiny", on="machine")
    assert not [path for path in machine.files() if "data.csv" in path]
    machine.configure(project)
    assert Engine(project).resume("latest").wait(60).state == "Completed"


def test_a_run_whose_answer_was_lost_is_found_again_and_is_one_run(
    start: Callable[..., Run], machine: OtherMachine, project: Path, tmp_path: Path
):
    """The connection breaks just after the other machine has accepted the attempt."""
    lost = f"""sh -c '"$0" "$@"; test -d {machine.folder}/runs && exit 255; exit 0' {machine.reach}"""
    machine.configure(project, lost)
    hold = tmp_path / "hold"
    hold.touch()
    text = f"import os, time\nprint('up')\nwhile os.path.exists({str(hold)!r}): time.sleep(.02)"
    with pytest.raises(UnreachableError):
        start(text)
    machine.configure(project)
    run = Engine(project).resume("latest")
    hold.unlink()
    assert run.wait(60).state == "Completed"
    assert log_of(run) == b"up\n"


def test_a_machine_that_cannot_be_reached_leaves_the_last_state(
    start: Callable[..., Run], machine: OtherMachine, project: Path, caplog: pytest.LogCaptureFixture
):
    run = start("import time; print('up'); time.sleep(300)")
    assert next(iter(run.logs(follow=True))) == b"up\n"
    machine.configure(project, "sh -c 'echo no route to host >&2; exit 255'")
    assert Engine(project).get(run.id).status.state == "Running"
    assert "no route to host; shown as last recorded" in caplog.text
    run.cancel()
    assert run.wait(60).state == "Canceled"


def test_a_plan_for_a_machine_that_cannot_be_reached_says_why(
    start: Callable[..., Run], machine: OtherMachine, project: Path
):
    machine.configure(project, "sh -c 'echo no route to host >&2; exit 255'")
    with pytest.raises(UnreachableError, match="no route to host"):
        start("")


def test_a_machine_without_dressage_is_named(start: Callable[..., Run], machine: OtherMachine, project: Path):
    machine.configure(project, python="/usr/bin/python-of-nobody")
    with pytest.raises(UnreachableError, match="python-of-nobody"):
        start("")


def test_without_a_command_the_option_is_named(start: Callable[..., Run], project: Path):
    (project / "dressage.toml").unlink()
    with pytest.raises(SettingsError, match=r"has no option reach; set it in dressage\.toml"):
        start("")


def test_the_value_of_a_secret_is_in_no_file_and_no_arguments_there(
    machine: OtherMachine, monkeypatch: pytest.MonkeyPatch, project: Path
):
    monkeypatch.setenv("SESAME", SECRET)
    recipe, engine = Secretive(project), Engine(project)
    (recipe.source / "train.py").write_text(
        "import os, time\nassert os.environ['SESAME'].startswith('sesame')\nprint('up')\ntime.sleep(300)"
    )
    engine.plugins.add("recipe", "tiny", recipe)
    run = engine.run("tiny", on="machine")
    assert next(iter(run.logs(follow=True))) == b"up\n"
    shown = [Path(f"/proc/{process}/cmdline").read_bytes() for process in machine.processes()]
    run.cancel()
    run.wait(60)
    assert not [line for line in shown if SECRET.encode() in line]
    written = [machine.home / path for path in machine.files()]
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]


def test_nothing_runs_there_after_the_runs_have_ended(start: Callable[..., Run], machine: OtherMachine):
    start("print(1)").wait(60)
    eventually(lambda: not machine.processes())


def test_the_command_line_shows_the_output_and_ends_with_the_scripts_exit_code(
    machine: OtherMachine, dressage: Dressage, script: WriteScript
):
    path = script("print('hello'); raise SystemExit(5)")
    done = dressage("run", str(path), "--on", "machine")
    assert (done.returncode, done.stdout.splitlines()[0]) == (5, "hello")


def test_the_readme_names_every_option(machine: OtherMachine, project: Path):
    text = (EXAMPLE / "README.md").read_text()
    assert [
        option.name for option in Engine(project).options("machine") if f"| `{option.name}` |" not in text
    ] == []


@pytest.mark.slow
def test_its_wheel_has_the_program_and_the_entry_point(tmp_path: Path):
    subprocess.run(["uv", "build", "-q", "--wheel", "-o", str(tmp_path), str(EXAMPLE)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "remote_machine/program.py" in names
    entry_points = next(name for name in names if name.endswith("entry_points.txt"))
    text = zipfile.ZipFile(wheel).read(entry_points).decode()
    assert text == "[dressage.platforms]\nmachine = remote_machine\n"
