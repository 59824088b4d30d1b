"""What the training scripts read. Wrong input is reported before a framework is imported: here is none."""

import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.guests import GUESTS
from tests.training_scripts.conftest import DIGITS, SCRIPTS

MODULES = sorted({guest.module for guest in GUESTS.values()})


def call(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def read_digits(folder: Path) -> subprocess.CompletedProcess[str]:
    """Print the number of test images that the shared code reads from the folder."""
    code = "from shared.digits import load; print(len(load(pathlib.Path(sys.argv[1]), 't10k').labels))"
    return subprocess.run(
        [sys.executable, "-c", f"import pathlib, sys; {code}", str(folder)],
        env={**os.environ, "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_files_need_not_be_gzipped(tmp_path: Path):
    for path in DIGITS.glob("*.gz"):
        (tmp_path / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
    assert read_digits(tmp_path).stdout == "359\n"


def test_files_may_be_in_subfolders(tmp_path: Path):
    shutil.copytree(DIGITS, tmp_path / "https%3A" / "example.org" / "mnist")
    assert read_digits(tmp_path).stdout == "359\n"


@pytest.mark.parametrize("module", MODULES)
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
def test_an_invalid_file_is_an_error_of_one_line(tmp_path: Path, module: str, content: bytes, words: str):
    folder = tmp_path / "data"
    shutil.copytree(DIGITS, folder)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(content)
    result = call(module, "--data-folder", str(folder))
    assert result.returncode == 2
    assert result.stderr.startswith("error: ")
    assert words in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("module", MODULES)
def test_a_wrong_argument_names_the_command(module: str):
    result = call(module, "--data-folder", str(DIGITS), "--epochs", "0")
    assert result.returncode == 2
    assert f"usage: python -m {module} " in result.stderr
    assert "argument --epochs: '0' is not a whole number from 1 to 2147483647" in result.stderr
