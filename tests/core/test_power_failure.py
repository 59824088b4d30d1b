"""What must survive a power failure: a command reports it only when it is on the disk, with its name."""

import os
from pathlib import Path

import pytest
from tests.recipes import Tiny

from dressage import Engine
from dressage.results.events import RunSubmitted


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths of files and folders that this process has brought to the disk, in order."""
    paths: list[str] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        sync(descriptor)
        paths.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    monkeypatch.setattr(os, "fsync", note)
    return paths


def test_a_run_is_on_the_disk_when_it_is_submitted(engine: Engine, tiny: Tiny, synced: list[str]):
    before: list[str] = []
    run = engine.run(
        "tiny", listener=lambda event: before.extend(synced) if isinstance(event, RunSubmitted) else None
    )
    runs = str(engine.workspace.runs)
    assert before.index(str(run.folder.journal.path)) < before.index(runs)
    assert synced.count(runs) == 1  # not more than once for each run
    run.wait(60)


def test_a_version_is_on_the_disk_before_a_run_refers_to_it(engine: Engine, tiny: Tiny, synced: list[str]):
    run = engine.run("tiny")
    root = engine.workspace.root
    (description,) = (root / "datasets").glob("*/1.json")
    objects = {str(path) for path in (root / "objects").glob("??")}
    journal = synced.index(str(run.folder.journal.path))
    assert objects <= set(synced[:journal])
    assert str(description.parent) in synced[:journal]
    assert str(description.parent.parent) in synced[:journal]
    run.wait(60)


def test_a_long_text_is_on_the_disk_before_a_run_refers_to_it(engine: Engine, tiny: Tiny, synced: list[str]):
    tiny.conda = "dependencies:\n  - python\n" + "# a long description\n" * 1000
    run = engine.run("tiny")
    root = engine.workspace.root
    (text,) = (root / "texts").iterdir()
    before = synced[: synced.index(str(run.folder.journal.path))]
    assert any(Path(path).name.startswith(f".{text.name}.") for path in before)  # renamed since
    assert {str(text.parent), str(root)} <= set(before)
    run.wait(60)


def test_a_model_is_on_the_disk_when_it_is_registered(engine: Engine, project: Path, synced: list[str]):
    (project / "model").mkdir()
    (project / "model" / "weights").write_text("1")
    engine.workspace.create()
    engine.platform().models.register("m", project / "model")
    folder = engine.workspace.root / "models" / "m"
    assert synced[-2:] == [str(folder), str(folder.parent)]
    assert Path(synced[-3]).name.startswith(".1.json.")  # renamed since
