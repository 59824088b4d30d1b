"""The conformance kit on the faulty platform. test_faults.py runs it; by its name, pytest does not collect it."""

from pathlib import Path

import pytest

from dressage.testing import PlatformTests


class TestFaulty(PlatformTests):
    kills = 12
    patience_s = 5

    @pytest.fixture
    def platform(self) -> str:
        return "platform"

    @pytest.fixture
    def project(self, empty_project: Path) -> Path:
        plugin = Path(__file__).with_name("platform.py")
        (empty_project / "dressage.toml").write_text(
            f'plugins = ["{plugin}"]\n[platforms.platform]\ngrace_s = 0.5\n'
        )
        return empty_project
