"""What a run does not get of its source directory, and how the plan says so."""

import hashlib
import json
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.fixtures import Dressage

from dressage import Engine, Model, Script, SpecError, hookimpl
from dressage.engine.runs import Run
from dressage.results.events import Event, PlanMade, RunCreated
from dressage.results.plans import LeftOut, Plan


class Training:
    """A recipe of the script `train.py` in the folder `source`."""

    def __init__(self, source: Path) -> None:
        self.source = source
        self.include: tuple[str, ...] = ()
        self.only: tuple[str, ...] = ()
        self.file = "train.py"

    @hookimpl
    def model(self) -> Model:
        return Model(
            script=Script(directory=self.source, file=self.file, include=self.include, only=self.only)
        )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source directory with a script that prints the paths of the files in its working directory."""
    folder = tmp_path / "source"
    folder.mkdir()
    write(folder, "train.py", LIST)
    return folder


LIST = """
import pathlib
files = (path for path in pathlib.Path().rglob("*") if path.is_file() and path.suffix != ".pyc")
print(*sorted(str(path) for path in files if path.name != "train.py"))
"""


@pytest.fixture
def training(engine: Engine, source: Path) -> Training:
    recipe = Training(source)
    engine.plugins.add("recipe", "own", recipe)
    return recipe


def write(folder: Path, path: str, content: str = "") -> None:
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_text(content)


def plan(engine: Engine) -> Plan:
    return engine.plan("own")


def taken(engine: Engine) -> list[str]:
    """The files that the script found in its working directory."""
    run = engine.run("own")
    assert run.wait(60).state == "Completed"
    return b"".join(run.logs()).decode().split()


def test_ignored_files_are_counted_by_their_ignore_file(engine: Engine, training: Training, source: Path):
    write(source, ".gitignore", "data/\n*.pt\n")
    write(source, "data/a.csv", "1")
    write(source, "data/deep/train.bin", "1" * 2000)
    write(source, "weights.pt", "1" * 10)
    assert plan(engine).left_out == (
        LeftOut(reason="by .gitignore", path="data/deep/train.bin", files=3, size=2011),
    )


def test_the_plan_has_one_line_for_each_reason(source: Path, dressage: Dressage):
    write(source, ".gitignore", "data/\n")
    write(source, "data/a.csv", "1")
    write(source, "data/train.bin", "1" * 2000)
    (source.parent / "other").mkdir()
    (source / "link").symlink_to(source.parent / "other")
    found = dressage("plan", str(source / "train.py"))
    lines = [line.strip() for line in found.stdout.splitlines() if "left out" in line]
    assert lines == [
        "left out: data/train.bin, 2 files, 2.0 kB, by .gitignore",
        "left out: link, link to a folder outside",
    ]


def test_the_plan_has_them_as_data(source: Path, dressage: Dressage):
    write(source, ".amlignore", "*.csv\n")
    write(source, "a.csv", "1")
    found = json.loads(dressage("plan", str(source / "train.py"), "-o", "json").stdout)
    assert found["left_out"] == [
        {"reason": "by .amlignore", "path": "a.csv", "files": 1, "size": 1, "is_complete": True}
    ]


def test_a_large_ignored_folder_is_counted_up_to_a_limit(engine: Engine, training: Training, source: Path):
    write(source, ".gitignore", "data/\n")
    for folder in range(3):
        (source / "data" / str(folder)).mkdir(parents=True)
        for number in range(4000):
            (source / "data" / str(folder) / str(number)).touch()
    [left] = plan(engine).left_out
    assert (left.files, left.is_complete) == (10_000, False)


def test_links_to_files_in_an_ignored_folder_are_counted(engine: Engine, training: Training, source: Path):
    write(source, ".gitignore", "data/\n")
    write(source.parent, "cache/1", "123")
    (source / "data").mkdir()
    (source / "data" / "a.csv").symlink_to(source.parent / "cache" / "1")
    assert plan(engine).left_out == (LeftOut(reason="by .gitignore", path="data/a.csv", files=1, size=3),)


def test_what_nobody_wants_is_left_out_without_a_line(engine: Engine, training: Training, source: Path):
    for folder in (
        ".git",
        ".venv",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
    ):
        write(source, f"{folder}/file")
    write(source, "lib/node_modules/file")
    write(source, "myenv/pyvenv.cfg")
    write(source, "myenv/lib/site.py")
    assert plan(engine).left_out == ()
    assert taken(engine) == []


def test_results_of_other_trackers_are_left_out_and_reported(
    engine: Engine, training: Training, source: Path
):
    write(source, "wandb/run-1/config.yaml", "1")
    write(source, "mlruns/0/meta.yaml", "22")
    assert plan(engine).left_out == (
        LeftOut(reason="by default", path="mlruns/0/meta.yaml", files=2, size=3),
    )


def test_a_package_that_is_named_like_a_tracker_is_taken(engine: Engine, training: Training, source: Path):
    write(source, "wandb/__init__.py")
    assert taken(engine) == ["wandb/__init__.py"]


def test_a_script_that_is_ignored_is_taken(engine: Engine, training: Training, source: Path):
    write(source, ".gitignore", "local/\n")
    write(source, "local/mine.py", LIST)
    write(source, "local/other.py")
    training.file = "local/mine.py"
    assert taken(engine) == [".gitignore", "local/mine.py"]


def test_a_module_and_a_shell_script_that_are_ignored_are_taken(source: Path, dressage: Dressage):
    write(source, ".gitignore", "local/\n")
    write(source, "local/mine.py", LIST)
    write(source, "local/mine.sh", "ls local")
    assert dressage("run", "-m", "local.mine", cwd=source).stdout.splitlines()[0].split() == [
        ".gitignore",
        "local/mine.py",
    ]
    shell = dressage("run", "--root", ".", "local/mine.sh", cwd=source)
    assert shell.stdout.split()[:1] == ["mine.sh"]


def test_a_script_in_a_virtual_environment_is_taken_and_the_rest_is_reported(
    engine: Engine, training: Training, source: Path
):
    write(source, ".venv/pyvenv.cfg")
    write(source, ".venv/bin/mine.py", LIST)
    training.file = ".venv/bin/mine.py"
    assert plan(engine).left_out == (LeftOut(reason="by default", path=".venv/pyvenv.cfg", files=1, size=0),)
    assert taken(engine) == [".venv/bin/mine.py"]


class TestIncludes:
    """Patterns of files that are taken although they are ignored."""

    @pytest.mark.parametrize("pattern", ["data/a.csv", "*.csv", "/data/*.csv", "./data/a.csv", "**/a.csv"])
    def test_files_that_match_are_taken(self, engine: Engine, training: Training, source: Path, pattern: str):
        write(source, ".gitignore", "data/\n")
        write(source, "data/a.csv", "1")
        write(source, "data/b.bin", "22")
        training.include = (pattern,)
        assert plan(engine).left_out == (LeftOut(reason="by .gitignore", path="data/b.bin", files=1, size=2),)
        assert taken(engine) == [".gitignore", "data/a.csv"]

    def test_the_command_line_takes_patterns(self, source: Path, dressage: Dressage):
        write(source, ".gitignore", "data/\n*.pt\n")
        write(source, "data/a.csv")
        write(source, "b.pt")
        done = dressage("run", "./train.py", "--include", "data", "--include", "b.pt", cwd=source)
        assert done.stdout.splitlines()[0].split() == [".gitignore", "b.pt", "data/a.csv"]

    @pytest.mark.parametrize("pattern", ["data", "data/", "./data"])
    def test_a_folder_is_taken_whole(self, engine: Engine, training: Training, source: Path, pattern: str):
        write(source, ".gitignore", "data/\n")
        write(source, "data/deep/a.csv")
        write(source, "data/b.bin")
        training.include = (pattern,)
        assert plan(engine).left_out == ()
        assert taken(engine) == [".gitignore", "data/b.bin", "data/deep/a.csv"]

    def test_a_folder_that_is_always_left_out_must_be_named(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, ".git/x.csv")
        write(source, "mlruns/x.csv")
        write(source, "a.csv")
        training.include = ("*.csv", "mlruns")
        assert taken(engine) == ["a.csv", "mlruns/x.csv"]
        training.include = (".git",)
        assert taken(engine) == [".git/x.csv", "a.csv"]

    def test_a_pattern_without_files_is_an_error(self, engine: Engine, training: Training, source: Path):
        training.include = ("dta/*.csv",)
        with pytest.raises(
            SpecError, match=r"^include 'dta/\*\.csv': matches no file in .*; correct the pattern"
        ):
            plan(engine)

    @pytest.mark.parametrize("pattern", ["", "../x", "a/../../x", "!x", ".", "/"])
    def test_a_pattern_stays_in_the_source_directory(self, tmp_path: Path, pattern: str):
        with pytest.raises(SpecError, match="is not a pattern of paths in the source directory"):
            Script(directory=tmp_path, file="train.py", include=(pattern,))

    def test_what_is_included_is_an_input_of_the_model(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, ".gitignore", "data/\n")
        write(source, "data/a.csv", "1")
        first = engine.run("own", again=True)
        first.wait(60)
        training.include = ("data",)
        second = engine.run("own", again=True)
        second.wait(60)
        assert first.request.snapshot.digest != second.request.snapshot.digest


class TestOnly:
    """Files and folders to which a snapshot is limited."""

    @pytest.mark.parametrize("path", ["pack", "pack/", "./pack"])
    def test_nothing_else_is_taken_except_the_script(
        self, engine: Engine, training: Training, source: Path, path: str
    ):
        for name in ("pack/layers.py", "pack/deep/more.py", "packed.py", "other/pack/layers.py"):
            write(source, name)
        training.only = (path,)
        assert taken(engine) == ["pack/deep/more.py", "pack/layers.py"]

    def test_a_file_may_be_named(self, engine: Engine, training: Training, source: Path):
        for name in ("pack/layers.py", "pack/more.py"):
            write(source, name)
        training.only = ("pack/layers.py",)
        assert taken(engine) == ["pack/layers.py"]

    def test_what_the_recipe_did_not_ask_for_is_not_reported_as_left_out(
        self, engine: Engine, training: Training, source: Path
    ):
        for name in (".gitignore", "pack/.gitignore"):
            write(source, name, "*.bin\n")
        for name in ("pack/a.bin", "b.bin"):
            write(source, name, "1")
        training.only = ("pack",)
        assert plan(engine).left_out == (LeftOut(reason="by .gitignore", path="pack/a.bin", files=1, size=1),)

    def test_only_a_change_there_changes_the_snapshot(self, engine: Engine, training: Training, source: Path):
        training.only = ("pack",)
        digests: list[str] = []
        for changed in ("pack/layers.py", "other/layers.py", "pack/layers.py"):
            write(source, changed, str(len(digests)))
            run = engine.run("own", again=True)
            run.wait(60)
            digests.append(run.request.snapshot.digest)
        assert digests[0] == digests[1] != digests[2]

    def test_a_path_without_files_is_an_error(self, engine: Engine, training: Training):
        training.only = ("train.py", "pakc")
        with pytest.raises(SpecError, match=r"^only 'pakc': no file to take in .*; correct the path"):
            plan(engine)

    @pytest.mark.parametrize("path", ["", "../x", "a/../../x", "/x"])
    def test_a_path_stays_in_the_source_directory(self, tmp_path: Path, path: str):
        with pytest.raises(SpecError, match="is not a path in the script's directory"):
            Script(directory=tmp_path, file="train.py", only=(path,))


class TestLinks:
    """Symbolic links in the source directory."""

    def test_a_link_to_a_file_is_taken_as_a_file(self, engine: Engine, training: Training, source: Path):
        write(source.parent, "elsewhere.csv", "1")
        (source / "a.csv").symlink_to(source.parent / "elsewhere.csv")
        assert taken(engine) == ["a.csv"]

    def test_a_link_to_a_folder_inside_is_followed(self, engine: Engine, training: Training, source: Path):
        write(source, "pack/layers.py")
        (source / "also").symlink_to("pack")
        assert taken(engine) == ["also/layers.py", "pack/layers.py"]

    def test_a_link_to_an_ignored_folder_is_not_followed(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, ".gitignore", "runs/\n")
        write(source, "runs/1/log")
        (source / "latest").symlink_to("runs/1")
        assert taken(engine) == [".gitignore"]

    def test_a_link_that_leads_out_is_reported(self, engine: Engine, training: Training, source: Path):
        write(source.parent, "data/a.csv")
        (source / "data").symlink_to(source.parent / "data")
        assert plan(engine).left_out == (LeftOut(reason="link to a folder outside", path="data", files=1),)
        assert taken(engine) == []

    @pytest.mark.parametrize("pattern", ["data", "data/", "data/*.csv"])
    def test_a_link_that_is_included_is_followed(
        self, engine: Engine, training: Training, source: Path, pattern: str
    ):
        write(source.parent, "data/a.csv", "1")
        (source / "data").symlink_to(source.parent / "data")
        training.include = (pattern,)
        assert plan(engine).left_out == ()
        assert taken(engine) == ["data/a.csv"]

    def test_a_script_behind_a_link_is_taken_alone_and_the_link_is_reported(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source.parent, "shared/mine.py", LIST)
        write(source.parent, "shared/deep/other.py")
        (source / "link").symlink_to(source.parent / "shared")
        training.file = "link/mine.py"
        assert plan(engine).left_out == (LeftOut(reason="link to a folder outside", path="link", files=1),)
        assert taken(engine) == ["link/mine.py"]

    def test_links_in_a_circle_are_followed_once(self, engine: Engine, training: Training, source: Path):
        write(source, "a/1")
        write(source, "b/2")
        (source / "a" / "x").symlink_to("../b")
        (source / "b" / "y").symlink_to("../a")
        (source / "self").symlink_to(".")
        assert taken(engine) == ["a/1", "a/x/2", "b/2", "b/y/1"]
        [left] = plan(engine).left_out
        assert left.reason == "link to a folder that contains it"

    def test_a_broken_link_is_reported(self, engine: Engine, training: Training, source: Path):
        (source / "a.csv").symlink_to("nothing")
        assert plan(engine).left_out == (LeftOut(reason="broken link", path="a.csv", files=1),)


class TestChanges:
    """Files that change while they are copied."""

    def test_the_output_of_the_command_may_go_to_a_file_beside_the_script(
        self, source: Path, dressage: Dressage
    ):
        with (source / "train.log").open("w") as log:
            done = dressage("run", "./train.py", cwd=source, stdout=log, stderr=subprocess.STDOUT)
        assert done.returncode == 0, (source / "train.log").read_text()
        shown = (source / "train.log").read_text()
        assert "  left out: train.log, 1 file, 0 B, the output of this command\n" in shown
        assert "Completed" in shown

    def test_a_run_with_output_to_a_file_has_the_same_source_each_time(
        self, source: Path, dressage: Dressage
    ):
        digests = set()
        for text in ("old", "older"):
            write(source, "train.log", text)
            with (source / "train.log").open("a") as log:
                dressage("run", "./train.py", "--again", cwd=source, stdout=log)
            digests.add(Engine(source).get("latest").request.snapshot.digest)
        assert len(digests) == 1

    def test_what_is_added_to_a_file_after_the_plan_is_not_copied(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, "train.log", "1")
        run, created = run_with(engine, lambda: append(source / "train.log", "2"))
        assert (run.folder.work / "train.log").read_text() == "1"
        assert created.changes == ()

    def test_a_file_that_changes_after_the_plan_is_copied_as_it_is_then(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, "a.json", "1")
        run, created = run_with(engine, lambda: write(source, "a.json", "2"))
        assert (run.folder.work / "a.json").read_text() == "2"
        assert created.changes == ("a.json: changed since the plan; copied as it is now",)

    def test_a_file_that_is_deleted_after_the_plan_is_left_out(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, "a.json", "1")
        run, created = run_with(engine, (source / "a.json").unlink)
        assert not (run.folder.work / "a.json").exists()
        assert created.changes == ("a.json: deleted since the plan; left out",)

    def test_the_record_has_the_files_that_were_copied(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, "a.json", "1")
        run, _ = run_with(engine, lambda: write(source, "a.json", "22"))
        [file] = (file for file in run.request.snapshot.files if file.path == "a.json")
        assert (file.size, file.sha256) == (2, hashlib.sha256(b"22").hexdigest())

    def test_a_script_that_is_deleted_after_the_plan_cannot_run(
        self, engine: Engine, training: Training, source: Path
    ):
        with pytest.raises(
            SpecError, match=r"^file 'train\.py' changed while it was being copied; run the command"
        ):
            run_with(engine, (source / "train.py").unlink)

    def test_files_that_come_and_go_all_the_time_do_not_stop_a_plan(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, ".gitignore", "tmp/\n*.tmp\n")
        has_ended = threading.Event()

        def touch() -> None:
            while not has_ended.is_set():
                for path in ("tmp/a", "b.tmp"):
                    write(source, path)
                    (source / path).unlink()
                (source / "tmp").rmdir()

        writer = threading.Thread(target=touch)
        writer.start()
        try:
            for _ in range(20):
                plan(engine)
        finally:
            has_ended.set()
            writer.join()

    def test_a_file_that_is_written_all_the_time_does_not_stop_a_run(
        self, engine: Engine, training: Training, source: Path
    ):
        write(source, "status.json", "1")
        has_ended = threading.Event()

        def rewrite() -> None:
            while not has_ended.is_set():
                write(source, "status.json", "1" * 1000)

        writer = threading.Thread(target=rewrite)
        writer.start()
        try:
            assert engine.run("own").wait(60).state == "Completed"
        finally:
            has_ended.set()
            writer.join()


def append(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def run_with(engine: Engine, change: Callable[[], object]) -> tuple[Run, RunCreated]:
    """Run the script, and make a change after the plan was made. Returns the run and the event of its creation."""
    events: list[Event] = []

    def listen(event: Event) -> None:
        events.append(event)
        if isinstance(event, PlanMade):
            change()

    run = engine.run("own", listener=listen)
    assert run.wait(60).state == "Completed"
    [created] = (event for event in events if isinstance(event, RunCreated))
    return run, created
