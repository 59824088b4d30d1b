"""lightgbm-csv on tables that the tests write: on this machine, in Azure ML, and its script alone."""

import gzip
import json
import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.by_hand import SCRIPTS, error_of, python_of, run_by_hand, start_by_hand
from tests.fileserver import serve_files
from tests.plugins.lightgbm_csv.tables import write_table
from tests.waiting import eventually

from dressage import Engine
from dressage.engine.runs import Run
from dressage.results.entries import ScriptStarted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SETTINGS = {
    "row_share": "0.8",
    "column_share": "0.8",
    "checkpoint_rounds": "20",
    "rounds": "100",
    "threads": "1",
}
WORDS = [word for name, value in SETTINGS.items() for word in (f"--{name.replace('_', '-')}", value)]
PREDICTS = """
import json, pathlib, sys
import lightgbm, pandas

table = pandas.read_csv(sys.argv[1])
about = json.loads(pathlib.Path("model.json").read_text())
columns = table[list(about["columns"].values())].astype({"colour": "category"})
predicted = lightgbm.Booster(model_file="model.txt").predict(columns.set_axis(list(about["columns"]), axis=1))
left = ((table["price"] - predicted) ** 2).sum() / ((table["price"] - table["price"].mean()) ** 2).sum()
print(1 - left)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("project")


@pytest.fixture(scope="module")
def table(folder: Path) -> Path:
    return write_table(folder / "data" / "prices.csv")


@pytest.fixture(scope="module")
def engine(folder: Path) -> Engine:
    return Engine(folder)


@pytest.fixture(scope="module")
def trained_run(engine: Engine, table: Path) -> Run:
    """Trees that see a part of the rows and columns, so that random numbers matter."""
    run = engine.run("lightgbm-csv", set={"data": str(table), **SETTINGS})
    assert run.wait(500).state == "Completed", b"".join(run.logs())
    return run


@pytest.fixture(scope="module")
def python(engine: Engine, trained_run: Run) -> Path:
    return python_of(engine, trained_run)


def model_of(folder: Path) -> str:
    return (folder / "outputs" / "model" / "model.txt").read_text()


class TestRun:
    """Through dressage."""

    def test_most_of_the_variance_is_explained(self, trained_run: Run):
        assert trained_run.metric is not None
        assert trained_run.metric >= 0.95

    def test_each_round_is_recorded(self, trained_run: Run):
        metrics = trained_run.tracked.metrics
        for name in ("Training loss", "Validation loss"):
            assert [point.step for point in metrics[name]] == list(range(1, 101))
        best = int(metrics["Best round"][-1].value)
        losses = [point.value for point in metrics["Validation loss"]]
        assert losses.index(min(losses)) + 1 == best
        assert metrics["Final validation loss"][-1].value == min(losses)

    def test_rounds_are_recorded_in_batches(self, trained_run: Run):
        """A batch is one line of the journal: one for each of 5 checkpoints, and one at the end."""
        events = [event for event in trained_run.folder.journal.events() if event.event == "metrics"]
        assert len(events) == 6

    def test_the_figure_is_among_the_files(self, trained_run: Run):
        assert any(file.path.endswith("Feature importance.png") for file in trained_run.files)

    def test_the_model_predicts_in_lightgbm_alone(
        self, engine: Engine, trained_run: Run, python: Path, table: Path, tmp_path: Path
    ):
        assert trained_run.model
        engine.platform("local").models.download(trained_run.model, tmp_path)
        found = subprocess.run([python, "-c", PREDICTS, table], cwd=tmp_path, capture_output=True, text=True)
        assert float(found.stdout) > 0.98, found.stderr

    def test_training_again_gives_the_same_model(self, engine: Engine, trained_run: Run, table: Path):
        again = engine.run("lightgbm-csv", set={"data": str(table), **SETTINGS}, again=True)
        assert again.wait(300).state == "Completed"
        assert again.model == trained_run.model

    def test_a_killed_and_resumed_run_ends_with_the_same_model(
        self, engine: Engine, trained_run: Run, table: Path
    ):
        run = engine.run("lightgbm-csv", set={"data": str(table), **SETTINGS}, again=True)
        log = b""
        for piece in run.logs(follow=True):
            log += piece
            if b"round 40/100" in log:
                break
        (script,) = [event.group for event in run.folder.journal.events() if isinstance(event, ScriptStarted)]
        os.kill(script, signal.SIGKILL)
        eventually(lambda: run.status.has_ended)
        resumed = engine.resume(run.id)
        assert resumed.wait(300).state == "Completed"
        assert b"resuming after round" in b"".join(resumed.logs())
        assert resumed.model == trained_run.model

    def test_it_runs_unchanged_in_azure_ml_on_a_file_from_the_web(
        self,
        trained_run: Run,
        python: Path,
        table: Path,
        tmp_path: Path,
        project: Path,
        monkeypatch: pytest.MonkeyPatch,
    ):
        with (
            serve_files(files={"/prices": table.read_bytes()}) as server,
            loopback(tmp_path, python) as service,
        ):
            service.enter(project, monkeypatch)
            settings = {"data": f"{server.address}/prices", **SETTINGS}
            run = Engine(project).run("lightgbm-csv", on="azureml", set=settings)
            assert run.wait(300).state == "Completed", b"".join(run.logs())
            assert run.metric == trained_run.metric
            assert len(run.tracked.metrics["Validation loss"]) == 100
            assert run.model
            assert trained_run.model
            assert {file.sha256 for file in run.model.files} == {
                file.sha256 for file in trained_run.model.files
            }
            assert not service.state()["unknown"]


@pytest.mark.parametrize("killed_after", [20, 60, 80])
def test_training_resumed_from_any_checkpoint_ends_with_the_same_bytes(
    killed_after: int, trained_run: Run, python: Path, table: Path, tmp_path: Path
):
    words = ("--data-folder", str(table.parent), *WORDS)
    with start_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "killed") as script:
        assert script.stdout
        next(line for line in script.stdout if f"round {killed_after}/100" in line)
        script.kill()
    checkpoints = str(tmp_path / "killed" / "outputs" / "checkpoints")
    rest = run_by_hand(
        python, "lightgbm_csv", *words, folder=tmp_path / "rest", DRESSAGE_RESUME_FROM=checkpoints
    )
    assert "resuming after round" in rest.stdout
    run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "whole")
    assert model_of(tmp_path / "rest") == model_of(tmp_path / "whole")


def test_the_trees_do_not_depend_on_the_number_of_threads(
    trained_run: Run, python: Path, table: Path, tmp_path: Path
):
    models = []
    for threads in ("1", "2"):
        words = ("--data-folder", str(table.parent), *WORDS, "--threads", threads)
        run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / threads)
        models.append(model_of(tmp_path / threads).splitlines())
    different = [one for one, other in zip(*models, strict=True) if one != other]
    assert different == ["[num_threads: 1]"]


def test_a_checkpoint_of_other_settings_is_refused(python: Path, table: Path, tmp_path: Path):
    words = ("--data-folder", str(table.parent), "--rounds", "5")
    run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "first")
    checkpoints = str(tmp_path / "first" / "outputs" / "checkpoints")
    result = run_by_hand(
        python,
        "lightgbm_csv",
        *(*words, "--leaves", "7"),
        folder=tmp_path / "rest",
        DRESSAGE_RESUME_FROM=checkpoints,
    )
    assert "was made with leaves 31, not 7" in error_of(result)


def test_training_stops_when_the_validation_loss_no_longer_improves(
    python: Path, table: Path, tmp_path: Path
):
    """The model has the trees up to the best round. The number of rounds between checkpoints does not matter."""
    printed = []
    for rounds in ("7", "1000"):
        words = ("--data-folder", str(table.parent), "--learning-rate", "0.5", "--rounds", "1000")
        result = run_by_hand(
            python,
            "lightgbm_csv",
            *(*words, "--early-stopping", "5", "--checkpoint-rounds", rounds),
            folder=tmp_path / rounds,
        )
        assert result.returncode == 0, result.stderr
        *_, last, final = result.stdout.splitlines()
        stopped, best = re.search(r"round (\d+)/1000", last), re.search(r"best round (\d+)", final)
        assert stopped
        assert best
        assert int(stopped[1]) == int(best[1]) + 5
        assert model_of(tmp_path / rounds).count("\nTree=") == int(best[1])
        printed.append(final)
    assert printed[0] == printed[1]


@pytest.mark.parametrize(
    ("target", "task", "classes", "least"),
    [("word", "binary", ["high", "low"], 0.9), ("class", "multiclass", [0, 1, 2], 0.85)],
)
def test_the_task_follows_from_the_target(
    target: str, task: str, classes: list[object], least: float, python: Path, tmp_path: Path
):
    path = write_table(tmp_path / "data" / "table.csv", target=target)
    result = run_by_hand(python, "lightgbm_csv", "--data-folder", str(path.parent), folder=tmp_path / "work")
    assert f"{task} of 'price'" in result.stdout
    about = json.loads((tmp_path / "work" / "outputs" / "model" / "model.json").read_text())
    assert (about["task"], about["classes"]) == (task, classes)
    score = re.search(r"score ([\d.]+)", result.stdout)
    assert score
    assert float(score[1]) >= least


def test_another_column_can_be_the_target(python: Path, table: Path, tmp_path: Path):
    """Columns of text become categories, also the other way round."""
    result = run_by_hand(
        python,
        "lightgbm_csv",
        *("--data-folder", str(table.parent), "--target", "colour", "--rounds", "20"),
        folder=tmp_path / "work",
    )
    assert "multiclass of 'colour' from 4 columns" in result.stdout


def test_text_is_a_category_and_the_file_may_be_compressed(python: Path, table: Path, tmp_path: Path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "table.csv").write_bytes(gzip.compress(table.read_bytes()))
    words = ("--data-folder", str(tmp_path / "data"), "--rounds", "5")
    result = run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "work")
    assert "from 4 columns; text as categories: colour (3)\n" in result.stdout
    about = json.loads((tmp_path / "work" / "outputs" / "model" / "model.json").read_text())
    assert about["columns"] == {"a_size": "a size", "b": "b", "c": "c", "colour": "colour"}


@pytest.mark.parametrize(
    "lines",
    [
        ['"a, b", c ,"y"', *(f"{row}, {-row}, {row % 9}.5" for row in range(60))],
        ["same,nothing,y", *(f"1,,{row}.5" for row in range(60))],
        [
            "yes,maybe,y",
            *(f"{row % 2 == 0},{'' if row % 3 else row % 2 == 0},{row % 2 == 0}" for row in range(60)),
        ],
        ["x,y", *(f"{row},{row}" for row in range(10))],
    ],
    ids=["spaces and quotes", "nothing to learn from", "true and false", "ten rows"],
)
def test_unusual_tables_can_be_learned_from(lines: list[str], python: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_text("\r\n".join(lines))
    words = ("--data-folder", str(tmp_path / "data"), "--rounds", "5", "--checkpoint-rounds", "2")
    result = run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "work")
    assert result.returncode == 0, result.stderr
    assert not result.stderr


def test_a_name_that_looks_like_a_value_gives_a_warning(python: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    lines = ["id0,47.66,2", *(f"id{row},{row}.5,{row % 9}" for row in range(60))]
    (tmp_path / "data" / "table.csv").write_text("\n".join(lines))
    words = ("--data-folder", str(tmp_path / "data"), "--rounds", "2")
    result = run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "work")
    assert result.returncode == 0, result.stderr
    assert "warning: '47.66' in the first line of " in result.stdout


def test_columns_whose_names_differ_in_special_characters_only_are_told_apart(python: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    lines = ["a b,a_b,a{b,y", *(f"{row},{-row},{row % 7},{row}" for row in range(100))]
    (tmp_path / "data" / "table.csv").write_text("\n".join(lines))
    words = ("--data-folder", str(tmp_path / "data"), "--rounds", "5")
    result = run_by_hand(python, "lightgbm_csv", *words, folder=tmp_path / "work")
    assert result.returncode == 0, result.stderr
    about = json.loads((tmp_path / "work" / "outputs" / "model" / "model.json").read_text())
    assert list(about["columns"].values()) == ["a b", "a_b", "a{b"]


ROWS = "".join(f"{row},{row % 5},{row % 3}\n" for row in range(30))


@pytest.mark.parametrize(
    ("content", "words", "problem"),
    [
        ("", (), "table.csv is empty; give a CSV file whose first line is the header"),
        ("\nx,y,z\n" + ROWS, (), "error: the first line of /"),
        ("x,y,z\n1,2,inf\n" + ROWS, (), "the target 'z' has no finite value in row 1; fill or remove"),
        ("1,2,3\n" + ROWS, (), "has numbers only; add a line with the names of the columns"),
        ("x,,y\n" + ROWS, (), "column 2 of "),
        ("x,x,y\n" + ROWS, (), "has two columns named 'x'; rename one"),
        (
            "x;y;z\n" + ROWS.replace(",", ";"),
            (),
            "has one column, 'x;y;z'; give at least two, separated by commas",
        ),
        ("x,y,z\n1,2,3\n", (), "has 1 rows below the header; give at least 10"),
        ("x,y,z\n" + ROWS + "1,2,3,4\n", (), "Expected 3 fields in line 32, saw 4; correct the file"),
        ("x,y\n" + ROWS, (), "line 2 has 3 fields, but the header has 2; correct the file"),
        ("x,y,z\n\xe9,1,1\n" + ROWS, (), "is not text in UTF-8"),
        (
            "x,y,price\n" + ROWS,
            ("--target", "pirce"),
            "'pirce' in the header; did you mean 'price'? columns: x, y, price",
        ),
        (
            "x,y,z\n1,2,\n" + ROWS + "1,2,NA\n",
            (),
            "the target 'z' has no finite value in row 1, and 1 more; fill or",
        ),
        (
            "x,z,y\n" + ROWS.replace(",2\n", ",1\n").replace(",0\n", ",1\n"),
            (),
            "the target 'y' is 1 in all rows",
        ),
        (
            "x,y,z\na,b,c\n" + ROWS,
            ("--task", "regression"),
            "task is regression, but the target 'z' has text such as 'c'",
        ),
        (
            "x,y,z\n" + ROWS,
            ("--task", "binary"),
            "task is binary, but the target 'z' has 3 values; give another task",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_line(
    content: str, words: tuple[str, ...], problem: str, python: Path, tmp_path: Path
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_bytes(content.encode("latin-1"))
    result = run_by_hand(
        python, "lightgbm_csv", "--data-folder", str(tmp_path / "data"), *words, folder=tmp_path / "work"
    )
    assert problem in error_of(result)


def test_two_files_are_refused(python: Path, tmp_path: Path):
    for name in ("a.csv", "b.csv"):
        write_table(tmp_path / "data" / name, rows=10)
    result = run_by_hand(
        python, "lightgbm_csv", "--data-folder", str(tmp_path / "data"), folder=tmp_path / "work"
    )
    assert "contains 2 files; give a folder with one CSV file" in error_of(result)


def test_a_damaged_archive_is_refused(python: Path, table: Path, tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "table.csv").write_bytes(gzip.compress(table.read_bytes())[:-100])
    result = run_by_hand(
        python, "lightgbm_csv", "--data-folder", str(tmp_path / "data"), folder=tmp_path / "work"
    )
    assert "is not a complete gzip file" in error_of(result)


def test_a_machine_without_the_library_of_openmp_is_told_what_to_install(
    python: Path, table: Path, tmp_path: Path
):
    """As the loader of the system says it, when LightGBM is imported."""
    (tmp_path / "shim").mkdir()
    (tmp_path / "shim" / "lightgbm.py").write_text(
        "raise OSError('libgomp.so.1: cannot open shared object file: No such file or directory')\n"
    )
    result = run_by_hand(
        python,
        "lightgbm_csv",
        *("--data-folder", str(table.parent)),
        folder=tmp_path / "work",
        PYTHONPATH=f"{tmp_path / 'shim'}{os.pathsep}{SCRIPTS}",
    )
    assert "LightGBM cannot be loaded: libgomp.so.1: cannot open" in error_of(result)
    assert "install libgomp" in result.stderr
