"""Scripts in Azure ML: modules, inputs, tags and needs."""

from pathlib import Path
from typing import Any

import pytest
from tensorboardX import SummaryWriter
from tests.fixtures import WriteScript

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Engine,
    Environment,
    FileDataset,
    Model,
    Script,
    Source,
    SpecError,
    StageError,
    hookimpl,
)

PRINTS = """
import pathlib, sys
print([next(pathlib.Path(folder).rglob("a.csv")).read_text() for folder in sys.argv[1:]])
"""


class Reads:
    """A recipe with a module that prints its two inputs."""

    def __init__(self, folder: Path, **target: Any) -> None:
        (folder / "package").mkdir(parents=True)
        (folder / "package" / "train.py").write_text(PRINTS)
        self.folder, self.target = folder, target
        self.secrets: tuple[str, ...] = ()

    @hookimpl
    def dataset(self) -> dict[str, FileDataset]:
        return {name: self._files(name) for name in ("train", "test")}

    def _files(self, name: str) -> FileDataset:
        paths = [self.folder.parent / f"{name}-{file}" for file in ("a.csv", "b.csv")]
        for path in paths:
            path.write_text(path.name)
        sources = (Source(path=path.name.partition("-")[2], addresses=(str(path),)) for path in paths)
        return FileDataset(name=f"{name}-data", sources=tuple(sources))

    @hookimpl
    def compute(self) -> ComputeTarget:
        return ComputeTarget(name="cpu-cluster", size="Standard_DS3_v2", **self.target)

    @hookimpl
    def environment(self) -> Environment:
        return Environment(name="interpreter", secrets=self.secrets)

    @hookimpl
    def model(self) -> Model:
        folders = (DatasetFolder(name="test", mode="download"), DatasetFolder(name="train", mode="download"))
        return Model(script=Script(directory=self.folder, module="package.train", arguments=folders))


def test_a_module_reads_several_inputs(azure: Engine, project: Path):
    azure.plugins.add("recipe", "reads", Reads(project / "reads"))
    run = azure.run("reads")
    assert run.wait(120).state == "Completed", b"".join(run.logs())
    assert b"['test-a.csv', 'train-a.csv']" in b"".join(run.logs())


def test_tags_reach_the_job(azure: Engine, script: WriteScript):
    run = azure.run("script", set={"path": str(script("pass"))}, tags={"team": "vision"})
    assert run.wait(60).state == "Completed"
    assert run.tracked.tags == {"team": "vision"}  # read back from the workspace


def test_a_run_that_needs_more_than_the_size_has_is_refused(azure: Engine, project: Path):
    azure.plugins.add("recipe", "reads", Reads(project / "reads", gpus=1))
    with pytest.raises(StageError, match=r"a run needs 1 GPU\(s\), and size Standard_DS3_v2 has"):
        azure.plan("reads")


def test_secrets_are_refused(azure: Engine, project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LAB_TOKEN", "1")
    recipe = Reads(project / "reads")
    recipe.secrets = ("LAB_TOKEN",)
    azure.plugins.add("recipe", "reads", recipe)
    with pytest.raises(SpecError, match="dressage cannot pass secrets to Azure ML yet"):
        azure.plan("reads")


def test_files_that_are_included_reach_the_job(azure: Engine, script: WriteScript):
    path = script("import pathlib; print(sorted(map(str, pathlib.Path('data').iterdir())))")
    (path.parent / ".gitignore").write_text("data/\n")
    (path.parent / "data").mkdir()
    for name in ("a.csv", "b.csv"):
        (path.parent / "data" / name).touch()
    run = azure.run("script", set={"path": str(path), "include": ("data/a.csv",), "size": "Standard_DS3_v2"})
    assert run.wait(120).state == "Completed", b"".join(run.logs())
    assert b"['data/a.csv']" in b"".join(run.logs())


def test_files_with_secrets_do_not_reach_the_job(azure: Engine, script: WriteScript):
    path = script("import pathlib; print(sorted(str(path) for path in pathlib.Path().rglob('*[ey][ny]*')))")
    for name in (".env", "deep/.env", "keys/id_key", "envy.txt"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).touch()
    run = azure.run("script", set={"path": str(path), "size": "Standard_DS3_v2"})
    assert run.wait(120).state == "Completed", b"".join(run.logs())
    assert b"['envy.txt']" in b"".join(run.logs())


def test_a_plan_says_that_a_model_outside_outputs_is_lost(azure: Engine, script: WriteScript):
    settings = {"path": str(script("")), "model": "net=net.pt", "size": "Standard_DS3_v2"}
    assert azure.plan("script", set=settings).stage("model").reasons[-1] == (
        "Azure ML keeps only what the script writes to outputs/ and logs/; the model 'net' is expected at 'net.pt',"
        " and will not be registered"
    )


def test_event_files_of_tensorboard_become_metrics(azure: Engine, script: WriteScript):
    path = script("import shutil; shutil.copytree('written', 'outputs/tensorboard')")
    with SummaryWriter(str(path.parent / "written")) as writer:
        for step, loss in enumerate((0.5, 0.25)):
            writer.add_scalar("loss", loss, step)
    run = azure.run("script", set={"path": str(path), "size": "Standard_DS3_v2"})
    assert run.wait(120).state == "Completed", b"".join(run.logs())
    assert [(point.step, point.value) for point in run.tracked.metrics["loss"]] == [(0, 0.5), (1, 0.25)]
    assert "metrics" in (run.path / "journal.jsonl").read_text()
