"""Who may read a workspace and what a run writes: only its user, unless the workspace is shared on purpose."""

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fixtures import Dressage

from dressage import Engine, SettingsError

NOBODY = 65534
TOKEN = "canary-4711"
SCRIPT = """
import os, pathlib, sys
print(sys.argv)
open("outputs/model", "w").write("1")
open(sys.argv[1], "w").write("1")
"""
EXCEPT_OUTPUTS = ("-path", "*/work/outputs/*", "-prune", "-o")
"""For `find`: what a script writes has the umask of its user."""
as_root = pytest.mark.skipif(os.getuid() != 0, reason="starts processes of another user")


@pytest.fixture
def place() -> Iterator[Path]:
    """A project that every user can enter, with a script."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "source").mkdir()
    (folder / "source/train.py").write_text(SCRIPT)
    yield folder
    shutil.rmtree(folder)


def train(dressage: Dressage, place: Path, umask: int = 0o022) -> Path:
    """Run the script, and return the workspace."""
    before = os.umask(umask)
    try:
        arguments = ("--", str(place / "result"), "--token", TOKEN)
        done = dressage("run", "./source/train.py", "--model", "net=outputs", *arguments, cwd=place)
    finally:
        os.umask(before)
    assert done.returncode == 0, done.stderr
    return place / ".dressage"


def modes(folder: Path, kind: str) -> set[str]:
    """Return the permissions below a folder, and its own. kind: "f" for files, "d" for folders, as in `find`."""
    return set(find(folder, "-type", kind, "-printf", "%m\n"))


def find(folder: Path, *arguments: str, user: int | None = None) -> list[str]:
    command = ["find", str(folder), *arguments]
    groups = () if user else None
    done = subprocess.run(
        command, capture_output=True, text=True, user=user, group=user, extra_groups=groups, cwd="/"
    )
    return done.stdout.splitlines()


def share(place: Path, mode: str) -> None:
    (place / "dressage.toml").write_text(f'workspace_mode = "{mode}"\n')


def test_a_workspace_and_its_files_are_private_whatever_the_umask_is(dressage: Dressage, place: Path) -> None:
    workspace = train(dressage, place, umask=0)
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o700
    below = find(workspace, *EXCEPT_OUTPUTS, "-not", "-type", "l", "-printf", "%m %p\n")
    assert [line for line in below if not line.split()[0].endswith("00")] == []


@as_root
def test_another_user_can_read_nothing_of_a_run(dressage: Dressage, place: Path) -> None:
    workspace = train(dressage, place)
    assert find(place, "-type", "f", "-readable", user=NOBODY)  # it can read what is beside the workspace
    assert find(workspace, "-mindepth", "1", user=NOBODY) == []
    for path in find(workspace, "-type", "f"):
        assert subprocess.run(["/bin/cat", path], capture_output=True, user=NOBODY, cwd="/").stdout == b""


def test_what_a_script_writes_elsewhere_has_the_umask_of_its_user(dressage: Dressage, place: Path) -> None:
    train(dressage, place, umask=0o022)
    assert stat.S_IMODE((place / "result").stat().st_mode) == 0o644


@pytest.mark.parametrize("command", [("runs", "latest"), ("models", "net")])
def test_downloads_have_the_umask_of_their_user(
    dressage: Dressage, place: Path, command: tuple[str, str]
) -> None:
    train(dressage, place)
    dressage(command[0], "download", command[1], "--to", "got", cwd=place)
    assert modes(place / "got", "f") == {"644"}
    assert modes(place / "got", "d") == {"755"}


def test_a_settings_file_has_the_umask_of_its_user(dressage: Dressage, place: Path) -> None:
    dressage("init", "--on", "local", "grace_s=5", cwd=place)
    assert stat.S_IMODE((place / "dressage.toml").stat().st_mode) == 0o644


def test_the_executable_bit_of_a_file_survives(dressage: Dressage, place: Path) -> None:
    (place / "source/start.sh").write_text("#!/bin/sh\necho started\n")
    (place / "source/start.sh").chmod(0o755)
    done = dressage("run", "--root", "source", "--", "./start.sh", cwd=place)
    assert "started" in done.stdout + done.stderr
    assert done.returncode == 0, done.stderr


def test_a_group_can_read_and_write_all_of_a_workspace_that_is_shared_with_it(
    dressage: Dressage, place: Path
) -> None:
    share(place, "group")
    workspace = train(dressage, place, umask=0o077)
    assert stat.S_IMODE(workspace.stat().st_mode) == 0o2770
    folders = find(workspace, *EXCEPT_OUTPUTS, "-type", "d", "-not", "-perm", "-2050", "-printf", "%m %p\n")
    files = find(workspace, *EXCEPT_OUTPUTS, "-type", "f", "-not", "-perm", "-040", "-printf", "%m %p\n")
    others = find(workspace, "-not", "-type", "l", "-perm", "/007", "-printf", "%m %p\n")
    assert (folders, files, others) == ([], [], [])
    written = ("journal.jsonl", "hashes.sqlite", "*.lock")
    for name in written:
        assert find(workspace, "-name", name)
        assert find(workspace, "-name", name, "-not", "-perm", "-060") == []


@as_root
def test_two_users_of_a_group_can_run_in_one_workspace(dressage: Dressage, place: Path) -> None:
    share(place, "group")
    os.chown(place, -1, NOBODY)
    place.chmod(0o2775)
    train(dressage, place, umask=0o077)
    python = shutil.which(f"python3.{sys.version_info.minor}", path="/usr/local/bin:/usr/bin")
    if python is None:
        pytest.skip("there is no Python that other users can start")
    command = ["run", "./source/train.py", "--", str(place / "cache/result")]
    (place / "cache").mkdir()
    os.chown(place / "cache", NOBODY, NOBODY)
    done = subprocess.run(
        [python, "-c", "import os; os.umask(0o77); from dressage.cli.main import main; main()", *command],
        env={"PYTHONPATH": os.pathsep.join(sys.path), "HOME": str(place / "cache"), "PATH": os.defpath},
        capture_output=True,
        text=True,
        user=NOBODY,
        group=NOBODY,
        extra_groups=(),
        cwd=place,
    )
    assert done.returncode == 0, done.stderr
    assert dressage("runs", "list", cwd=place).stdout.count("Completed") == 2


def test_a_mode_as_in_chmod_is_taken(project: Path) -> None:
    share(project, "0755")
    workspace = Engine(project).workspace
    workspace.create()
    assert workspace.mode == 0o755


@pytest.mark.parametrize("mode", ["everyone", "070", "8", ""])
def test_another_workspace_mode_is_refused(project: Path, mode: str) -> None:
    share(project, mode)
    with pytest.raises(SettingsError, match="workspace_mode is"):
        Engine(project).workspace.create()


def test_an_existing_workspace_keeps_its_permissions(dressage: Dressage, place: Path) -> None:
    (place / ".dressage").mkdir()
    (place / ".dressage").chmod(0o775)
    workspace = train(dressage, place)
    assert workspace.stat().st_mode & 0o777 == 0o775
    assert find(workspace, "-type", "f", "-not", "-perm", "-044") == []


def test_doctor_says_how_to_make_an_existing_workspace_private(dressage: Dressage, place: Path) -> None:
    workspace = train(dressage, place)
    assert "has the mode" not in dressage("doctor", cwd=place).stdout
    workspace.chmod(0o755)
    done = dressage("doctor", "-o", "json", cwd=place)
    finding = next(check["finding"] for check in json.loads(done.stdout) if check["name"] == "workspace")
    assert "has the mode 755, but workspace_mode says 700" in finding
    command = finding.partition("change it: ")[2].partition("; or keep")[0]
    subprocess.run(["/bin/sh", "-c", command], check=True)
    assert "has the mode" not in dressage("doctor", cwd=place).stdout


def test_the_command_of_doctor_shares_a_private_workspace(dressage: Dressage, place: Path) -> None:
    workspace = train(dressage, place)
    share(place, "group")
    done = dressage("doctor", "-o", "json", cwd=place)
    finding = next(check["finding"] for check in json.loads(done.stdout) if check["name"] == "workspace")
    subprocess.run(
        ["/bin/sh", "-c", finding.partition("change it: ")[2].partition("; or keep")[0]], check=True
    )
    assert find(workspace, "-type", "f", "-not", "-perm", "-040") == []
    assert "has the mode" not in dressage("doctor", cwd=place).stdout


@as_root
def test_a_workspace_of_another_user_is_named_in_one_line(place: Path) -> None:
    (place / ".dressage").mkdir(mode=0o700)
    code = (
        f"import os, sys; sys.path[:0] = {[path for path in sys.path if path]!r}\n"
        "from pathlib import Path\nfrom dressage.records.workspace import Workspace, find_workspace\n"
        f"os.setuid({NOBODY})\nWorkspace(find_workspace(Path({str(place)!r}))).open()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd="/")
    assert "belongs to another user and is not shared" in done.stderr
