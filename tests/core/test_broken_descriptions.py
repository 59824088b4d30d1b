"""Descriptions that cannot be read are one clear line, and exit 2."""

from pathlib import Path

import pytest
from tests.commandline import call

DEEP = "[" * 3000 + "]" * 3000
CONDA = {
    "braces": ("{" * 3000, "it is nested too deeply; correct the YAML"),
    "brackets": (f"dependencies: {DEEP}", "it is nested too deeply; correct the YAML"),
    "a date as a version": (
        "dependencies:\n- python=2020-13-45\n",
        "is not understood; write it like 'python=3.12'",
    ),
    "a date that does not exist": (
        "dependencies:\n- 2020-13-45\n",
        "month must be in 1..12; correct the YAML",
    ),
}


@pytest.fixture(autouse=True)
def train(project: Path) -> None:
    (project / "train.py").write_text("")


def refusal(project: Path, *arguments: str) -> str:
    """Return the line with which a command refuses its input."""
    called = call(project, *arguments)
    assert (called.code, called.err.count("\n"), called.err[:7]) == (2, 1, "error: "), called
    return called.err.strip()


@pytest.mark.parametrize(("text", "said"), CONDA.values(), ids=CONDA)
def test_a_conda_specification(project: Path, text: str, said: str):
    (project / "env.yml").write_text(text)
    assert said in refusal(project, "plan", "train.py", "--conda", "env.yml")


@pytest.mark.parametrize("content", [bytes(range(256)), b"\x00\x01abc\n", b"\xff\xfe\x00"])
def test_a_requirements_file_of_bytes(project: Path, content: bytes):
    (project / "requirements.txt").write_bytes(content)
    refusal(project, "plan", "train.py", "-r", "requirements.txt")


def test_a_deep_pyproject(project: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)  # an active environment would be used instead
    (project / "pyproject.toml").write_text(f'[project]\nname = "a"\nversion = "1"\ndependencies = {DEEP}\n')
    assert "it is nested too deeply; correct the TOML" in refusal(project, "plan", "train.py")


def test_deep_inline_metadata(project: Path):
    (project / "train.py").write_text(f"# /// script\n# dependencies = {DEEP}\n# ///\n")
    assert "it is nested too deeply; correct the TOML" in refusal(project, "plan", "train.py")


def test_a_deep_notebook(project: Path):
    (project / "train.ipynb").write_text("[" * 100_000)
    assert "save it again in Jupyter" in refusal(project, "plan", "train.ipynb")


SETTINGS = {
    "deep": (f"a = {DEEP}".encode(), "is not valid TOML: it is nested too deeply"),
    "not UTF-8": (b'on = "\xff"', "is not valid TOML: 'utf-8' codec can't decode byte 0xff"),
    "a number with 5,000 digits": (b"[platforms.local]\ngrace_s = " + b"9" * 5000, "is not valid TOML"),
    "inf": (b"[platforms.local]\ngrace_s = inf", "grace_s is inf; give a finite float"),
    "nan": (b"[platforms.local]\ngrace_s = nan", "grace_s is nan; give a finite float"),
    "negative": (b"[platforms.local]\ngrace_s = -1", "grace_s is -1.0; give at least 0 and at most 86400"),
    "huge": (b"[platforms.local]\ngrace_s = 1e300", "grace_s is 1e+300; give at least 0 and at most 86400"),
}


@pytest.mark.parametrize(("content", "said"), SETTINGS.values(), ids=SETTINGS)
def test_a_settings_file(project: Path, content: bytes, said: str):
    (project / "dressage.toml").write_bytes(content)
    assert said in refusal(project, "plan", "train.py")


def test_a_time_limit_of_thousands_of_years(project: Path):
    said = refusal(project, "plan", "train.py", "--time-limit", "999999999d")
    assert "give a number of seconds above 0 and up to 1000000000" in said


def test_the_longest_times_that_are_accepted_work(project: Path):
    options = ("--time-limit", "1000000000", "-O", "grace_s=86400")
    assert call(project, "run", "train.py", *options).code == 0
