"""Public projects, rebuilt small, run as their README says."""

import subprocess
from pathlib import Path

import pytest
from tests.fixtures import Dressage
from tests.plugins.script.projects import PROJECTS, Project


@pytest.mark.parametrize("public", PROJECTS, ids=lambda public: public.like.partition("/")[2])
def test_a_project_runs_as_its_readme_says(
    dressage: Dressage, project: Path, public: Project, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv(
        "VIRTUAL_ENV", raising=False
    )  # an active environment would be taken before requirements
    for path, text in public.files.items():
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).write_text(text)
    for path, text in public.inputs.items():
        (project.parent / path).parent.mkdir(parents=True, exist_ok=True)
        (project.parent / path).write_text(text)
    for script in project.rglob("*.sh"):
        script.chmod(0o755)
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    ran = dressage("run", *public.words)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert public.printed in ran.stdout
    files = {
        line.split()[0] for line in dressage("runs", "files", "latest").stdout.splitlines() if line.strip()
    }
    assert files >= set(public.kept)


def test_a_projects_file_above_the_copied_folder_is_named(
    dressage: Dressage, project: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    (project / "scripts").mkdir()
    (project / "scripts" / "train.py").touch()
    (project / "requirements.txt").write_text("six\n")
    plan = dressage("plan", "scripts/train.py").stdout
    assert f"above the folder that is copied; to use it: --root {project}" in " ".join(plan.split())
