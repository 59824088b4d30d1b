"""The hint how to add an extra, for each way to install dressage."""

from pathlib import Path

import pytest

from dressage import StageError
from dressage.environments.conda_packages import check_available
from dressage.environments.installation import extra_command


@pytest.mark.parametrize(
    ("prefix", "file", "command"),
    [
        ("tools/dressage", "tools/dressage/uv-receipt.toml", "uv tool install 'dressage[conda]'"),
        ("cache/archive-v0/a", "cache/archive-v0/a/pyvenv.cfg", "uvx --with 'dressage[conda]'"),
        (
            "cache/builds-v0/a",
            "cache/builds-v0/a/lib/python3.11/site-packages/_uv_ephemeral_overlay.pth",
            "uv run --with 'dressage[conda]'",
        ),
        ("venvs/dressage", "venvs/dressage/pipx_metadata.json", "pipx install --force 'dressage[conda]'"),
        ("lab/.venv", "lab/uv.lock", "uv add 'dressage[conda]'"),
    ],
)
def test_it_is_the_command_of_the_tool_that_installed_dressage(
    tmp_path: Path, prefix: str, file: str, command: str
):
    (tmp_path / file).parent.mkdir(parents=True)
    (tmp_path / file).touch()
    assert extra_command("conda", tmp_path / prefix) == command


def test_conda_packages_without_py_rattler_are_refused_with_the_command(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("dressage.environments.conda_packages.find_spec", lambda name: None)
    with pytest.raises(
        StageError, match=r"requires conda packages \(cudatoolkit\), .* 'dressage\[conda\]'; or"
    ):
        check_available("lab", ["cudatoolkit"])
