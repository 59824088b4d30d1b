"""Training scripts as Microsoft's article and Azure's tutorial have them, run as they are and recorded."""

import random
import shutil
from pathlib import Path

import pytest

from dressage import Engine
from dressage.engine.runs import Run
from tests.conftest import REPOSITORY
from tests.integrations.sides import HERE

DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]


def run_script(folder: Path, name: str, script: str, conda: str, arguments: str) -> Run:
    """Copy a script's folder, and run the script in the environment that it comes with."""
    source = folder / name
    shutil.copytree(HERE / "azure" / name, source)
    settings = {"path": str(source / script), "conda": str(source / conda), "arguments": arguments}
    run = Engine(folder).run("script", set=settings)
    run.wait(900)
    return run


@pytest.fixture(scope="module")
def article(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "jax")
        folder = tmp_path_factory.mktemp("article")
        return run_script(
            folder,
            "article",
            "keras_mnist.py",
            "environment.yml",
            f"--data-folder '{DIGITS}' --batch-size 50",
        )


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("sample")
    data = folder / "credit card clients.csv"
    write_clients(data)
    return run_script(
        folder,
        "sample",
        "main.py",
        "conda.yaml",
        f"--data '{data}' --test_train_ratio 0.2 --learning_rate 0.25 --registered_model_name credit_defaults_model",
    )


def write_clients(path: Path) -> None:
    """Write 300 clients in the form of the tutorial's file: two lines of titles, and an id in each row."""
    rows = [",X1,X2,Y", "ID,LIMIT_BAL,PAY_0,default payment next month"]
    chance = random.Random(1)
    for number in range(300):
        limit, delay = chance.randrange(10_000, 500_000), chance.randrange(-2, 9)
        rows.append(f"{number},{limit},{delay},{int(delay > 2)}")
    path.write_text("\n".join(rows) + "\n")


def log_of(run: Run) -> str:
    return b"".join(run.logs()).decode()


def test_the_article_completes(article: Run):
    assert article.status.state == "Completed", log_of(article)


def test_the_article_records_each_epoch(article: Run):
    metrics = article.tracked.metrics
    assert [[point.step for point in metrics[name]] for name in ("Loss", "Accuracy")] == [[0, 1], [0, 1]]


def test_the_article_records_its_final_test(article: Run):
    latest = article.tracked.latest()
    assert latest["Final test accuracy"] == pytest.approx(latest["Accuracy"])
    assert latest["Final test accuracy"] > 0.5


def test_the_article_keeps_its_figure(article: Run, tmp_path: Path):
    article.download(tmp_path, ["Accuracy vs Loss.png"])
    assert (tmp_path / "Accuracy vs Loss.png").read_bytes().startswith(b"\x89PNG")


def test_the_article_keeps_its_model(article: Run):
    assert {"outputs/model/model.json", "outputs/model/model.weights.h5"} <= {
        file.path for file in article.files
    }


def test_the_sample_completes(sample: Run):
    assert sample.status.state == "Completed", log_of(sample)


def test_the_sample_records_its_own_metrics(sample: Run):
    latest = sample.tracked.latest()
    assert (latest["num_samples"], latest["num_features"]) == (300, 2)


def test_the_sample_records_what_autologging_sends(sample: Run):
    assert sample.tracked.params["learning_rate"] == "0.25"
    assert sample.tracked.latest()["training_accuracy_score"] > 0.9


def test_the_sample_registers_its_model(sample: Run):
    assert sample.tracked.registered == ["credit_defaults_model:1"]


def test_no_request_of_the_sample_is_refused(sample: Run):
    assert sample.tracked.refused == {}
