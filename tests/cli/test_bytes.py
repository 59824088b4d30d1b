"""Names and arguments that are not UTF-8."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import os, sys
os.write(1, b"\\xfe " + os.fsencode(sys.argv[1]))
open(os.path.join("outputs", sys.argv[1]), "w").close()
"""
NAME = b"b\xff"
SHOWN = "b\\udcff"


def dressage(project: Path, *arguments: str | bytes) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "dressage.cli.main", *arguments]
    return subprocess.run(command, cwd=project, capture_output=True)


@pytest.fixture
def run_id(project: Path) -> str:
    """A run whose script, name, tag and argument are not UTF-8."""
    (project / os.fsdecode(b"s\xff.py")).write_text(SCRIPT)
    options = ("--name", NAME, "--tag", b"key=" + NAME)
    ran = dressage(project, "run", b"s\xff.py", *options, "--", NAME)
    assert (ran.returncode, b"Traceback" in ran.stderr) == (0, False), ran.stderr
    (listed,) = json.loads(dressage(project, "runs", "list", "-o", "json").stdout)
    assert (listed["name"], listed["tags"]) == (SHOWN, {"key": SHOWN})
    return str(listed["run_id"])


def test_a_run_with_them_is_shown(project: Path, run_id: str):
    assert SHOWN.encode() in dressage(project, "runs", "list").stdout
    shown = dressage(project, "runs", "show", run_id)
    assert (shown.returncode, shown.stderr, SHOWN.encode() in shown.stdout) == (0, b"", True)
    as_json = json.loads(dressage(project, "runs", "show", run_id, "-o", "json").stdout)
    assert as_json["request"]["tags"] == {"key": SHOWN}


def test_its_output_is_the_bytes_of_its_script(project: Path, run_id: str):
    assert dressage(project, "runs", "logs", run_id).stdout == b"\xfe " + NAME


def test_its_files_are_downloaded_under_their_names(project: Path, run_id: str):
    assert dressage(project, "runs", "download", run_id, "--to", "copy").returncode == 0
    assert (project / "copy" / "outputs" / os.fsdecode(NAME)).exists()


@pytest.mark.parametrize("command", [("runs", "show"), ("runs", "logs"), ("models", "show"), ("resume",)])
def test_an_unknown_name_is_one_line(project: Path, command: tuple[str, ...]):
    called = dressage(project, *command, NAME)
    assert (called.returncode, called.stderr.count(b"\n")) == (2, 1)
    assert SHOWN.encode() in called.stderr
