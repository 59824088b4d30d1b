"""Links, pipes and the like that a script leaves, and those in folders that a run reads."""

import json
import os
import socket
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import Engine
from dressage.engine.runs import Run

OUTSIDE = "a link that leads out of the run's folder"
LEAVES = """
import os, socket, sys
outside = sys.argv[1]
os.makedirs("outputs/model"); os.makedirs("inner/deep")
open("outputs/model/w", "w").write("1"); open("inner/deep/a", "w").write("2")
os.symlink(outside + "/secret", "outputs/model/file")
os.symlink(outside, "outputs/model/folder")
os.symlink("w", "outputs/model/best")
os.symlink("../inner", "outputs/inside")
os.symlink("nowhere", "outputs/broken")
os.symlink("..", "outputs/around")
os.symlink(outside + "/secret", "top")
os.mkfifo("outputs/model/pipe")
socket.socket(socket.AF_UNIX).bind("outputs/socket")
"""


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder outside of the run, with a file."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("canary-8361")
    return folder


@pytest.fixture
def run(engine: Engine, script: WriteScript, outside: Path) -> Run:
    """A run that left links and pipes, and registered a model."""
    path = script(LEAVES)
    run = engine.run("script", set={"path": str(path), "arguments": str(outside), "model": "net"})
    assert run.wait(60).state == "Completed", run.status
    return run


def test_links_that_lead_out_are_not_files_of_the_run(run: Run) -> None:
    paths = {file.path for file in run.files}
    assert "outputs/model/w" in paths
    assert not paths & {"outputs/model/file", "outputs/model/folder/secret", "work/top", "outputs/model/pipe"}


def test_links_that_stay_inside_are_files_of_the_run(run: Run) -> None:
    assert {"outputs/model/best", "outputs/inside/deep/a", "work/inner/deep/a"} <= {
        file.path for file in run.files
    }


def test_the_model_has_the_files_inside_only(run: Run) -> None:
    assert run.model
    assert [file.path for file in run.model.files] == ["best", "w"]


def test_a_download_has_nothing_of_what_they_lead_to(run: Run, tmp_path: Path) -> None:
    run.download(tmp_path / "down")
    texts = [path.read_text() for path in (tmp_path / "down").rglob("*") if path.is_file()]
    assert not [text for text in texts if "canary-8361" in text]
    assert not [path for path in (tmp_path / "down").rglob("*") if path.is_symlink()]


def test_the_record_names_what_is_not_kept(run: Run) -> None:
    assert run.tracked.left_out == {
        "outputs/model/file": OUTSIDE,
        "outputs/model/folder": OUTSIDE,
        "outputs/model/pipe": "a pipe",
        "outputs/socket": "a socket",
        "outputs/broken": "a broken link",
        "outputs/around": "a link to a folder that contains it",
        "work/top": OUTSIDE,
    }


def test_the_end_of_a_run_and_runs_show_name_them(
    dressage: Dressage, script: WriteScript, outside: Path
) -> None:
    ran = dressage("run", str(script(LEAVES)), "--", str(outside))
    line = f"not kept: outputs/model/file, {OUTSIDE}"
    assert f"warning   {line}" in ran.stdout
    assert f"warning: {line}" in dressage("runs", "show", "latest").stdout
    shown = json.loads(dressage("runs", "show", "latest", "-o", "json").stdout)
    assert {"path": "work/top", "problem": OUTSIDE} in shown["left_out"]
    assert line in shown["warnings"]


def test_names_of_bytes_and_folders_without_access_do_not_keep_a_run_from_its_end(
    engine: Engine, script: WriteScript
) -> None:
    path = script(
        "import os; os.symlink('no', b'outputs/\\xff'); os.mkdir('outputs/closed'); os.chmod('outputs/closed', 0)"
    )
    run = engine.run("script", set={"path": str(path)})
    assert run.wait(60).state == "Completed"
    assert run.tracked.left_out["outputs/\\xff"] == "a broken link"


def test_many_are_counted(dressage: Dressage, script: WriteScript) -> None:
    path = script("import os\nfor n in range(30): os.symlink('no', f'outputs/{n}')")
    assert "not kept: 20 more; for all, see: dressage runs show" in dressage("run", str(path)).stdout


@pytest.mark.parametrize("link", ["outputs/model", "outputs"])
def test_a_model_that_is_a_link_out_of_the_folder_is_refused(
    engine: Engine, script: WriteScript, outside: Path, link: str
) -> None:
    (outside / "model").mkdir()
    (outside / "model/w").write_text("canary-8361")
    remove = "os.rmdir('outputs')" if link == "outputs" else ""
    path = script(f"import os, sys\n{remove}\nos.symlink(sys.argv[1], {link!r})")
    run = engine.run("script", set={"path": str(path), "arguments": str(outside), "model": "net"})
    status = run.wait(60)
    assert status.state == "Failed"
    assert f"left no model at 'outputs/model', but {OUTSIDE}; copy the files there instead" in str(
        status.reason
    )
    assert not [file for file in run.files if file.path.startswith("outputs/")]


def test_a_link_to_a_folder_inside_may_be_the_model(engine: Engine, script: WriteScript) -> None:
    path = script(
        "import os; os.makedirs('ckpt/3'); open('ckpt/3/w', 'w').write('1'); os.symlink('../ckpt/3', 'outputs/model')"
    )
    run = engine.run("script", set={"path": str(path), "model": "net"})
    assert run.wait(60).state == "Completed"
    assert run.model
    assert [file.path for file in run.model.files] == ["w"]


class TestInputs:
    """Folders that a run reads."""

    @pytest.fixture
    def data(self, project: Path, outside: Path) -> Path:
        folder = project / "data"
        folder.mkdir()
        (folder / "a").write_text("1")
        (folder / "linked").symlink_to(outside)
        (folder / "file").symlink_to(outside / "secret")
        (folder / "broken").symlink_to("nowhere")
        os.mkfifo(folder / "pipe")
        with socket.socket(socket.AF_UNIX) as listener:
            os.chdir(folder)
            listener.bind("socket")
            os.chdir(project)
        return folder

    def test_linked_folders_and_files_are_copied(
        self, dressage: Dressage, data: Path, script: WriteScript
    ) -> None:
        walk = "os.walk(os.environ['DRESSAGE_INPUT_DATA'])"
        path = script(f"import os; print(sorted(name for _, _, names in {walk} for name in names))")
        assert "['a', 'file', 'secret']" in dressage("run", str(path), "-i", f"data={data}").stdout

    def test_the_plan_names_what_is_no_file(
        self, dressage: Dressage, data: Path, script: WriteScript
    ) -> None:
        planned = dressage("plan", str(script("")), "-i", f"data={data}", "-o", "json")
        (stage,) = (one for one in json.loads(planned.stdout)["stages"] if one["stage"] == "dataset")
        assert stage["reasons"][-3:] == [
            "left out: broken, a broken link",
            "left out: pipe, a pipe",
            "left out: socket, a socket",
        ]

    def test_so_does_the_registration_of_a_dataset(self, dressage: Dressage, data: Path) -> None:
        done = dressage("datasets", "register", "numbers", str(data))
        assert done.returncode == 0
        assert "left out: pipe, a pipe" in done.stderr

    def test_so_does_the_registration_of_a_model(self, dressage: Dressage, data: Path) -> None:
        done = dressage("models", "register", "net", str(data))
        assert done.returncode == 0
        assert "left out: pipe, a pipe" in done.stderr
        assert "linked/secret" in dressage("models", "show", "net").stdout
