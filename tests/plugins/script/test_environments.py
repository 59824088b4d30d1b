"""In what a script runs: what is named, what is found if nothing is, and what the plan says about it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressage import Engine, Environment, SettingsError, SpecError
from dressage.environments.uv import binary

Plant = Callable[[dict[str, str]], None]
PYPROJECT = '[project]\nname = "lab"\nversion = "1.0"\ndependencies = ["six"]\n'
BUILT = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
INLINE = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["six"]\n# ///\n'
CONDA = "dependencies:\n- python\n- pip:\n  - six\n"


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is activated in the user's shell."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def plant(project: Path) -> Plant:
    """A function that writes files below the project's folder: paths and texts."""

    def write(files: dict[str, str]) -> None:
        for name, text in {"train.py": "", **files}.items():
            path = project / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    return write


def described(engine: Engine, path: str = "train.py", **settings: Any) -> Environment:
    return engine.describe("script", set={"path": path, **settings}).environment


def reasons(engine: Engine, path: str = "train.py", **settings: Any) -> str:
    plan = engine.plan("script", set={"path": path, **settings})
    return "\n".join(plan.stage("environment").reasons)


def make_venv(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def make_conda(folder: Path) -> Path:
    """A conda environment, as far as its files say so."""
    (folder / "conda-meta").mkdir(parents=True)
    for name in ("python-3.11.7-h955ad1f_0_cpython", "cudatoolkit-11.8.0-h4ba93d1_12"):
        (folder / "conda-meta" / f"{name}.json").write_text("{}")
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(sys.executable)
    (folder / "lib" / "python3.11" / "site-packages" / "numpy-2.1.0.dist-info").mkdir(parents=True)
    return folder


# What is named


def test_requirements_may_refer_to_other_files(engine: Engine, plant: Plant):
    plant(
        {"pip/all.txt": "-r base.txt\n-c ../pins.txt\nsix\n", "pip/base.txt": "toml\n", "pins.txt": "six<2\n"}
    )
    found = described(engine, requirements="pip/all.txt")
    assert (found.name, found.requirements, found.constraints) == ("all", "toml\nsix\n", "six<2\n")


def test_a_file_that_refers_to_itself_is_read_once(engine: Engine, plant: Plant):
    plant({"a.txt": "-r b.txt\nsix\n", "b.txt": "-r a.txt\ntoml\n"})
    assert described(engine, requirements="a.txt").requirements == "toml\nsix\n"


def test_the_pip_part_of_a_conda_specification_may_refer_to_files_too(engine: Engine, plant: Plant):
    text = "dependencies:\n- python\n- pip:\n  - -r requirements.txt\n  - '-c pins.txt'  # known\n  - toml\n"
    plant({"env/lab.yml": text, "env/requirements.txt": "six\n", "env/pins.txt": "six<2\n"})
    found = described(engine, conda="env/lab.yml")
    assert found.conda == "dependencies:\n- python\n- pip:\n  - toml\n"
    assert (found.requirements, found.constraints) == ("six\n", "six<2\n")


def test_a_conda_specification_and_requirements_are_one_environment(engine: Engine, plant: Plant):
    plant({"lab.yml": CONDA, "more.txt": "toml\n"})
    found = described(engine, conda="lab.yml", requirements="more.txt")
    assert (found.name, found.conda, found.requirements) == ("lab", CONDA, "toml\n")


def test_relative_paths_of_wheels_become_absolute(engine: Engine, plant: Plant, project: Path):
    plant(
        {
            "pip/all.txt": "--find-links ../wheels\n../wheels/toy-1.0-py3-none-any.whl\n",
            "wheels/toy-1.0-py3-none-any.whl": "",
        }
    )
    wheels = project / "wheels"
    assert described(engine, requirements="pip/all.txt").requirements == (
        f"--find-links {wheels}\n{wheels}/toy-1.0-py3-none-any.whl\n"
    )


def test_requirements_as_powershell_writes_them_are_read(engine: Engine, plant: Plant, project: Path):
    plant({})
    (project / "requirements.txt").write_bytes("six\r\n".encode("utf-16"))
    assert described(engine, requirements="requirements.txt").requirements == "six\n"


@pytest.mark.parametrize(
    ("files", "settings", "message"),
    [
        (
            {},
            {"requirements": "no.txt"},
            r"requirements 'no\.txt': No such file .* path of a requirements\.txt",
        ),
        (
            {},
            {"conda": "no.yml"},
            r"conda specification 'no\.yml': No such file .* path of an environment\.yml",
        ),
        (
            {"a.txt": "\n-r b.txt\n"},
            {"requirements": "a.txt"},
            r"a\.txt', line 2: file '.*b\.txt': No such file",
        ),
        (
            {"a.txt": "-e ./no\n"},
            {"requirements": "a.txt"},
            "no' is not a Python project; give a folder with",
        ),
        (
            {
                "a.txt": "-e .[plots]\n",
                "pyproject.toml": f'{PYPROJECT}optional-dependencies.plot = ["six"]\n',
            },
            {"requirements": "a.txt"},
            "no extra named 'plots'; did you mean 'plot'",
        ),
        (
            {"pip/a.txt": "-e ../lab\n", "lab/pyproject.toml": PYPROJECT, "src/train.py": ""},
            {"requirements": "pip/a.txt", "path": "src/train.py"},
            "is not below '.*src', the folder that is copied; choose a folder above both: --root .*project",
        ),
    ],
)
def test_what_cannot_be_read_is_named_in_one_line(
    engine: Engine, plant: Plant, files: dict[str, str], settings: dict[str, str], message: str
):
    plant(files)
    with pytest.raises((SettingsError, SpecError), match=message) as caught:
        described(engine, **{"path": "train.py", **settings})
    assert "\n" not in str(caught.value)


# Local projects


@pytest.mark.parametrize("line", ["-e .[plot]", ".[plot]", "lab[plot] @ file:.", "--editable=.[plot]"])
def test_of_a_local_project_the_dependencies_are_installed(engine: Engine, plant: Plant, line: str):
    plant(
        {
            "requirements.txt": f"{line}\n",
            "pyproject.toml": f'{PYPROJECT}optional-dependencies.plot = ["toml"]\n',
        }
    )
    assert described(engine, requirements="requirements.txt").requirements == "six\ntoml\n"


@pytest.mark.parametrize(
    "files",
    [
        {"setup.cfg": "[options]\ninstall_requires =\n  six\n"},
        {"setup.py": "from setuptools import setup\nsetup(name='lab', install_requires=['six'])\n"},
        {
            "pyproject.toml": '[project]\nname = "lab"\nversion = "1"\ndynamic = ["dependencies"]\n'
            '[tool.setuptools.dynamic]\ndependencies = { file = ["base.txt"] }\n',
            "base.txt": "six\n",
        },
        {
            "pyproject.toml": '[tool.poetry]\nname = "lab"\n[tool.poetry.dependencies]\npython = "^3.9"\nsix = "*"\n'
        },
    ],
    ids=["setup.cfg", "setup.py", "dynamic", "poetry"],
)
def test_its_dependencies_are_read_in_each_form(engine: Engine, plant: Plant, files: dict[str, str]):
    plant({"requirements.txt": "-e .\n", **files})
    assert described(engine, requirements="requirements.txt").requirements == "six\n"


def test_poetrys_versions_are_those_of_requirements(engine: Engine, plant: Plant):
    lines = 'a = "^1.2"\nb = "^0.3.1"\nc = "~2.1"\nd = "1.0"\ne = { version = ">=1,<2", extras = ["x"] }\n'
    plant({"requirements.txt": "-e .\n", "pyproject.toml": f"[tool.poetry.dependencies]\n{lines}"})
    assert described(engine, requirements="requirements.txt").requirements == (
        "a>=1.2,<2\nb>=0.3.1,<0.4\nc>=2.1,<2.2\nd==1.0\ne[x]>=1,<2\n"
    )


@pytest.mark.parametrize(
    ("files", "path"),
    [
        ({"src/lab/__init__.py": ""}, "src"),
        ({"lib/lab/__init__.py": "", "setup": '[tool.setuptools.packages.find]\nwhere = ["lib"]\n'}, "lib"),
        (
            {
                "lib/lab/__init__.py": "",
                "setup": '[tool.hatch.build.targets.wheel]\npackages = ["lib/lab"]\n',
            },
            "lib",
        ),
    ],
)
def test_its_packages_are_imported_from_the_copy_of_its_folder(
    engine: Engine, plant: Plant, files: dict[str, str], path: str
):
    plant(
        {"requirements.txt": "-e .\n", "pyproject.toml": PYPROJECT + BUILT + files.pop("setup", ""), **files}
    )
    assert described(engine, requirements="requirements.txt").variables == {"PYTHONPATH": path}


@pytest.mark.parametrize(
    "files",
    [
        {"pyproject.toml": PYPROJECT + BUILT.replace("setuptools.build_meta", "mesonpy")},
        {"pyproject.toml": PYPROJECT + BUILT.replace('"setuptools"', '"setuptools", "cython"')},
        {
            "setup.py": "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('a', ['a.c'])])\n"
        },
        {"setup.py": "from setuptools import setup\nsetup(install_requires=open('base.txt').readlines())\n"},
    ],
    ids=["backend", "cython", "extension", "computed"],
)
def test_a_project_that_compiles_or_computes_its_dependencies_is_built(
    engine: Engine, plant: Plant, files: dict[str, str]
):
    plant({"requirements.txt": "-e .\n", **files})
    found = described(engine, requirements="requirements.txt")
    assert (found.requirements, found.builds, found.variables) == ("", (".",), {})


def test_the_plan_says_why_a_project_is_built(engine: Engine, plant: Plant):
    plant(
        {
            "requirements.txt": "-e .\n",
            "pyproject.toml": PYPROJECT + BUILT.replace("setuptools.build_meta", "mesonpy"),
        }
    )
    assert described(engine, requirements="requirements.txt").origin == (
        "the project in '.' is built as a wheel: it compiles: build backend 'mesonpy'",
    )


# What is found


FILES = {
    "train.py": INLINE,
    "pyproject.toml": PYPROJECT,
    "requirements.txt": "six\n",
    "environment.yml": CONDA,
}


def test_inline_metadata_goes_before_all_else(engine: Engine, plant: Plant, project: Path):
    plant(FILES)
    make_venv(project / ".venv")
    found = described(engine)
    assert found.project
    assert found.project.pyproject == 'requires-python = ">=3.10"\ndependencies = ["six"]\n'
    assert (found.name, found.interpreter) == ("train", None)


def test_the_plan_says_what_is_taken_and_what_is_not(engine: Engine, plant: Plant, project: Path):
    plant(FILES)
    venv = make_venv(project / ".venv")
    assert reasons(engine).splitlines() == [
        "never built",
        "found inline metadata in train.py",
        f"not used: the virtual environment {str(venv)!r}, {str(project / 'pyproject.toml')!r},"
        f" {str(project / 'requirements.txt')!r}, {str(project / 'environment.yml')!r}",
    ]


def test_then_the_active_environment(
    engine: Engine, plant: Plant, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plant({**FILES, "train.py": ""})
    make_venv(project / ".venv")
    active = make_venv(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert described(engine).interpreter == active
    assert reasons(engine).startswith(f"the active Python interpreter, {str(active / 'bin' / 'python')!r}")


def test_then_an_activated_conda_environment(
    engine: Engine, plant: Plant, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plant({**FILES, "train.py": ""})
    make_venv(project / ".venv")
    active = make_conda(tmp_path / "conda")
    monkeypatch.setenv("CONDA_PREFIX", str(active))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "lab")
    assert described(engine).interpreter == active


def test_condas_base_environment_is_what_new_shells_have_and_comes_last(
    engine: Engine, plant: Plant, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("CONDA_PREFIX", str(make_conda(tmp_path / "conda")))
    monkeypatch.setenv("CONDA_DEFAULT_ENV", "base")
    plant({})
    assert described(engine).interpreter == tmp_path / "conda"
    plant({"environment.yml": CONDA})
    assert described(engine).interpreter is None


def test_then_a_virtual_environment_beside_the_script(engine: Engine, plant: Plant, project: Path):
    plant({**FILES, "train.py": ""})
    make_venv(project / ".venv")
    assert described(engine).interpreter == project / ".venv"


def test_a_virtual_environment_of_the_root_is_that_of_its_scripts(
    engine: Engine, plant: Plant, project: Path
):
    plant({"scripts/train.py": ""})
    make_venv(project / ".venv")
    assert described(engine, "scripts/train.py", root=".").interpreter == project / ".venv"


def test_above_the_root_nothing_is_found(engine: Engine, plant: Plant, project: Path):
    plant({"scripts/train.py": "", "requirements.txt": "six\n"})
    assert described(engine, "scripts/train.py").is_active_interpreter


def test_a_virtual_environment_that_is_broken_is_not_taken(engine: Engine, plant: Plant, project: Path):
    plant({"requirements.txt": "six\n"})
    venv = make_venv(project / ".venv")
    for python in (venv / "bin").glob("python*"):
        python.unlink()
    assert described(engine).requirements == "six\n"


def test_an_interpreter_has_a_description_for_platforms_that_build(
    engine: Engine, plant: Plant, project: Path
):
    plant({"requirements.txt": "six\n", "environment.yml": CONDA})
    make_venv(project / ".venv")
    found = described(engine)
    assert (found.interpreter, found.requirements, found.conda) == (project / ".venv", "six\n", None)
    assert found.origin == (
        f"not used on this machine: {str(project / 'requirements.txt')!r};"
        " platforms that build an environment use it",
        f"not used: {str(project / 'environment.yml')!r}",
    )


def test_a_description_that_cannot_be_read_is_no_obstacle_to_an_interpreter(
    engine: Engine, plant: Plant, project: Path
):
    plant({"requirements.txt": "-r gone.txt\n"})
    make_venv(project / ".venv")
    assert "gone.txt': No such file" in described(engine).origin[0]


def test_the_environment_of_a_command_that_uv_removes_is_not_taken(
    engine: Engine, plant: Plant, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    plant({})
    make_venv(project / ".venv")
    shown = "import os; print(os.environ['VIRTUAL_ENV']); input()"
    command = [binary(), "run", "--quiet", "--no-project", "--with", "iniconfig", "python", "-c", shown]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        monkeypatch.setenv("VIRTUAL_ENV", process.stdout.readline().strip())
        assert described(engine).interpreter == project / ".venv"
        process.stdin.close()


def test_then_a_project_with_its_lock(engine: Engine, plant: Plant, project: Path):
    plant({**FILES, "train.py": "", "uv.lock": "version = 1\n"})
    found = described(engine)
    assert found.project
    assert (found.project.pyproject, found.project.lock) == (PYPROJECT, "version = 1\n")
    assert found.name == "lab"
    assert found.origin[0] == f"found {str(project / 'pyproject.toml')!r} with its uv.lock"


def test_a_pyproject_without_dependencies_is_none(engine: Engine, plant: Plant):
    plant({"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "requirements.txt": "six\n"})
    found = described(engine)
    assert (found.project, found.requirements) == (None, "six\n")
    assert len(found.origin) == 1


def test_then_requirements_then_a_conda_specification(engine: Engine, plant: Plant, project: Path):
    plant({"requirements.txt": "six\n", "environment.yml": CONDA})
    assert described(engine).requirements == "six\n"
    (project / "requirements.txt").unlink()
    assert described(engine).conda == CONDA


@pytest.mark.parametrize("name", ["environment.yml", "environment.yaml", "conda.yml", "conda.yaml"])
def test_a_conda_specification_has_one_of_four_names(engine: Engine, plant: Plant, name: str):
    plant({name: CONDA})
    assert described(engine).conda == CONDA


def test_the_file_that_is_nearest_to_the_script_is_taken(engine: Engine, plant: Plant):
    plant({"requirements.txt": "six\n", "scripts/requirements.txt": "toml\n", "scripts/train.py": ""})
    assert described(engine, "scripts/train.py", root=".").requirements == "toml\n"


def test_with_nothing_it_is_the_interpreter_that_runs_dressage(engine: Engine, plant: Plant):
    plant({})
    assert described(engine) == Environment(name="interpreter")
    assert sys.prefix in reasons(engine)


def test_what_is_named_goes_before_what_is_found(engine: Engine, plant: Plant, project: Path):
    plant({**FILES, "other.txt": "toml\n"})
    make_venv(project / ".venv")
    found = described(engine, requirements="other.txt")
    assert (found.requirements, found.interpreter, found.project, found.origin) == ("toml\n", None, None, ())


# Projects


def test_the_group_dev_of_a_project_of_uv_is_installed_as_uv_run_does(engine: Engine, plant: Plant):
    groups = '[dependency-groups]\ndev = ["toml"]\nlint = ["ruff"]\n'
    plant({"pyproject.toml": f"{PYPROJECT}{groups}[tool.uv]\n"})
    found = described(engine, groups=("lint",), extras=())
    assert found.project
    assert found.project.groups == ("dev", "lint")


def test_a_project_may_be_named_as_requirements(engine: Engine, plant: Plant):
    plant({"lab/pyproject.toml": PYPROJECT})
    found = described(engine, requirements="lab/pyproject.toml", root=".")
    assert found.project
    assert found.project.pyproject == PYPROJECT


def test_local_sources_of_a_project_are_part_of_it_and_importable(engine: Engine, plant: Plant):
    sources = '[tool.uv.sources]\ntoolkit = { path = "../toolkit", editable = true }\n'
    toolkit = '[project]\nname = "toolkit"\nversion = "1.0"\ndependencies = ["toml"]\n' + BUILT
    plant({"lab/pyproject.toml": PYPROJECT + sources, "toolkit/pyproject.toml": toolkit, "lab/train.py": ""})
    found = described(engine, "lab/train.py", root=".")
    assert found.project
    assert (found.project.folder, found.project.files["toolkit"]) == ("lab", toolkit)
    assert found.variables == {"PYTHONPATH": "toolkit:."}


def test_a_member_of_a_workspace_has_the_workspaces_lock(engine: Engine, plant: Plant):
    plant(
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["members/*"]\n',
            "uv.lock": "version = 1\n",
            "members/one/pyproject.toml": PYPROJECT,
            "members/one/train.py": "",
            "members/two/pyproject.toml": PYPROJECT.replace("lab", "two"),
        }
    )
    found = described(engine, "members/one/train.py", root=".").project
    assert found
    assert (found.folder, found.lock, sorted(found.files)) == (
        "members/one",
        "version = 1\n",
        [".", "members/one", "members/two"],
    )


# What runs


SHOW = "import json, sys, six\nprint(json.dumps([sys.prefix, six.__version__]))\n"


def run(engine: Engine, project: Path, path: str = "train.py", **settings: Any) -> list[str]:
    ended = engine.run("script", set={"path": path, **settings})
    status = ended.wait()
    log = b"".join(ended.logs()).decode()
    assert status.state == "Completed", log
    found: list[str] = json.loads(log.splitlines()[-1])
    return found


def test_a_script_runs_with_its_inline_metadata(engine: Engine, plant: Plant, project: Path):
    plant({"train.py": INLINE.replace('"six"', '"six<1.17"') + SHOW})
    prefix, version = run(engine, project)
    assert (version, prefix.startswith(str(project / ".dressage"))) == ("1.16.0", True)


LOCK = """version = 1
requires-python = ">=3.10"

[manifest]
requirements = [{{ name = "six" }}]

[[package]]
name = "six"
version = "1.16.0"
source = {{ registry = "https://pypi.org/simple" }}
wheels = [
    {{ url = "https://packages.example/six-1.16.0-py2.py3-none-any.whl", hash = "sha256:{}" }},
]
""".format("8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254")


def test_a_script_runs_with_the_lock_beside_it(engine: Engine, plant: Plant, project: Path):
    plant({"train.py": INLINE + SHOW, "train.py.lock": LOCK})
    assert run(engine, project)[1] == "1.16.0"


def test_a_script_runs_in_the_virtual_environment_beside_it(engine: Engine, plant: Plant, project: Path):
    plant({"train.py": "import json, sys\nprint(json.dumps([sys.prefix]))\n"})
    make_venv(project / ".venv")
    assert run(engine, project) == [str(project / ".venv")]


def test_a_script_imports_the_copy_of_an_editable_project(engine: Engine, plant: Plant, project: Path):
    plant(
        {
            "scripts/train.py": "import json, lab, six\nprint(json.dumps([lab.__file__]))\n",
            "pyproject.toml": PYPROJECT + BUILT,
            "requirements.txt": "-e .\n",
            "src/lab/__init__.py": "",
        }
    )
    (imported,) = run(engine, project, "scripts/train.py", root=".", requirements="requirements.txt")
    assert imported.endswith("/src/lab/__init__.py")
    assert not imported.startswith(str(project / "src"))


def test_a_project_that_compiles_is_built_once_for_its_files(engine: Engine, plant: Plant, project: Path):
    plant(
        {
            "train.py": "import json, fast, six\nprint(json.dumps([str(fast.ANSWER)]))\n",
            "requirements.txt": "-e ./libs/fast\n",
            "libs/fast/setup.py": "from setuptools import Extension, setup\n"
            "setup(name='fast', version='1.0', py_modules=['fast'], install_requires=['six'],\n"
            "      ext_modules=[Extension('speed', ['speed.c'], optional=True)])\n",
            "libs/fast/fast.py": "ANSWER = 1\n",
            "libs/fast/speed.c": "not C at all\n",
        }
    )
    assert run(engine, project) == ["1"]
    (project / "train.py").write_text("import json, fast\nprint(json.dumps([str(fast.ANSWER), 'again']))\n")
    assert engine.plan("script", set={"path": "train.py"}).stage("environment").action == "reuse"
    (project / "libs/fast/fast.py").write_text("ANSWER = 2\n")
    assert engine.plan("script", set={"path": "train.py"}).stage("environment").action == "build"
    assert run(engine, project) == ["2", "again"]
