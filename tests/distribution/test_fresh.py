"""A newcomer's machine: a fresh clone, or the built wheel, and an empty home."""

import os
import re
import subprocess
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


def environ(home: Path) -> dict[str, str]:
    """Nothing of whoever runs the tests but the way to the network."""
    keep = (
        "PATH",
        "LANG",
        "HTTPS_PROXY",
        "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "REQUESTS_CA_BUNDLE",
        "PYENV_ROOT",
    )
    inherited = {
        name: value for name, value in os.environ.items() if name in keep or name.startswith(("PIP_", "UV_"))
    }
    return inherited | {"HOME": str(home)}


def call(*arguments: str, cwd: Path, home: Path) -> subprocess.CompletedProcess[str]:
    told = subprocess.run(arguments, cwd=cwd, env=environ(home), capture_output=True, text=True, timeout=1200)
    assert told.returncode == 0, told.stdout + told.stderr
    return told


def accuracy(told: str) -> float:
    found = re.search(r"final test accuracy\s+([\d.]+)", told)
    assert found, told
    return float(found[1])


def test_the_readmes_first_command_trains_in_a_fresh_clone(tmp_path: Path):
    home, clone = tmp_path / "home", tmp_path / "clone"
    home.mkdir()
    call("git", "clone", "--quiet", str(REPOSITORY), str(clone), cwd=tmp_path, home=home)
    line = next(line for line in (REPOSITORY / "README.md").read_text().splitlines() if "data=digits" in line)
    command = line.partition("&& ")[2]  # uv is here: it runs these tests
    told = call("bash", "-c", command, cwd=clone, home=home)
    assert accuracy(told.stdout) >= 0.95
    assert "keras-mnist:1" in told.stdout


def test_the_wheel_in_an_empty_environment_trains(tmp_path: Path):
    home, folder = tmp_path / "home", tmp_path / "project"
    for made in (home, folder):
        made.mkdir()
    call("uv", "build", "--quiet", "--wheel", "--out-dir", str(tmp_path / "dist"), cwd=REPOSITORY, home=home)
    (wheel,) = (tmp_path / "dist").glob("*.whl")
    call("uv", "venv", "--quiet", str(tmp_path / "venv"), cwd=folder, home=home)
    python = str(tmp_path / "venv" / "bin" / "python")
    call("uv", "pip", "install", "--quiet", "--python", python, str(wheel), cwd=folder, home=home)
    dressage = str(tmp_path / "venv" / "bin" / "dressage")
    told = call(dressage, "run", "keras-mnist", "--set", "data=digits", cwd=folder, home=home)
    assert accuracy(told.stdout) >= 0.95


def test_the_engines_own_environment_has_no_framework_sdk_or_tracker(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    told = call(
        "uv", "pip", "compile", "--quiet", str(REPOSITORY / "pyproject.toml"), cwd=tmp_path, home=home
    )
    names = set(re.findall(r"^([a-z0-9-]+)==", told.stdout, re.MULTILINE))
    assert "pluggy" in names
    assert not names & {
        "tensorflow",
        "keras",
        "jax",
        "torch",
        "azureml-core",
        "mlflow",
        "mlflow-skinny",
        "numpy",
    }
