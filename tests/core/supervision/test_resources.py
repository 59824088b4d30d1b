"""GPUs, memory and CPUs belong to the machine; a run sees only the GPUs that it was given."""

from pathlib import Path

import pytest
from tests.clients import kill_supervisor, processes_below
from tests.waiting import eventually

from dressage import ComputeTarget, Engine, Environment, Model, Script, hookimpl
from dressage.engine.runs import Run
from dressage.storage.machine import select_gpus
from dressage.supervision import resources

SCRIPT = """
import os, pathlib, sys, time
print(os.environ.get("CUDA_VISIBLE_DEVICES"), flush=True)
while pathlib.Path(sys.argv[1]).exists():
    time.sleep(0.02)
"""


class Recipe:
    """A run that needs something of the machine, and lasts while a file exists."""

    def __init__(self, source: Path, hold: Path, target: ComputeTarget) -> None:
        self.source, self.hold, self.target = source, hold, target

    @hookimpl
    def compute(self) -> ComputeTarget:
        return self.target

    @hookimpl
    def environment(self) -> Environment:
        return Environment(name="any")

    @hookimpl
    def model(self) -> Model:
        return Model(script=Script(directory=self.source, file="train.py", arguments=(str(self.hold),)))


class Lab:
    """Several projects on one machine, which has the GPUs "a" and "b"."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.source = folder / "source"
        self.source.mkdir()
        (self.source / "train.py").write_text(SCRIPT)
        self.options = {"gpus": "a,b", "claims": str(folder / "claims")}

    def start(self, project: str, **needs: object) -> tuple[Run, Path]:
        """Start a run in a project. Returns it and the file that holds it."""
        engine = Engine(self.folder / project, platforms={"local": self.options})
        hold = self.folder / f"hold-{len(list(self.folder.glob('hold-*')))}"
        hold.touch()
        target = ComputeTarget(name="any", **{"slots": 4, "accelerator": "cpu", **needs})  # type: ignore[arg-type]
        engine.plugins.add("recipe", "lab", Recipe(self.source, hold, target))
        return engine.run("lab", again=True), hold


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    for project in ("one", "two"):
        (tmp_path / project).mkdir()
    return Lab(tmp_path)


def wait_for_output(run: Run) -> str:
    eventually(lambda: b"\n" in b"".join(run.logs()))
    return b"".join(run.logs()).decode().strip()


def end(*runs: tuple[Run, Path]) -> None:
    for _, hold in runs:
        hold.unlink(missing_ok=True)
    for run, _ in runs:
        assert run.wait(60).state == "Completed"


def test_two_projects_do_not_share_a_gpu(lab: Lab):
    first, second = (lab.start(project, accelerator="gpu", gpus=1) for project in ("one", "two"))
    assert {wait_for_output(first[0]), wait_for_output(second[0])} == {"a", "b"}
    end(first, second)


def test_a_run_waits_until_its_gpus_are_free_in_another_project(lab: Lab):
    first = lab.start("one", accelerator="gpu", gpus=1)
    wait_for_output(first[0])
    second = lab.start("two", accelerator="gpu", gpus=2)
    reason = "queued: needs 2 of 2 GPUs; 1 are free"
    eventually(lambda: second[0].status.reason == reason)
    end(first)
    assert wait_for_output(second[0]) == "a,b"
    end(second)


def test_a_run_that_does_not_say_how_many_gets_an_equal_share(lab: Lab):
    alone = lab.start("one", accelerator="gpu", slots=1)
    assert wait_for_output(alone[0]) == "a,b"
    end(alone)


def test_a_run_for_the_cpu_sees_no_gpu(lab: Lab):
    run = lab.start("one", accelerator="cpu")
    assert not wait_for_output(run[0])
    end(run)


def test_the_shell_restricts_the_gpus_of_its_runs(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    run = lab.start("one", accelerator="gpu", gpus=1)
    assert wait_for_output(run[0]) == "b"
    end(run)


def test_a_run_that_can_never_get_its_gpus_fails_and_says_why(lab: Lab, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    run, _ = lab.start("one", accelerator="gpu", gpus=1)
    assert run.wait(60).reason == "needs 1 GPUs, but only 0 are visible to it"


def test_a_folder_of_claims_that_cannot_be_used_fails_the_run_and_says_why(lab: Lab):
    lab.options["claims"] = "/proc/none"
    run, hold = lab.start("one", memory_mib=1)
    reason = run.wait(60).reason or ""
    assert "'/proc/none'" in reason
    assert "set claims in [platforms.local]" in reason
    hold.unlink()


def test_claims_are_not_made_through_a_link_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    shared, other = tmp_path / "shared", tmp_path / "other"
    shared.mkdir()
    shared.chmod(0o1777)
    other.mkdir(mode=0o700)
    (shared / "dressage").symlink_to(other)
    monkeypatch.setattr(resources, "_FOLDERS", (shared,))
    refused = resources.Machine().claim(resources.Needs(memory_mib=1), {})
    assert isinstance(refused, resources.Refusal)
    assert "cannot claim the machine's resources" in refused.reason
    assert (other.stat().st_mode & 0o777, list(other.iterdir())) == (0o700, [])


def test_a_canceled_run_leaves_no_process_that_waits_for_its_gpu(lab: Lab):
    first = lab.start("one", gpus=2)
    wait_for_output(first[0])
    second, hold = lab.start("two", gpus=1)
    eventually(lambda: "GPU" in (second.status.reason or ""))
    second.cancel()
    eventually(lambda: not processes_below(lab.folder / "two"))
    hold.unlink()
    end(first)


def test_a_gpu_has_one_name_whatever_a_project_calls_it():
    assert select_gpus([" 1", "GPU-a", "0", "", "7"], ["GPU-a", "GPU-b"]) == ["GPU-b", "GPU-a", "7"]


def test_a_script_without_a_supervisor_keeps_its_gpu(lab: Lab):
    first, _ = lab.start("one", accelerator="gpu", gpus=2)
    wait_for_output(first)
    kill_supervisor(first)
    second = lab.start("two", accelerator="gpu", gpus=1)
    eventually(lambda: "0 are free" in (second[0].status.reason or ""))
    first.cancel()
    assert wait_for_output(second[0]) in {"a", "b"}
    end(second)


def test_runs_do_not_claim_more_memory_than_the_machine_has(lab: Lab):
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    first = lab.start("one", memory_mib=memory * 2 // 3)
    wait_for_output(first[0])
    second = lab.start("two", memory_mib=memory // 2)
    eventually(lambda: "MiB of memory; other runs have claimed" in (second[0].status.reason or ""))
    end(first, second)
