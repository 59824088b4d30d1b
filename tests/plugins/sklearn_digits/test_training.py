"""sklearn-digits on the digits of the project: on this machine, in Azure ML, and its script alone."""

import gzip
import hashlib
import statistics
import subprocess
from pathlib import Path

import pytest
from tests.azureml import loopback
from tests.by_hand import error_of, python_of, run_by_hand
from tests.conftest import REPOSITORY

from dressage import Engine
from dressage.engine.runs import Run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"
SCORES = """
import json, pathlib, sys
import skops.io
from shared.digits import load

model = skops.io.load("model.skops", trusted=[])
test = load(pathlib.Path(sys.argv[1]), "t10k")
print(json.loads(pathlib.Path("model.json").read_text())["classes"], model.score(test.images, test.labels))
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def trained_run(engine: Engine) -> Run:
    """Default settings."""
    run = engine.run("sklearn-digits")
    assert run.wait(500).state == "Completed", b"".join(run.logs())
    return run


@pytest.fixture(scope="module")
def python(engine: Engine, trained_run: Run) -> Path:
    return python_of(engine, trained_run)


def digests_of(folder: Path) -> dict[str, str]:
    files = (folder / "outputs" / "model").iterdir()
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_digits_are_learned_to_97_percent(trained_run: Run):
    assert trained_run.metric is not None
    assert trained_run.metric >= 0.97


def test_each_fold_and_their_mean_are_recorded(trained_run: Run):
    metrics = trained_run.tracked.metrics
    folds = metrics["Fold accuracy"]
    assert [point.step for point in folds] == [1, 2, 3, 4, 5]
    mean = metrics["Cross-validation accuracy"][-1].value
    assert mean == pytest.approx(statistics.fmean(point.value for point in folds))


def test_settings_are_recorded_as_parameters(trained_run: Run):
    assert trained_run.tracked.params.items() >= {"estimator": "svm", "c": "5.0", "seed": "1"}.items()


def test_the_confusion_matrix_is_among_the_files(trained_run: Run):
    assert any(file.path.endswith("Confusion matrix.png") for file in trained_run.files)


def test_the_model_can_be_loaded_without_trusting_any_type(
    engine: Engine, trained_run: Run, python: Path, tmp_path: Path
):
    assert trained_run.model
    engine.platform("local").models.download(trained_run.model, tmp_path)
    found = subprocess.run(
        [python, "-c", SCORES, DIGITS],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY / "training_scripts")},
        capture_output=True,
        text=True,
    )
    assert found.stdout.startswith("[0, 1, 2, 3, 4, 5, 6, 7, 8, 9] "), found.stderr
    assert float(found.stdout.split()[-1]) == trained_run.metric


def test_training_again_gives_the_same_model(engine: Engine, trained_run: Run):
    again = engine.run("sklearn-digits", again=True)
    assert again.wait(300).state == "Completed"
    assert again.model == trained_run.model


def test_the_same_arguments_give_the_same_bytes(python: Path, tmp_path: Path):
    """Whatever the order of Python's sets is."""
    words = ("--data-folder", str(DIGITS), "--estimator", "logistic", "--folds", "0")
    for seed in ("1", "2"):
        result = run_by_hand(python, "sklearn_digits", *words, folder=tmp_path / seed, PYTHONHASHSEED=seed)
        assert result.returncode == 0, result.stderr
    assert digests_of(tmp_path / "1") == digests_of(tmp_path / "2")


def test_another_c_gives_other_bytes(python: Path, tmp_path: Path):
    for c in ("1", "5"):
        run_by_hand(
            python,
            "sklearn_digits",
            "--data-folder",
            str(DIGITS),
            "--folds",
            "0",
            "--c",
            c,
            folder=tmp_path / c,
        )
    assert digests_of(tmp_path / "1")["model.skops"] != digests_of(tmp_path / "5")["model.skops"]


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("--folds", "1"), "folds is 1, but the rarest digit has 127 images; give 2 to 127"),
        (("--folds", "128"), "give 2 to 127"),
        (("--c", "0"), "c is 0.0; give a number above 0"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(
    python: Path, tmp_path: Path, words: tuple[str, ...], problem: str
):
    result = run_by_hand(
        python, "sklearn_digits", "--data-folder", str(DIGITS), *words, folder=tmp_path / "work"
    )
    assert problem in error_of(result)


def test_images_of_one_digit_are_refused(python: Path, tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    for path in DIGITS.glob("*.gz"):
        content = gzip.decompress(path.read_bytes())
        (data / path.stem).write_bytes(
            content if "images" in path.name else content[:8] + bytes(len(content) - 8)
        )
    result = run_by_hand(python, "sklearn_digits", "--data-folder", str(data), folder=tmp_path / "work")
    assert "all training images have the same label" in error_of(result)


def test_it_runs_unchanged_in_azure_ml(
    trained_run: Run, python: Path, tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch
):
    with loopback(tmp_path, python) as service:
        service.enter(project, monkeypatch)
        run = Engine(project).run("sklearn-digits", on="azureml")
        assert run.wait(300).state == "Completed", b"".join(run.logs())
        assert run.metric == trained_run.metric
        assert run.model
        assert trained_run.model
        assert {file.sha256 for file in run.model.files} == {file.sha256 for file in trained_run.model.files}
        assert "Confusion matrix.png" in {file.path for file in run.files}
        assert not service.state()["unknown"]
