"""The examples are installed for the tests of this folder, and for the processes that they start."""

import os
from pathlib import Path

import pytest
from tests.conftest import REPOSITORY

EXAMPLE = REPOSITORY / "examples" / "remote_machine"


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    site = tmp_path / "site"
    metadata = site / "dressage_remote_machine-0.1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text("[dressage.platforms]\nmachine = remote_machine\n")
    for folder in (site, EXAMPLE):
        monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), str(EXAMPLE)]))
