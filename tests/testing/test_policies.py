"""Policies in files pass the conformance kit."""

from pathlib import Path

import pytest

from dressage.testing import PolicyTests

HOUSE = """
from collections.abc import Mapping
from dataclasses import replace

from dressage import SettingsError, hookimpl

DRESSAGE_CONTRACT = 1


@hookimpl(wrapper=True)
def dataset(user):
    found = yield
    inputs = found.values() if isinstance(found, Mapping) else [found] if found else []
    for item in inputs:
        if item.name.startswith("patients"):
            raise SettingsError(f"dataset {item.name!r} is closed to {user!r}; ask the data office")
    return found


@hookimpl(wrapper=True)
def compute(experiment):
    target = yield
    return replace(target, max_nodes=1, tags={**target.tags, "experiment": experiment})
"""


class TestHouse(PolicyTests):
    @pytest.fixture
    def policy(self) -> str:
        return "house"

    @pytest.fixture
    def project(self, empty_project: Path) -> Path:
        (empty_project / "house.py").write_text(HOUSE)
        (empty_project / "dressage.toml").write_text('plugins = ["house.py"]\n')
        return empty_project
