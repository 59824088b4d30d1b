"""The training script alone, without a platform or a tracking server."""

import gzip
import hashlib
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY
from tests.fixtures import BuildPython
from tests.training_scripts.conftest import SCRIPTS, RunByHand, script_variables

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SCRIPT = ("-m", "keras_mnist")
ARTICLES = str(SCRIPTS / "keras_mnist_article" / "keras_mnist.py")
DIGITS = REPOSITORY / "plugins" / "dressage_mnist" / "digits"
MODEL = ("model.keras", "model.json", "model.weights.h5")


def digests_of(folder: Path) -> dict[str, str]:
    return {
        name: hashlib.sha256((folder / "outputs/model" / name).read_bytes()).hexdigest() for name in MODEL
    }


def accuracy_of(result: subprocess.CompletedProcess[str]) -> float:
    assert result.returncode == 0, result.stderr
    accuracy = re.search(r"final test accuracy ([\d.]+)", result.stdout)
    assert accuracy, result.stdout
    return float(accuracy[1])


def test_the_digits_are_learned_to_95_percent(by_hand: RunByHand, backend: str):
    assert accuracy_of(by_hand(*SCRIPT, "--data-folder", str(DIGITS), backend=backend)) >= 0.95


def test_the_same_seed_gives_the_same_bytes(by_hand: RunByHand, backend: str, tmp_path: Path):
    for folder in ("one", "two"):
        by_hand(*SCRIPT, "--data-folder", str(DIGITS), "--epochs", "3", backend=backend, folder=folder)
    assert digests_of(tmp_path / "one") == digests_of(tmp_path / "two")


def test_another_seed_gives_other_bytes(by_hand: RunByHand, tmp_path: Path):
    for seed in ("1", "2"):
        by_hand(*SCRIPT, "--data-folder", str(DIGITS), "--epochs", "1", "--seed", seed, folder=seed)
    assert digests_of(tmp_path / "1") != digests_of(tmp_path / "2")


def test_training_resumed_from_a_checkpoint_ends_with_the_same_bytes(
    by_hand: RunByHand, backend: str, tmp_path: Path
):
    arguments = ("--data-folder", str(DIGITS))
    by_hand(*SCRIPT, *arguments, "--epochs", "5", backend=backend, folder="whole")
    by_hand(*SCRIPT, *arguments, "--epochs", "2", backend=backend, folder="first")
    checkpoints = str(tmp_path / "first" / "outputs" / "checkpoints")
    result = by_hand(
        *SCRIPT, *arguments, "--epochs", "5", backend=backend, folder="rest", DRESSAGE_RESUME_FROM=checkpoints
    )
    assert "resuming after epoch 2" in result.stdout
    assert digests_of(tmp_path / "rest") == digests_of(tmp_path / "whole")


def test_a_kill_leaves_a_complete_checkpoint(keras_python: BuildPython, tmp_path: Path):
    process = subprocess.Popen(
        [keras_python("tensorflow"), *SCRIPT, "--data-folder", DIGITS, "--epochs", "100000"],
        cwd=tmp_path,
        env={**os.environ, **script_variables("tensorflow")},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for line in process.stdout:
        if line.split()[:2] == ["epoch", "150/100000"]:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    checkpoints = tmp_path / "outputs" / "checkpoints"
    result = subprocess.run(
        [keras_python("tensorflow"), *SCRIPT, "--data-folder", DIGITS, "--epochs", "200"],
        cwd=tmp_path,
        env={**os.environ, **script_variables("tensorflow"), "DRESSAGE_RESUME_FROM": str(checkpoints)},
        capture_output=True,
        text=True,
        timeout=250,
    )
    assert "resuming after epoch 1" in result.stdout, result.stderr


def test_a_checkpoint_of_other_settings_is_refused(by_hand: RunByHand, tmp_path: Path):
    by_hand(*SCRIPT, "--data-folder", str(DIGITS), "--epochs", "1", folder="first")
    checkpoints = str(tmp_path / "first" / "outputs" / "checkpoints")
    result = by_hand(
        *SCRIPT, "--data-folder", str(DIGITS), "--batch-size", "25", DRESSAGE_RESUME_FROM=checkpoints
    )
    assert result.returncode == 2
    assert "was made with batch_size 50, not 25" in result.stderr


def test_both_formats_of_the_model_load_in_keras_and_predict_the_same(
    by_hand: RunByHand, keras_python: BuildPython, backend: str, tmp_path: Path
):
    by_hand(*SCRIPT, "--data-folder", str(DIGITS), "--epochs", "1", backend=backend)
    code = (
        "import keras, numpy as np\n"
        "whole = keras.saving.load_model('model.keras')\n"
        "parts = keras.models.model_from_json(open('model.json').read())\n"
        "parts.load_weights('model.weights.h5')\n"
        "images = np.random.default_rng(1).random((5, 784), np.float32)\n"
        "answers = [np.asarray(model(images)) for model in (whole, parts)]\n"
        "assert answers[0].shape == (5, 10)\n"
        "assert (answers[0] == answers[1]).all()\n"
    )
    result = subprocess.run(
        [keras_python(backend), "-c", code],
        cwd=tmp_path / "work" / "outputs" / "model",
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr


def test_it_trains_on_files_that_are_not_gzipped(by_hand: RunByHand, tmp_path: Path):
    for path in DIGITS.glob("*.gz"):
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    assert accuracy_of(by_hand(*SCRIPT, "--data-folder", str(tmp_path), "--epochs", "5")) > 0.8


def test_the_files_may_be_in_subfolders(by_hand: RunByHand, tmp_path: Path):
    shutil.copytree(DIGITS, tmp_path / "data" / "https%3A" / "example.org" / "mnist")
    assert accuracy_of(by_hand(*SCRIPT, "--data-folder", str(tmp_path / "data"), "--epochs", "5")) > 0.8


def copy_with_damage(folder: Path, name: str, content: bytes) -> str:
    shutil.copytree(DIGITS, folder)
    (folder / name).write_bytes(content)
    return str(folder)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (gzip.compress(b"hello, world")[:-4], "not a complete gzip file"),
        (gzip.compress(b"hello, world"), "starts with 68656c6c"),
        (
            gzip.compress(bytes([0, 0, 8, 3, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0, 0, 28])),
            "has 16 bytes, but its header",
        ),
        (gzip.compress(bytes([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 7])), "images are 1x1"),
    ],
)
def test_an_invalid_file_is_an_error_of_one_line(
    by_hand: RunByHand, tmp_path: Path, content: bytes, words: str
):
    folder = copy_with_damage(tmp_path / "data", "t10k-images-idx3-ubyte.gz", content)
    result = by_hand(*SCRIPT, "--data-folder", folder)
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_the_articles_script_learns_the_digits(by_hand: RunByHand):
    assert accuracy_of(by_hand(ARTICLES, "--data-folder", str(DIGITS))) >= 0.95
