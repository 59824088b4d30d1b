"""How a script may be started, and what a run may need."""

import os
from pathlib import Path
from typing import Any, Protocol

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import (
    ComputeTarget,
    Distribution,
    Engine,
    Environment,
    FileDataset,
    Model,
    Script,
    SettingsError,
    Source,
    SpecError,
    StageError,
    hookimpl,
)

SCRIPT = """
import sys, time
print(sys.argv[1:], flush=True)
time.sleep('--sleep' in sys.argv and 60)
"""


class Starts:
    """A recipe of one script."""

    def __init__(self, script: Script, compute: ComputeTarget, environment: Environment) -> None:
        self.script, self.target, self.surroundings = script, compute, environment

    @hookimpl
    def compute(self) -> ComputeTarget:
        return self.target

    @hookimpl
    def environment(self) -> Environment:
        return self.surroundings

    @hookimpl
    def model(self) -> Model:
        return Model(script=self.script)


class Add(Protocol):
    """Makes a recipe known as `starts`. script: fields of its Script."""

    def __call__(
        self, *, environment: Environment | None = None, compute: ComputeTarget | None = None, **script: Any
    ) -> None: ...


@pytest.fixture
def add(engine: Engine, project: Path) -> Add:
    """Makes a recipe known as `starts`, whose script is package/train.py."""
    package = project / "source" / "package"
    package.mkdir(parents=True)
    (package / "train.py").write_text(
        "import sys, time\nprint(sys.argv[1:], flush=True)\ntime.sleep('--sleep' in sys.argv and 60)\n"
    )

    def make(
        *, environment: Environment | None = None, compute: ComputeTarget | None = None, **script: Any
    ) -> None:
        recipe = Starts(
            Script(directory=project / "source", **script),
            compute or ComputeTarget(name="any"),
            environment or Environment(name="interpreter"),
        )
        engine.plugins.add("recipe", "starts", recipe)

    return make


def log_of(engine: Engine) -> bytes:
    run = engine.run("starts")
    assert run.wait(60).state == "Completed"
    return b"".join(run.logs())


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"file": "package/train.py"}, b"['a']\n"),
        ({"module": "package.train"}, b"['a']\n"),
        ({"command": "echo"}, b"a\n"),
    ],
)
def test_a_script_is_a_file_a_module_or_a_command(engine: Engine, add: Add, way: dict[str, Any], said: bytes):
    add(**way, arguments=("a",))
    assert log_of(engine) == said


def test_a_command_is_shown_as_the_script(engine: Engine, add: Add, dressage: Dressage):
    add(module="package.train")
    run = engine.run("starts")
    run.wait(60)
    assert "-m package.train" in dressage("runs", "show", run.id).stdout


@pytest.mark.parametrize("ways", [{}, {"file": "a.py", "module": "a"}])
def test_a_script_is_one_of_the_three(tmp_path: Path, ways: dict[str, Any]):
    with pytest.raises(SpecError, match="give one of file, module and command"):
        Script(directory=tmp_path, **ways)


def test_several_processes_are_refused_where_they_cannot_be_started(engine: Engine, add: Add):
    add(file="package/train.py", distribution=Distribution(nodes=2, processes_per_node=4))
    with pytest.raises(SpecError, match=r"a run of 8 processes \(2 x 4\) cannot run on platform 'local'"):
        engine.plan("starts")


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ({"cpus": 4096}, f"a run needs 4096 CPUs, this machine has {os.cpu_count()}"),
        ({"memory_mib": 1 << 40}, "MiB of memory, this machine has"),
        ({"gpus": 64}, "a run needs 64 GPUs, this machine has"),
    ],
)
def test_a_run_that_needs_more_than_the_machine_has_is_refused(
    engine: Engine, add: Add, needs: dict[str, Any], words: str
):
    add(file="package/train.py", compute=ComputeTarget(name="any", **needs))
    with pytest.raises(StageError, match=words):
        engine.plan("starts")


def test_a_script_is_stopped_at_its_time_limit(engine: Engine, add: Add):
    add(
        file="package/train.py",
        arguments=("--sleep",),
        compute=ComputeTarget(name="any", time_limit_s=0.3),
    )
    status = engine.run("starts").wait(60)
    assert (status.state, status.reason) == (
        "Canceled",
        "canceled: the script reached its time limit of 0.3 s",
    )


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (ComputeTarget, {"name": "a", "time_limit_s": float("inf")}, "give a number of seconds above 0"),
        (ComputeTarget, {"name": "a", "time_limit_s": float("nan")}, "give a number of seconds above 0"),
        (ComputeTarget, {"name": "a", "slots": 0}, "slots is 0; give at least 1"),
        (Environment, {"name": "a", "variables": {"A=B": "1"}}, "variable 'A=B'"),
        (Environment, {"name": "a", "variables": {"A": "1\0"}}, "remove '=' and NUL bytes"),
        (Script, {"directory": Path("/a"), "command": "a\0b"}, "contains a NUL byte"),
        (Script, {"directory": Path("/a"), "file": "a.py", "arguments": ("\0",)}, "contains a NUL byte"),
        (Source, {"path": "./a", "addresses": ("/a",)}, "write it like 'train/a.csv'"),
        (Source, {"path": "a\0", "addresses": ("/a",)}, "leaves the dataset's folder"),
        (Distribution, {"nodes": 0}, "give at least 1 of both"),
    ],
)
def test_values_that_nothing_can_do_are_refused(kind: type, fields: dict[str, object], words: str):
    with pytest.raises(SpecError, match=words):
        kind(**fields)


def test_a_file_that_is_a_folder_too_is_refused():
    sources = tuple(Source(path=path, addresses=("/a",)) for path in ("a", "a/b"))
    with pytest.raises(SpecError, match="has 'a' as a file and as a folder"):
        FileDataset(name="d", sources=sources)


def test_an_argument_may_hold_bytes_that_are_no_text(dressage: Dressage, script: WriteScript):
    path = str(script("import os, sys; print(os.fsencode(sys.argv[1]))"))
    told = dressage("run", path, "--name", os.fsdecode(b"\xfe"), "--", os.fsdecode(b"\xff"))
    assert (told.returncode, told.stdout.splitlines()[0]) == (0, r"b'\xff'")


def test_a_secret_that_is_not_there_is_named(engine: Engine, add: Add):
    add(file="package/train.py", environment=Environment(name="e", secrets=("LAB_TOKEN",)))
    with pytest.raises(SettingsError, match="needs the secret LAB_TOKEN"):
        engine.plan("starts")


def test_a_secret_reaches_the_script_and_no_record(
    project: Path, add: Add, engine: Engine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("LAB_TOKEN", "s3cr3t-value")
    environment = Environment(name="e", secrets=("LAB_TOKEN",))
    add(command="sh", arguments=("-c", 'test -n "$LAB_TOKEN" && echo there'), environment=environment)
    assert log_of(engine) == b"there\n"
    kept = [path for path in (project / ".dressage").rglob("*") if path.is_file()]
    assert [path for path in kept if b"s3cr3t-value" in path.read_bytes()] == []
