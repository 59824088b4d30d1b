"""`dressage plugins new NAME --from RECIPE` copies an installed recipe."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from tests.cli.test_plugins_new import KILLED, LONG, call, read_toml
from tests.conftest import REPOSITORY
from tests.fixtures import Dressage

from dressage.templates.rewriting import Renames, list_imports, rewrite

PYPROJECT = """
[build-system]
requires = ["hatchling>=1.27,<2"]
build-backend = "hatchling.build"

[project]
name = "lab"
version = "2.1"
dependencies = ["dressage>=0.1", "six>=1; python_version >= '3'", "keyring; extra == 'keys'"]

[project.entry-points."dressage.recipes"]
iris = "lab_iris.recipe:plugin"

[tool.hatch.build.targets.wheel]
packages = ["lab_iris", "lab_tools", "lab_other"]
"""
RECIPE = '''"""The recipe iris, in lab_iris."""

from dataclasses import dataclass

import lab_tools.paths
from dressage import DatasetFolder, FileDataset, Model, Script, Source, hookimpl, setting
from lab_iris import words
from lab_tools import SCRIPTS as FOLDER


@dataclass(frozen=True, kw_only=True)
class Settings:
    network: words.Network = setting("small", help="which network")
    rows: int = setting(10, help="number of rows", minimum=1)


class Iris:
    @hookimpl
    def settings(self) -> type:
        return Settings

    @hookimpl
    def dataset(self, settings: Settings) -> FileDataset:
        path = str(lab_tools.paths.find("iris.csv"))
        return FileDataset(name="iris", sources=(Source(path="iris.csv", addresses=(path,)),))

    @hookimpl
    def model(self, settings: Settings) -> Model:
        arguments = ("--rows", str(settings.rows), DatasetFolder())
        script = Script(
            directory=FOLDER,
            file=f"{settings.network}/train.py",
            arguments=arguments,
            only=(settings.network, "common.py"),
        )
        return Model(name="iris", script=script)


plugin = Iris()
'''
TRAIN = "print('lab_iris')\nopen('outputs/model', 'w').write('weights')\n"
LAB = {
    "pyproject.toml": PYPROJECT,
    "lab_iris/__init__.py": "DRESSAGE_CONTRACT = 1\n",
    "lab_iris/recipe.py": RECIPE,
    "lab_iris/words.py": "from typing import Literal\n\nNetwork = Literal['small', 'large']\n",
    "lab_tools/__init__.py": "from lab_tools.paths import SCRIPTS as SCRIPTS\n",
    "lab_tools/paths.py": (
        "from pathlib import Path\n\nHERE = Path(__file__).parent\nSCRIPTS = HERE / 'scripts'\n\n\n"
        "def find(name: str) -> Path:\n    return HERE / name\n"
    ),
    "lab_tools/iris.csv": "1,2\n",
    "lab_tools/scripts/common.py": "",
    "lab_tools/scripts/small/train.py": TRAIN,
    "lab_tools/scripts/large/train.py": TRAIN,
    "lab_tools/scripts/unused/train.py": "",
    "lab_other/__init__.py": "",
}
"""A distribution with a recipe, a library that it imports, and a package that it does not import."""

New = Callable[..., CompletedProcess[str]]


def write_lab(folder: Path, changed: Mapping[str, str] | None = None) -> Path:
    """Write the distribution. changed: other texts of its files."""
    for name, text in {**LAB, **(changed or {})}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def install(source: Path, site: Path, *words: str) -> None:
    call(
        "uv", "pip", "install", "-q", "--no-deps", "--target", str(site), *words, str(source), cwd=site.parent
    )


@pytest.fixture
def site(project: Path) -> Path:
    return project / "site"


@pytest.fixture
def new(dressage: Dressage, site: Path) -> New:
    """A function that calls `dressage plugins new`, with what is installed in `site`."""

    def call_new(*words: str, **variables: str) -> CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(site), **variables}
        return dressage("plugins", "new", *words, env=environ)

    return call_new


def written(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def refused(result: CompletedProcess[str], project: Path) -> str:
    """Return the only line of an error, after which nothing was written."""
    assert (result.returncode, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert not list(project.glob("*mine*"))
    return line


class TestOfTheProject:
    """Copies of keras-mnist."""

    def test_the_copy_has_the_scripts_and_the_data_of_the_recipe(self, new: New, project: Path):
        assert new("my-digits", "--from", "keras-mnist").returncode == 0
        source = project / "dressage-my-digits" / "src" / "dressage_my_digits"
        files = written(source)
        assert {"conda/jax-cpu.yml", "py.typed", "__init__.py"} <= set(files)
        assert any(name.endswith("train-images-idx3-ubyte.gz") for name in files)
        trained = {path.name: path.read_bytes() for path in source.rglob("training_scripts/keras_mnist/*.py")}
        original = REPOSITORY / "training_scripts" / "keras_mnist"
        assert trained == {path.name: path.read_bytes() for path in original.glob("*.py")}

    def test_the_names_are_those_of_the_new_plugin(self, new: New, project: Path):
        new("--from", "keras-mnist", "my-digits", "--directory", "own")
        described = read_toml(project / "own")["project"]
        assert described["name"] == "dressage-my-digits"
        assert described["entry-points"] == {"dressage.recipes": {"my-digits": "dressage_my_digits"}}
        code = "".join(
            path.read_text() for path in (project / "own" / "src" / "dressage_my_digits").glob("*.py")
        )
        assert "keras-mnist" not in code
        assert "dressage_keras_mnist" not in code

    def test_it_prints_the_files_and_the_next_commands(self, new: New, project: Path):
        files, _, commands = new("my-digits", "--from", "keras-mnist").stdout.partition("next:\n")
        folder = project / "dressage-my-digits"
        assert files.split() == ["created", str(folder), *written(folder)]
        assert commands.split() == f"cd {folder} uv run pytest uv run dressage run my-digits".split()

    def test_the_license_is_copied(self, new: New, project: Path):
        new("my-digits", "--from", "keras-mnist")
        folder = project / "dressage-my-digits"
        assert (folder / "licenses" / "LICENSE").read_text() == (REPOSITORY / "LICENSE").read_text()
        assert "from keras-mnist of dressage " in (folder / "README.md").read_text()

    def test_after_a_kill_there_are_all_files_or_none(self, new: New, project: Path):
        new("my-digits", "--from", "keras-mnist", "--directory", "complete")
        outcomes = set()
        for moment in (1, 40, 80, 120, 1000):
            words = ["plugins", "new", "my-digits", "--from", "keras-mnist", "--directory", "killed"]
            subprocess.run(
                [sys.executable, "-c", KILLED, str(moment), *words], cwd=project, capture_output=True
            )
            outcomes.add(tuple(written(project / "killed")))
            shutil.rmtree(project / "killed", ignore_errors=True)
        assert outcomes == {(), tuple(written(project / "complete"))}

    @pytest.mark.slow
    def test_the_copy_from_a_wheel_is_the_same(self, new: New, project: Path):
        call("uv", "build", "-q", "--wheel", "--out-dir", str(project / "dist"), str(REPOSITORY), cwd=project)
        (wheel,) = (project / "dist").glob("*.whl")
        words = ("plugins", "new", "my-digits", "--from", "sklearn-digits", "--directory", "from-wheel")
        call("uv", "tool", "run", "--isolated", "--from", str(wheel), "dressage", *words, cwd=project)
        new("my-digits", "--from", "sklearn-digits", "--directory", "from-checkout")
        wheels, checkouts = project / "from-wheel" / "src", project / "from-checkout" / "src"
        assert written(wheels) == written(checkouts)
        for path in written(wheels):
            assert (wheels / path).read_bytes() == (checkouts / path).read_bytes()

    @pytest.mark.slow
    def test_the_tests_of_the_copy_pass(self, new: New, project: Path):
        new("my-digits", "--from", "keras-mnist")
        assert " passed" in call("uv", "run", "pytest", cwd=project / "dressage-my-digits")

    @pytest.mark.slow
    @pytest.mark.timeout(900)
    def test_the_copy_trains_the_same_model(self, new: New, dressage: Dressage, project: Path):
        new("my-digits", "--from", "keras-mnist")
        install(project / "dressage-my-digits", project / "site")
        environ = {**os.environ, "PYTHONPATH": str(project / "site")}
        digests = []
        for recipe in ("keras-mnist", "my-digits"):
            words = ("--set", "data=digits", "--set", "epochs=2", "--set", "backend=jax")
            ran = dressage("run", recipe, *words, env=environ)
            assert ran.returncode == 0, ran.stderr
            shown = json.loads(dressage("models", "show", recipe, "-o", "json", env=environ).stdout)
            digests.append(shown["digest"])
        assert digests[0] == digests[1]


class TestOfOthers:
    """Copies of a recipe of another distribution."""

    @pytest.mark.parametrize("options", [(), ("-e",)], ids=["wheel", "editable"])
    def test_an_installed_recipe_is_copied_with_the_library_that_it_imports(
        self, options: tuple[str, ...], new: New, dressage: Dressage, project: Path, site: Path
    ):
        install(write_lab(project / "lab"), site, *options)
        path = os.pathsep.join(map(str, [site, *([project / "lab"] if options else [])]))
        assert new("mine", "--from", "iris", PYTHONPATH=path).returncode == 0
        files = written(project / "dressage-mine" / "src" / "dressage_mine")
        scripts = [f"lab_tools/scripts/{name}" for name in ("common.py", "large/train.py", "small/train.py")]
        library = ["lab_tools/__init__.py", "lab_tools/iris.csv", "lab_tools/paths.py", *scripts]
        assert files == sorted(["__init__.py", "py.typed", "recipe.py", "words.py", *library])

    def test_the_copy_works_without_the_original(
        self, new: New, dressage: Dressage, project: Path, site: Path
    ):
        install(write_lab(project / "lab"), site)
        new("mine", "--from", "iris")
        install(project / "dressage-mine", project / "other")
        environ = {**os.environ, "PYTHONPATH": str(project / "other")}
        ran = dressage("run", "mine", "--set", "network=large", env=environ)
        assert ran.returncode == 0, ran.stderr
        assert "lab_iris\n" in ran.stdout  # the scripts are not changed
        listed = json.loads(dressage("datasets", "list", "-o", "json", env=environ).stdout)
        assert [item["name"] for item in listed] == ["mine"]

    def test_what_the_distribution_requires_is_required_by_the_copy(
        self, new: New, project: Path, site: Path
    ):
        install(write_lab(project / "lab"), site)
        new("mine", "--from", "iris")
        ours, *theirs = read_toml(project / "dressage-mine")["project"]["dependencies"]
        assert ours.startswith("dressage>=")
        assert [requirement.partition(";")[0].strip() for requirement in theirs] == ["six>=1"]

    def test_scripts_beside_the_package_move_into_it(self, new: New, project: Path):
        """As in a checkout whose wheel has them in the package."""
        lab = write_lab(
            project / "lab",
            {
                "lab_tools/paths.py": (
                    "from pathlib import Path\n\nHERE = Path(__file__).parent\nINSTALLED = HERE / 'scripts'\n"
                    "SCRIPTS = INSTALLED if INSTALLED.is_dir() else HERE.parent / 'scripts'\n"
                    "find = HERE.joinpath\n"
                )
            },
        )
        (lab / "lab_tools" / "scripts").rename(lab / "scripts")
        install(lab, project / "site", "-e")
        path = os.pathsep.join([str(project / "site"), str(lab)])
        result = new("mine", "--from", "iris", PYTHONPATH=path)
        assert result.returncode == 0, result.stderr
        files = written(project / "dressage-mine" / "src" / "dressage_mine")
        assert "lab_tools/scripts/large/train.py" in files
        assert "scripts/large/train.py" not in files

    def test_a_copy_can_be_copied(self, new: New, project: Path, site: Path):
        install(write_lab(project / "lab"), site)
        new("mine", "--from", "iris")
        install(project / "dressage-mine", site)
        new("again", "--from", "mine")
        names = [
            written(project / f"dressage-{name}" / "src" / f"dressage_{name}") for name in ("mine", "again")
        ]
        assert names[0] == names[1]

    def test_a_recipe_that_the_generator_wrote_is_copied(self, new: New, project: Path, site: Path):
        new("first", "--recipe")
        install(project / "dressage-first", site)
        new("second", "--from", "first")
        for name in ("pyproject.toml", "src/dressage_second/plugin.py"):
            first = (project / "dressage-first" / name.replace("second", "first")).read_text()
            second = (project / "dressage-second" / name).read_text()
            lines = zip(first.splitlines(), second.splitlines(), strict=True)
            assert [a for a, b in lines if a.replace("first", "second") != b] == (
                ['description = "A recipe for dressage: first."'] if name == "pyproject.toml" else []
            )

    @pytest.mark.slow
    @pytest.mark.parametrize("name", ["x", LONG])
    def test_the_code_of_the_copy_passes_ruff_and_mypy(self, name: str, new: New, project: Path, site: Path):
        """As that of the original does, which the generator wrote."""
        new("first", "--recipe")
        install(project / "dressage-first", site)
        new(name, "--from", "first", "--directory", "lab")
        folder = project / "lab"
        call("uv", "tool", "run", "ruff@0.17", "check", cwd=folder)
        call("uv", "tool", "run", "ruff@0.17", "format", "--check", cwd=folder)
        call("uv", "run", "-q", "--with", "mypy>=2.4,<3", "mypy", "--strict", "src", "tests", cwd=folder)

    def test_settings_that_the_recipe_needs_are_given_to_it_and_to_the_tests(
        self, new: New, project: Path, site: Path
    ):
        needy = (
            RECIPE.replace('setting(10, help="number of rows", minimum=1)', "setting(None, help='rows')")
            .replace("rows: int", "rows: int | None")
            .replace("        arguments =", "        lab_tools.need(settings.rows)\n        arguments =")
        )
        tools = LAB["lab_tools/__init__.py"] + (
            "from dressage import SettingsError\n\n\ndef need(rows: int | None) -> None:\n"
            "    if rows is None:\n        raise SettingsError('setting rows: give a number')\n"
        )
        install(
            write_lab(project / "lab", {"lab_iris/recipe.py": needy, "lab_tools/__init__.py": tools}), site
        )
        assert refused(new("mine", "--from", "iris"), project) == "error: setting rows: give a number"
        result = new("mine", "--from", "iris", "--set", "rows=7")
        assert result.stdout.endswith("uv run dressage run mine --set rows=7\n")
        assert 'return {"rows": "7"}' in (project / "dressage-mine" / "tests" / "test_mine.py").read_text()

    def test_a_path_among_the_settings_becomes_absolute(self, new: New, project: Path):
        """The tests of the copy run in another folder."""
        (project / "table.csv").write_text("x,y\n1,2\n")
        new("mine", "--from", "lightgbm-csv", "--set", "data=table.csv", "--set", "target=y")
        given = json.dumps({"data": str(project / "table.csv"), "target": "y"})
        assert f"return {given}" in (project / "dressage-mine" / "tests" / "test_mine.py").read_text()


class TestRefusals:
    """Each is one line, and nothing is written."""

    def test_an_unknown_recipe(self, new: New, project: Path):
        line = refused(new("mine", "--from", "kers-mnist"), project)
        assert line.startswith("error: no recipe named 'kers-mnist'; did you mean 'keras-mnist'?")

    def test_a_recipe_without_a_setting_that_it_needs(self, new: New, project: Path):
        line = refused(new("mine", "--from", "lightgbm-csv"), project)
        assert line.startswith("error: setting data is missing; give the path or URL of a CSV file")

    @pytest.mark.parametrize("kind", ["--recipe", "--policy"])
    def test_a_kind_with_from(self, kind: str, new: New, project: Path):
        line = refused(new("mine", "--from", "keras-mnist", kind), project)
        assert f"{kind} and --from were given; give one of " in line

    def test_settings_without_from(self, new: New, project: Path):
        line = refused(new("mine", "--recipe", "--set", "rows=1"), project)
        assert line.startswith("error: --set was given without --from RECIPE")

    def test_a_file_of_the_project(self, new: New, project: Path):
        (project / "flat.py").write_text(
            "from dressage import hookimpl\n\n\n@hookimpl\ndef model(settings): ...\n"
        )
        (project / "dressage.toml").write_text('plugins = ["./flat.py"]\n')
        line = refused(new("mine", "--from", "flat"), project)
        assert "recipe 'flat' cannot be copied: it is the file './flat.py' of this project" in line

    def test_a_script_that_is_not_part_of_the_recipe(self, new: New, project: Path):
        (project / "train.py").touch()
        line = refused(new("mine", "--from", "script", "--set", f"path={project / 'train.py'}"), project)
        assert (
            f"recipe 'script' cannot be copied: its script is in {str(project)!r}, outside of its package"
            in line
        )

    def test_a_compiled_module(self, new: New, project: Path, site: Path):
        install(write_lab(project / "lab"), site)
        (site / "lab_tools" / "fast.cpython-311-x86_64-linux-gnu.so").touch()
        line = refused(new("mine", "--from", "iris"), project)
        assert "it has the compiled module 'fast.cpython-311-x86_64-linux-gnu.so' in 'lab_tools'" in line

    def test_no_source_code(self, new: New, project: Path, site: Path):
        install(write_lab(project / "lab"), site)
        call(sys.executable, "-m", "compileall", "-q", "-b", "lab_iris", cwd=site)
        (site / "lab_iris" / "__init__.py").unlink()
        assert "it has no source code: its module 'lab_iris' is" in refused(
            new("mine", "--from", "iris"), project
        )

    def test_an_import_that_cannot_be_renamed(self, new: New, project: Path, site: Path):
        hidden = LAB["lab_iris/words.py"] + "import importlib\nimportlib.import_module('lab_' + 'tools')\n"
        install(write_lab(project / "lab", {"lab_iris/words.py": hidden}), site)
        line = refused(new("mine", "--from", "iris"), project)
        assert "the copy imports 'lab_tools' in a way that cannot be renamed" in line

    def test_data_that_is_not_in_the_package(self, new: New, project: Path):
        lab = write_lab(
            project / "lab",
            {
                "lab_tools/paths.py": LAB["lab_tools/paths.py"].replace("HERE / name", "HERE.parent / name"),
            },
        )
        (lab / "iris.csv").touch()
        install(lab, project / "site", "-e")
        line = refused(
            new("mine", "--from", "iris", PYTHONPATH=os.pathsep.join([str(project / "site"), str(lab)])),
            project,
        )
        assert "its data is not in its package: a copy looks for 'src/dressage_mine/iris.csv'" in line

    def test_a_copy_that_fails(self, new: New, project: Path, site: Path):
        """It needs the metadata of its distribution under its package's name."""
        failing = LAB["lab_iris/words.py"] + "assert __name__.startswith('lab_'), 'not in the lab'\n"
        install(write_lab(project / "lab", {"lab_iris/words.py": failing}), site)
        assert "the copy fails: AssertionError: not in the lab" in refused(
            new("mine", "--from", "iris"), project
        )


@pytest.mark.parametrize(
    ("code", "wanted"),
    [
        ("import lab", "import mine"),
        ("import lab.a as b, os  # lab", "import mine.a as b, os  # lab"),
        ("from lab import lab", "from mine import lab"),
        ("from  lab.a import b", "from  mine.a import b"),
        ("from .lab import a", "from .lab import a"),
        ("import lab\nlab.a.b(lab=lab)", "import mine\nmine.a.b(lab=mine)"),
        ("lab = 1\nx.lab = lab", "lab = 1\nx.lab = lab"),
        ("import tools.x\ny = tools.x.z", "import mine.tools.x\ny = mine.tools.x.z"),
        ("import labs, lab_a", "import labs, lab_a"),
        ('import lab\nx = f"""\n{lab.a}"""', 'import mine\nx = f"""\n{mine.a}"""'),
        ("f('lab.a', 'lab', 'a lab', 'labs')", "f('mine.a', 'mine', 'a lab', 'labs')"),
        ("ü = 'é'; import lab", "ü = 'é'; import mine"),
        ("f(name='old')\nf('old')", "f(name='new')\nf('old')"),
        ("NAME: str = 'old'\nx = f'{NAME} old'", "NAME: str = 'new'\nx = f'{NAME} old'"),
        ("{{ a template", "{{ a template"),
    ],
)
def test_names_in_code_are_replaced(code: str, wanted: str):
    renames = Renames({"lab": "mine", "tools": "mine.tools"}, ("old", "new"))
    assert rewrite(code.encode(), renames).decode() == wanted


def test_text_that_can_only_be_the_name_of_the_recipe_is_replaced():
    code = b"describe('my-net', 'my-net-2', {'my-net': 1})"
    assert rewrite(code, Renames({}, ("my-net", "new"))) == b"describe('new', 'my-net-2', {'new': 1})"


def test_words_in_docstrings_are_replaced_if_they_are_no_ordinary_words():
    renames = Renames({"my_lab": "mine", "lab": "other"}, ("my-net", "new"))
    code = '"""my-net of my_lab in the lab; not my-net-2."""\n'
    assert rewrite(code.encode(), renames).decode() == '"""new of mine in the lab; not my-net-2."""\n'


def test_imports_are_listed_without_relative_ones():
    assert list_imports(b"import a.b\nfrom c import d\nfrom . import e\nfrom .f import g\n") == {"a.b", "c.d"}


def test_an_address_with_a_password_is_refused(dressage: Dressage, project: Path):
    ran = dressage(
        "plugins", "new", "mine", "--from", "lightgbm-csv", "--set", "data=http://a:pw-1@host/a.csv"
    )
    assert (ran.returncode, ran.stderr.count("\n")) == (2, 1)
    assert "the files of a plugin must have no password" in ran.stderr
    assert "pw-1" not in ran.stdout + ran.stderr
    assert not (project / "dressage-mine").exists()
