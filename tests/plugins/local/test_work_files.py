"""Files that a script leaves in its working directory, outside outputs/ and logs/."""

from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript
from tests.waiting import eventually

from dressage import Engine, NotFoundError
from dressage.engine.downloads import choose_files
from dressage.engine.runs import Run
from dressage.results.versions import File


def start(engine: Engine, path: Path, **settings: object) -> Run:
    return engine.run("script", set={"path": str(path), **settings}, again=True)


def left(run: Run) -> list[str]:
    return [file.path for file in run.files if file.path.startswith("work/")]


def run_to_end(engine: Engine, path: Path, **settings: object) -> Run:
    run = start(engine, path, **settings)
    assert run.wait(60).state == "Completed"
    return run


NETWORK = """
import os
os.makedirs("lightning_logs/version_0"); os.makedirs("outputs/deep")
for path in ("mnist_cnn.pt", "lightning_logs/version_0/hparams.yaml", "outputs/deep/a"):
    open(path, "w").write("weights")
"""


def test_new_files_are_listed_and_downloaded(engine: Engine, script: WriteScript, tmp_path: Path):
    run = run_to_end(engine, script(NETWORK))
    assert left(run) == ["work/lightning_logs/version_0/hparams.yaml", "work/mnist_cnn.pt"]
    assert {file.size for file in run.files if file.path.startswith("work/")} == {7}
    run.download(tmp_path / "down")
    assert (tmp_path / "down" / "work" / "mnist_cnn.pt").read_text() == "weights"


def test_files_of_the_source_are_listed_if_the_script_changed_them(engine: Engine, script: WriteScript):
    path = script("open('a.json', 'w').write('3'); open('b.json').read()")
    for name in ("a.json", "b.json", "deep/c.json"):
        (path.parent / name).parent.mkdir(exist_ok=True)
        (path.parent / name).write_text("1")
    assert left(run_to_end(engine, path)) == ["work/a.json"]


def test_a_copy_of_a_source_file_is_listed(engine: Engine, script: WriteScript):
    path = script("import shutil; shutil.copy2('a.json', 'b.json')")
    (path.parent / "a.json").write_text("1")
    assert left(run_to_end(engine, path)) == ["work/b.json"]


def test_caches_are_not_listed(engine: Engine, script: WriteScript):
    made = ("new", "__pycache__/a.pyc", "lib/__pycache__/a.pyc", ".pytest_cache/a", ".git/HEAD")
    make = "path.parent.mkdir(parents=True, exist_ok=True); path.touch()"
    text = f"from pathlib import Path\nfor path in map(Path, {made}): {make}"
    assert left(run_to_end(engine, script(text))) == ["work/new"]


def test_new_files_of_a_run_of_an_earlier_version_are_listed(engine: Engine, script: WriteScript):
    run = run_to_end(engine, script(NETWORK))
    run.folder.source_date.unlink()
    (run.folder.work / "train.py").touch()
    assert left(run) == ["work/lightning_logs/version_0/hparams.yaml", "work/mnist_cnn.pt"]


def test_they_are_listed_while_the_script_runs(engine: Engine, script: WriteScript):
    run = start(engine, script("import time; open('early', 'w').close(); time.sleep(300)"))
    eventually(lambda: left(run) == ["work/early"])
    run.cancel()
    assert run.wait(60).state == "Canceled"


def test_they_are_listed_by_the_command_line(script: WriteScript, dressage: Dressage):
    dressage("run", str(script(NETWORK)))
    assert "work/mnist_cnn.pt" in dressage("runs", "files", "latest").stdout
    done = dressage("runs", "download", "latest", "work/lightning_logs/", "--to", "down")
    assert done.stderr == "downloaded 1 file(s) to 'down'\n"


def test_a_folder_without_files_cannot_be_downloaded(engine: Engine, script: WriteScript, tmp_path: Path):
    run = run_to_end(engine, script(NETWORK))
    with pytest.raises(NotFoundError, match=r"has no files in 'work/logs/'; list them: dressage runs files"):
        run.download(tmp_path / "down", ["work/logs/"])


def test_more_than_2_gb_are_downloaded_only_by_name(script: WriteScript, dressage: Dressage, project: Path):
    large = "open('a.ckpt', 'wb').truncate(2_500_000_000)\n"
    dressage("run", str(script(f"{large}open('small.pt', 'w').close()")))
    done = dressage("runs", "download", "latest", "--to", "down")
    assert done.stderr.splitlines()[1] == (
        "not downloaded: 1 file(s) in work/, 2.5 GB, because work/ has more than 2 GB; to download them, name them,"
        " such as 'work/a.ckpt', or their folder with a '/' at the end"
    )
    assert [path.name for path in (project / "down" / "work").iterdir()] == ["small.pt"]


def test_the_largest_files_below_work_exceed_the_limit_first():
    files = [File(path=path, size=size) for path, size in (("work/a", 9), ("outputs/b", 99), ("work/c", 2))]
    choice = choose_files(files, limit=10)
    assert (choice.paths, choice.skipped) == (["outputs/b", "work/c"], (files[0],))


class TestModels:
    """Models that are not in outputs/."""

    @pytest.mark.parametrize("path", ["mnist_cnn.pt", "./mnist_cnn.pt"])
    def test_a_model_may_be_a_file(self, engine: Engine, script: WriteScript, path: str):
        run = run_to_end(engine, script(NETWORK), model=f"net={path}")
        assert run.model
        assert [(file.path, file.size) for file in run.model.files] == [("mnist_cnn.pt", 7)]

    @pytest.mark.parametrize("path", ["lightning_logs", "lightning_logs/"])
    def test_a_model_may_be_any_folder(self, engine: Engine, script: WriteScript, path: str):
        run = run_to_end(engine, script(NETWORK), model=f"net={path}")
        assert run.model
        assert [file.path for file in run.model.files] == ["version_0/hparams.yaml"]
