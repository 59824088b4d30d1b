"""What plugins print goes to stderr, never to stdout."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures import Dressage

METADATA = "Metadata-Version: 2.1\nName: fake\nVersion: 1.0\n"
ENTRY_POINTS = """\
[dressage.recipes]
noisy = noisy_recipe
[dressage.platforms]
noisy-local = noisy_platform
[dressage.policies]
noisy-policy = noisy_policy
"""
NOISE = """\
import os, subprocess

def make(place):
    print("printed in", place)
    os.write(1, f"written in {place}\\n".encode())
    subprocess.run(["echo", "echoed in", place], check=True)
"""
RECIPE = """\
import atexit, os, signal
from dataclasses import dataclass
from pathlib import Path
import noise
from dressage import Model, Script, hookimpl, setting

noise.make("import")
atexit.register(noise.make, "exit")

@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: float = setting(0.1, help="learning rate")

@hookimpl
def settings():
    noise.make("settings")
    return Settings

@hookimpl
def dataset():
    noise.make("dataset")

@hookimpl
def compute():
    noise.make("compute")

@hookimpl
def environment():
    noise.make("environment")

@hookimpl
def model():
    noise.make("model")
    if "HANG_UP" in os.environ:
        os.kill(os.getpid(), signal.SIGHUP)
    return Model(script=Script(directory=Path(__file__).parent / "source", file="train.py"))
"""
PLATFORM = """\
import noise
from dressage import hookimpl
from dressage_local import plugin

noise.make("platform's import")

@hookimpl
def options():
    noise.make("options")
    return plugin.options()

@hookimpl
def platform(workspace, options):
    noise.make("platform")
    return plugin.platform(workspace, options)
"""
POLICY = """\
import noise
from dressage import hookimpl

noise.make("policy's import")

@hookimpl(wrapper=True)
def model():
    noise.make("policy")
    return (yield)
"""
PLACES = (
    *("import", "settings", "dataset", "compute", "environment", "model", "exit"),
    *("platform's import", "options", "platform", "policy's import", "policy"),
)
NOISY_PLAN = ("plan", "noisy", "--on", "noisy-local", "-o", "json")


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed distribution whose plugins print wherever they can."""
    folder = tmp_path / "site"
    for name, text in {
        "fake-1.0.dist-info/METADATA": METADATA,
        "fake-1.0.dist-info/entry_points.txt": ENTRY_POINTS,
        "noise.py": NOISE,
        "noisy_recipe.py": RECIPE,
        "noisy_platform.py": PLATFORM,
        "noisy_policy.py": POLICY,
        "source/train.py": "print('hello')\n",
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))


def test_a_plan_is_json_whatever_plugins_print(dressage: Dressage):
    assert json.loads(dressage(*NOISY_PLAN).stdout)["recipe"] == "noisy"


@pytest.mark.parametrize("way", ["printed", "written", "echoed"])
def test_what_plugins_print_is_on_stderr(dressage: Dressage, way: str):
    lines = dressage(*NOISY_PLAN).stderr.splitlines()
    assert {f"{way} in {place}" for place in PLACES} <= set(lines)


def test_what_a_plugin_prints_stays_in_order(dressage: Dressage):
    lines = dressage(*NOISY_PLAN).stderr.splitlines()
    first = lines.index("printed in model")
    assert lines[first : first + 3] == ["printed in model", "written in model", "echoed in model"]


def test_events_are_json_lines_whatever_a_recipe_prints(dressage: Dressage):
    result = dressage("run", "noisy", "-o", "jsonl")
    events = [json.loads(line)["event"] for line in result.stdout.splitlines()]
    assert (events[0], events[-1]) == ("PlanMade", "RunEnded")


def test_a_result_is_json_whatever_a_recipe_prints(dressage: Dressage):
    assert json.loads(dressage("run", "noisy", "-o", "json").stdout)["state"] == "Completed"


def test_the_scripts_output_is_a_result(dressage: Dressage):
    first, second = dressage("run", "noisy").stdout.splitlines()
    assert (first, second.split()[2]) == ("hello", "Completed")


def test_a_detached_run_prints_its_id_alone(dressage: Dressage, project: Path):
    name = dressage("run", "-d", "noisy").stdout
    assert (project / ".dressage" / "runs" / name.removesuffix("\n")).is_dir()


def test_completions_do_not_contain_what_a_recipe_prints(dressage: Dressage):
    words = {"COMP_WORDS": "dressage run noisy --set ", "COMP_CWORD": "4"}
    result = dressage(env={**os.environ, "_DRESSAGE_COMPLETE": "complete_bash", **words})
    assert result.stdout == "rate=\n"


@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", ">&- 2>&-"])
def test_a_closed_stream_does_not_stop_a_noisy_plugin(project: Path, closing: str):
    command = f"{sys.executable} -m dressage.cli.main plan noisy {closing}"
    assert (
        subprocess.run(["bash", "-c", command], cwd=project, capture_output=True, timeout=60).returncode == 0
    )


def test_nothing_is_written_after_the_terminal_closes(dressage: Dressage):
    result = dressage("run", "noisy", "-o", "jsonl", env={**os.environ, "HANG_UP": "1"})
    assert (result.returncode, result.stdout) == (0, "")
