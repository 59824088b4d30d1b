"""`dressage init` creates a workspace and configures a platform."""

import os
from pathlib import Path

import pytest
from tests.fixtures import Dressage

WRITTEN = """\
on = "local"

[platforms.local]
grace_s = 5.0
"""


def test_init_writes_a_platforms_options_to_a_settings_file(dressage: Dressage, project: Path):
    result = dressage("init", "--on", "local", "grace-s=5")
    assert result.stdout == f"{project / 'dressage.toml'}\n{project / '.dressage'}\n"
    assert (project / "dressage.toml").read_text() == WRITTEN


def test_init_with_the_same_options_can_be_repeated(dressage: Dressage, project: Path):
    for _ in range(2):
        assert dressage("init", "--on", "local", "grace_s=5").returncode == 0
    assert (project / "dressage.toml").read_text() == WRITTEN


def test_init_without_options_selects_the_platform(dressage: Dressage, project: Path):
    assert dressage("init", "--on", "local").returncode == 0
    assert (project / "dressage.toml").read_text() == 'on = "local"\n'


@pytest.mark.parametrize(
    "there", ["", "[platforms.local]\ngrace_s = 4\n", '[recipes.script]\npath = "a.py"\n']
)
def test_init_does_not_change_a_settings_file_and_prints_the_lines_to_add(
    dressage: Dressage, project: Path, there: str
):
    (project / "dressage.toml").write_text(there)
    result = dressage("init", "--on", "local", "grace_s=5")
    assert (result.returncode, result.stdout) == (2, WRITTEN)
    assert (
        "dressage.toml' already exists and was not changed; merge the printed lines into it" in result.stderr
    )
    assert (project / "dressage.toml").read_text() == there


def test_init_writes_nothing_for_a_bad_option(dressage: Dressage, project: Path):
    result = dressage("init", "--on", "local", "grace_s=soon")
    assert "platform 'local': option grace_s is 'soon'; give a value of type float" in result.stderr
    assert list(project.iterdir()) == []


LAB = """
from dataclasses import dataclass
from pathlib import Path
from dressage import SettingsError, hookimpl, setting

@dataclass(frozen=True, kw_only=True)
class Options:
    queue_name: str | None = setting(None, help="queue that runs wait in")

class Runs:
    submit = observe = logs = files = download = cancel = print

class Lab:
    runs = Runs()

    def initialise(self, values):
        if "queue_name" not in values:
            raise SettingsError("platform 'lab': no queue_name given")
        path = Path("lab.txt").absolute()
        path.write_text(f"{1 / len(values['queue_name'])} {values['queue_name']}")
        return path

@hookimpl
def options():
    return Options

@hookimpl
def platform():
    return Lab()
"""


@pytest.fixture
def lab(tmp_path: Path) -> dict[str, str]:
    """Environment variables with which the platform `lab` is found; it writes its own configuration file."""
    metadata = tmp_path / "site" / "lab-1.2.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text("[dressage.platforms]\nlab = lab_platform\n")
    (tmp_path / "site" / "lab_platform.py").write_text(LAB)
    return {**os.environ, "PYTHONPATH": str(tmp_path / "site")}


def test_any_platform_can_write_a_configuration_file(lab: dict[str, str], dressage: Dressage, project: Path):
    result = dressage("init", "--on", "lab", "queue-name=long", env=lab)
    assert result.stdout.splitlines()[0] == str(project / "lab.txt")
    assert (project / "lab.txt").read_text() == "0.25 long"
    assert not (project / "dressage.toml").exists()


def test_a_platform_says_which_key_it_needs(lab: dict[str, str], dressage: Dressage):
    result = dressage("init", "--on", "lab", env=lab)
    assert (result.returncode, result.stderr) == (2, "error: platform 'lab': no queue_name given\n")


def test_a_platform_that_breaks_in_initialise_is_named(lab: dict[str, str], dressage: Dressage):
    result = dressage("init", "--on", "lab", "queue_name=", env=lab)
    assert (
        result.stderr
        == "error: plugin 'lab' (lab 1.2) failed in initialise: ZeroDivisionError: division by zero\n"
    )
