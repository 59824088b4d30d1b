"""Downloads into a folder of the user: what is in the way is named, and nothing is written through links."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import Dressage, WriteScript

from dressage import Engine, FileDataset, SettingsError, Source, UnreachableError
from dressage.results.versions import DatasetVersion, File
from dressage.specs.datasets import check_sources
from dressage.storage.destinations import download_into

FILES = {"a.csv": b"1", "deep/b.csv": b"22", "deep/er/c.csv": b"333"}
LONGEST = "ä" * 125 + ".data"  # 255 bytes


@pytest.fixture
def version(engine: Engine, project: Path) -> DatasetVersion:
    """A registered dataset of three files."""
    return register(engine, project, FILES)


@pytest.fixture
def down(tmp_path: Path) -> Path:
    return tmp_path / "down"


def register(engine: Engine, project: Path, files: dict[str, bytes]) -> DatasetVersion:
    engine.workspace.create()
    sources = []
    for name, content in files.items():
        path = project / "files" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sources.append(Source(path=name, addresses=(str(path),)))
    described = FileDataset(name="d", sources=tuple(sources))
    return engine.platform().datasets.ensure(described, lambda *_: None)


def content_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_dataset_is_downloaded_with_nothing_else(engine: Engine, version: DatasetVersion, down: Path):
    assert sorted(engine.download_dataset(version, down)) == sorted(FILES)
    assert content_of(down) == FILES


def test_the_same_files_are_kept(engine: Engine, version: DatasetVersion, down: Path):
    engine.download_dataset(version, down)
    before = (down / "a.csv").stat()
    (down / "deep" / "b.csv").unlink()
    engine.download_dataset(version, down)
    assert (down / "a.csv").stat() == before
    assert content_of(down) == FILES


@pytest.mark.parametrize("other", [b"2", b"long"])
def test_another_file_is_named_and_nothing_is_written(
    engine: Engine, version: DatasetVersion, down: Path, other: bytes
):
    (down / "deep").mkdir(parents=True)
    (down / "deep" / "b.csv").write_bytes(other)
    with pytest.raises(
        SettingsError, match=r"'.*/down/deep/b.csv' exists with other content; .* --overwrite"
    ):
        engine.download_dataset(version, down)
    assert content_of(down) == {"deep/b.csv": other}


def test_another_file_is_replaced_if_that_is_requested(engine: Engine, version: DatasetVersion, down: Path):
    down.mkdir()
    (down / "a.csv").write_bytes(b"other")
    (down / "mine").write_bytes(b"mine")
    engine.download_dataset(version, down, overwrite=True)
    assert content_of(down) == {**FILES, "mine": b"mine"}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize("link", ["a.csv", "deep", "deep/er", "deep/er/c.csv"])
def test_a_link_below_the_folder_is_named_and_not_followed(
    engine: Engine, version: DatasetVersion, down: Path, tmp_path: Path, link: str, overwrite: bool
):
    elsewhere = tmp_path / "elsewhere"
    if link.endswith(".csv"):
        elsewhere.write_bytes(b"mine")
    else:
        elsewhere.mkdir()
    (down / link).parent.mkdir(parents=True, exist_ok=True)
    (down / link).symlink_to(elsewhere)
    with pytest.raises(SettingsError, match=rf"'.*/down/{link}' is a symbolic link; move it"):
        engine.download_dataset(version, down, overwrite=overwrite)
    assert elsewhere.read_bytes() == b"mine" if link.endswith(".csv") else not list(elsewhere.iterdir())
    assert [path.name for path in down.rglob("*.csv") if not path.is_symlink()] == []


def test_a_broken_link_is_named_and_nothing_is_created(
    engine: Engine, version: DatasetVersion, down: Path, tmp_path: Path
):
    down.mkdir()
    (down / "a.csv").symlink_to(tmp_path / "new")
    with pytest.raises(SettingsError, match="is a symbolic link"):
        engine.download_dataset(version, down)
    assert not (tmp_path / "new").exists()


def test_the_folder_itself_may_be_a_link(engine: Engine, version: DatasetVersion, down: Path, tmp_path: Path):
    (tmp_path / "real").mkdir()
    down.symlink_to(tmp_path / "real")
    engine.download_dataset(version, down)
    assert content_of(tmp_path / "real") == FILES


@pytest.mark.parametrize(("path", "is_folder"), [("a.csv", True), ("deep", False)])
def test_something_else_in_the_way_is_named(
    engine: Engine, version: DatasetVersion, down: Path, path: str, is_folder: bool
):
    down.mkdir()
    if is_folder:
        (down / path).mkdir()
    else:
        (down / path).write_bytes(b"")
    with pytest.raises(
        SettingsError, match=rf"down/{path}' is not a {'file' if is_folder else 'folder'}; move it"
    ):
        engine.download_dataset(version, down, overwrite=True)


def test_a_file_in_place_of_the_folder_is_named(engine: Engine, version: DatasetVersion, down: Path):
    down.write_bytes(b"")
    with pytest.raises(SettingsError, match="down' is not a folder; choose another one with --to"):
        engine.download_dataset(version, down)


def test_a_path_in_a_record_that_leads_out_of_the_folder_is_refused(
    dressage: Dressage, engine: Engine, version: DatasetVersion, down: Path
):
    record = engine.workspace.root / "datasets" / "d" / "1.json"
    record.write_text(record.read_text().replace("deep/er/c.csv", "../c.csv"))
    result = dressage("datasets", "download", "d:1", "--to", str(down / "er"))
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert "leads out of its folder" in result.stderr
    assert not down.exists()


def test_an_error_leaves_nothing(down: Path):
    def fail(staged: Path) -> None:
        (staged / "a").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        download_into(down, "run", [File(path="a", size=None)], fail)
    assert not down.exists()


def test_an_interrupted_download_may_be_continued(down: Path):
    def fail(staged: Path) -> None:
        (staged / "a").write_bytes(b"half")
        raise UnreachableError("dataset", "the network is down")

    def continue_it(staged: Path) -> None:
        assert (staged / "a").read_bytes() == b"half"
        (staged / "a").write_bytes(b"whole")

    files = [File(path="a", size=None)]
    with pytest.raises(UnreachableError):
        download_into(down, "run", files, fail)
    assert not (down / "a").exists()
    assert download_into(down, "run", files, continue_it) == ("a",)
    assert content_of(down) == {"a": b"whole"}


def test_a_download_whose_files_are_only_known_afterwards(down: Path):
    def fetch(staged: Path) -> None:
        (staged / "deep").mkdir()
        (staged / "deep" / "a").write_bytes(b"1")

    assert download_into(down, "run", [], fetch) == ("deep/a",)
    assert content_of(down) == {"deep/a": b"1"}


KILLED = """
import os, signal, sys
from pathlib import Path
from dressage.results.versions import File
from dressage.specs.datasets import check_sources
from dressage.storage.destinations import download_into
def fetch(staged):
    (staged / "a").write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
download_into(Path(sys.argv[1]), "run", [File(path="a", size=None)], fetch)
"""


def test_a_killed_download_leaves_no_file_and_can_be_repeated(down: Path):
    assert subprocess.run([sys.executable, "-c", KILLED, str(down)]).returncode == -9
    assert not (down / "a").exists()

    def fetch(staged: Path) -> None:
        (staged / "a").write_bytes(b"whole")

    download_into(down, "run", [File(path="a", size=None)], fetch)
    assert content_of(down) == {"a": b"whole"}


def test_a_model_is_not_downloaded_over_another_file(engine: Engine, project: Path, down: Path):
    engine.workspace.create()
    (project / "model").mkdir()
    (project / "model" / "weights").write_text("1")
    version = engine.platform().models.register("m", project / "model")
    down.mkdir()
    (down / "weights").write_text("2")
    with pytest.raises(SettingsError, match="weights' exists with other content"):
        engine.download_model(version, down)
    engine.download_model(version, down, overwrite=True)
    assert content_of(down) == {"weights": b"1"}


RUN = """
import os
os.makedirs("outputs/deep")
for name in ("outputs/a", "outputs/deep/b"):
    open(name, "w").write(name)
"""


@pytest.fixture
def run_id(dressage: Dressage, script: WriteScript) -> str:
    """A run with two outputs."""
    result = dressage("run", "-d", str(script(RUN)))
    run_id = result.stdout.strip()
    assert dressage("runs", "wait", run_id).returncode == 0
    return run_id


def test_files_of_a_run_are_not_downloaded_over_others(dressage: Dressage, run_id: str, down: Path):
    (down / "outputs").mkdir(parents=True)
    (down / "outputs" / "a").write_text("outputs/b")  # of the same size
    result = dressage("runs", "download", run_id, "--to", str(down))
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "outputs/a' exists with other content" in result.stderr
    assert content_of(down) == {"outputs/a": b"outputs/b"}
    assert dressage("runs", "download", run_id, "--to", str(down), "--overwrite").returncode == 0
    assert content_of(down)["outputs/a"] == b"outputs/a"


def test_files_of_a_run_are_not_downloaded_through_a_link(
    dressage: Dressage, run_id: str, down: Path, tmp_path: Path
):
    down.mkdir()
    (tmp_path / "elsewhere").mkdir()
    (down / "outputs").symlink_to(tmp_path / "elsewhere")
    result = dressage("runs", "download", run_id, "--to", str(down))
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)
    assert "outputs' is a symbolic link" in result.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_files_of_a_run_can_be_downloaded_twice(dressage: Dressage, run_id: str, down: Path):
    for _ in range(2):
        assert dressage("runs", "download", run_id, "outputs/", "--to", str(down)).returncode == 0
    assert content_of(down) == {"outputs/a": b"outputs/a", "outputs/deep/b": b"outputs/deep/b"}


def test_a_name_of_255_bytes_can_be_registered_and_downloaded(engine: Engine, project: Path, down: Path):
    assert len(os.fsencode(LONGEST)) == 255
    version = register(engine, project, {LONGEST: b"long"})
    engine.download_dataset(version, down)
    assert content_of(down) == {LONGEST: b"long"}


def test_a_name_of_more_than_255_bytes_is_refused():
    source = Source(path="deep/x" + LONGEST, addresses=("/a",))
    with pytest.raises(SettingsError, match="has a name of more than 255 bytes"):
        check_sources(FileDataset(name="d", sources=(source,)))


STRANGE = os.fsdecode(b"caf\xe9.csv")
"""A name that is not UTF-8."""
needs_any_name = pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 on macOS")


@needs_any_name
def test_a_name_that_is_not_utf_8_can_be_registered_shown_and_downloaded(
    dressage: Dressage, project: Path, down: Path
):
    (project / "files").mkdir()
    (project / "files" / STRANGE).write_bytes(b"1")
    assert dressage("datasets", "register", "d", "files").returncode == 0
    assert "caf\\udce9.csv" in dressage("datasets", "show", "d").stdout
    assert json.loads(dressage("datasets", "show", "d", "-o", "json").stdout)["name"] == "d"
    assert dressage("datasets", "download", "d", "--to", str(down)).returncode == 0
    assert content_of(down) == {STRANGE: b"1"}


NAMES = f"""
import os
for name in ({STRANGE!r}, {LONGEST!r}):
    open("outputs/" + name, "w").write("1")
"""


@needs_any_name
def test_outputs_with_names_of_255_bytes_or_not_in_utf_8_are_listed_and_downloaded(
    dressage: Dressage, script: WriteScript, down: Path
):
    run_id = dressage("run", "-d", str(script(NAMES))).stdout.strip()
    assert dressage("runs", "wait", run_id).returncode == 0
    assert "outputs/caf\\udce9.csv" in dressage("runs", "files", run_id).stdout
    assert "outputs/caf\\udce9.csv" in dressage("runs", "show", run_id).stdout
    assert dressage("runs", "download", run_id, "outputs/", "--to", str(down)).returncode == 0
    assert content_of(down / "outputs") == {STRANGE: b"1", LONGEST: b"1"}
