"""A disk without space: one clear line, and no incomplete file under a final name."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.faultserver import FaultServer, serve_faults
from tests.fixtures import Dressage, WriteScript

LARGE = random.Random(4).randbytes(6_000_000)
FULL = ("No space left on device; free some space", "File too large; free some space")
_LIMITED = ["sh", "-c", 'ulimit -f 4000; exec "$@"', "sh"]


class Cramped(NamedTuple):
    """folder: where LARGE does not fit. prefix: of commands."""

    folder: Path
    prefix: list[str]

    def dressage(self, *arguments: str, workspace: Path | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command. workspace: by default below the folder."""
        variables = {**os.environ, "DRESSAGE_WORKSPACE": str(workspace or self.folder / "workspace")}
        command = [*self.prefix, sys.executable, "-m", "dressage.cli.main", *arguments]
        return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=120)

    def fail(self, *arguments: str, workspace: Path | None = None) -> str:
        """Return the one line of a command that fails because no space is left."""
        result = self.dressage(*arguments, workspace=workspace)
        assert result.returncode in (1, 3)
        line = result.stderr.splitlines()[-1]
        assert line.startswith("error: ")
        assert "Traceback" not in result.stderr
        return line

    def names(self) -> set[str]:
        return {
            path.name for path in self.folder.rglob("*") if path.is_file() and path.stat().st_size > 100_000
        }


@pytest.fixture(params=["file system", "limit"])
def cramped(request: pytest.FixtureRequest, tmp_path: Path, project: Path) -> Iterator[Cramped]:
    """A small file system, or a limit for the size of files."""
    folder = tmp_path / "small"
    folder.mkdir()
    if request.param == "limit":
        yield Cramped(folder, _LIMITED)
        return
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "none", folder], capture_output=True
    )
    if not mounted or mounted.returncode:
        pytest.skip("a file system cannot be mounted here")
    try:
        yield Cramped(folder, [])
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with serve_faults({"/a.bin": LARGE}) as state:
        yield state


@pytest.fixture
def large(project: Path) -> Path:
    (project / "a.bin").write_bytes(LARGE)
    return project / "a.bin"


def test_a_download_that_fills_the_disk_is_not_registered(cramped: Cramped, server: FaultServer):
    server.always = "chunked, cut off"  # its length is not announced
    server.faults = ["range ignored", "chunked"]
    assert any(
        words in cramped.fail("datasets", "register", "d", f"{server.address}/a.bin") for words in FULL
    )
    assert not list(cramped.folder.glob("workspace/objects/??/*"))
    assert cramped.dressage("datasets", "list").stdout == ""


def test_a_registration_that_fills_the_disk_leaves_nothing(cramped: Cramped, large: Path):
    assert any(words in cramped.fail("datasets", "register", "d", str(large)) for words in FULL)
    assert cramped.names() == set()
    assert cramped.dressage("datasets", "list").stdout == ""


def test_a_dataset_that_fills_the_disk_is_not_downloaded(
    cramped: Cramped, large: Path, dressage: Dressage, project: Path
):
    assert dressage("datasets", "register", "d", str(large)).returncode == 0
    target = cramped.folder / "down"
    line = cramped.fail("datasets", "download", "d", "--to", str(target), workspace=project / ".dressage")
    assert any(words in line for words in FULL)
    assert str(target) in line
    assert not target.exists()


def test_a_model_that_fills_the_disk_is_not_downloaded(
    cramped: Cramped, large: Path, dressage: Dressage, project: Path
):
    (project / "model").mkdir()
    large.rename(project / "model" / "weights")
    assert dressage("models", "register", "m", "model").returncode == 0
    target = cramped.folder / "down"
    line = cramped.fail("models", "download", "m", "--to", str(target), workspace=project / ".dressage")
    assert any(words in line for words in FULL)
    assert not target.exists()


def test_files_of_a_run_that_fill_the_disk_are_not_downloaded(
    cramped: Cramped, dressage: Dressage, script: WriteScript, project: Path
):
    text = f"open('outputs/a', 'w').write('1'); open('outputs/b', 'wb').write(bytes({len(LARGE)}))"
    run_id = dressage("run", "-d", str(script(text))).stdout.strip()
    assert dressage("runs", "wait", run_id).returncode == 0
    target = cramped.folder / "down"
    target.mkdir()
    line = cramped.fail("runs", "download", run_id, "--to", str(target), workspace=project / ".dressage")
    assert any(words in line for words in FULL)
    assert str(target) in line
    assert list(target.iterdir()) == []
