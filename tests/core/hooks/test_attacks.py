"""A policy is never passed over in silence: files, metadata and settings that would hide one are errors."""

import sys
import zipfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.core.hooks.conftest import Install
from tests.fixtures import Dressage
from tests.recipes import Tiny

from dressage import ComputeTarget, DressageError, Engine, Model, PluginError, SettingsError, hookimpl

REFUSES = """
from dressage import hookimpl, SettingsError

@hookimpl(wrapper=True)
def compute():
    yield
    raise SettingsError("refused")
"""
PLAIN_MODEL = "def model(settings): ...\n"


def plan(project: Path, tiny: Tiny) -> None:
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    engine.plan("tiny")


@pytest.mark.parametrize(
    "text",
    [
        f"@hookimpl\n{PLAIN_MODEL}",
        f"@hookimpl(wrapper=1)\n{PLAIN_MODEL}",
        f"W = True\n@hookimpl(wrapper=W)\n{PLAIN_MODEL}",
        f"O = {{'wrapper': True}}\n@hookimpl(**O)\n{PLAIN_MODEL}",
        f"@hookimpl(None, False, False, False, None, True)\n{PLAIN_MODEL}",
        "@hookimpl(wrapper=True)\ndef platform(): yield\n",
        f"if compute:\n    @hookimpl(wrapper=True)\n    {PLAIN_MODEL}\nelse:\n    @hookimpl\n    {PLAIN_MODEL}",
        f"DRESSAGE_CONTRACT = 2\n@hookimpl\n{PLAIN_MODEL}",
        "tags = hookimpl(wrapper=True)(compute)\n",
        "class House:\n    @hookimpl\n    def model(self): ...\n",
        "@hookimpl\nasync def model(settings): ...\n",
        "(" * 300 + ")" * 300 + "\n",
    ],
)
def test_a_policy_file_that_looks_like_something_else_stops_every_plan(text: str, project: Path, tiny: Tiny):
    (project / "house.py").write_text(REFUSES + text)
    (project / "dressage.toml").write_text('plugins = ["./house.py"]\n')
    with pytest.raises(DressageError, match="'house'"):
        plan(project, tiny)


@pytest.mark.parametrize(
    "text", [b"\xef\xbb\xbf" + REFUSES.encode(), b"# coding: latin-1\n# \xe9\n" + REFUSES.encode()]
)
def test_a_policy_file_is_read_as_python_reads_it(text: bytes, project: Path, tiny: Tiny):
    (project / "house.py").write_bytes(text)
    (project / "dressage.toml").write_text('plugins = ["./house.py"]\n')
    with pytest.raises(SettingsError, match="policy 'house': refused"):
        plan(project, tiny)


def test_a_file_is_named_as_it_is_written_although_it_is_a_link(project: Path, tiny: Tiny):
    (project / "one.py").write_text(REFUSES)
    (project / "two.py").symlink_to("one.py")
    (project / "dressage.toml").write_text('plugins = ["./two.py"]\n')
    with pytest.raises(SettingsError, match="policy 'two': refused"):
        plan(project, tiny)


@pytest.mark.parametrize(
    "source",
    [
        "",
        "def compute(): return None\n",
        f"{REFUSES}\ndef tags():\n    yield\n",
        REFUSES.replace("wrapper=True", "hookwrapper=True"),
    ],
)
def test_a_policy_whose_hooks_are_not_marked_is_refused(
    source: str, project: Path, tiny: Tiny, install: Install
):
    install("policies", "house", source)
    with pytest.raises(PluginError, match=r"'house' \(lab 1\.2\) failed in registering"):
        plan(project, tiny)


class TestDescriptions:
    """What a plugin does to a description that it is given reaches nobody else."""

    def test_a_recipe_cannot_undo_a_cap(self, engine: Engine, tiny: Tiny):
        class Undoes:
            settings, dataset, model = tiny.settings, tiny.dataset, tiny.model

            @hookimpl
            def environment(self, compute: ComputeTarget) -> None:
                object.__setattr__(compute, "max_nodes", 99)
                compute.tags["cap"] = "gone"  # type: ignore[index]  # on purpose

        class Cap:
            @hookimpl(wrapper=True)
            def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
                return replace((yield), max_nodes=1, tags={"cap": "1"})

        engine.plugins.add("recipe", "undoes", Undoes())
        engine.plugins.add("policy", "cap", Cap())
        target = engine.describe("undoes").compute
        assert (target.max_nodes, target.tags) == (1, {"cap": "1"})

    def test_a_policy_cannot_change_the_target_of_another_hook(self, engine: Engine, tiny: Tiny):
        class Changes:
            @hookimpl(wrapper=True)
            def model(self, compute: ComputeTarget) -> Generator[None, Model, Model]:
                compute.tags["owner"] = "x"  # type: ignore[index]  # on purpose
                return (yield)

        engine.plugins.add("policy", "changes", Changes())
        assert engine.describe("tiny").compute.tags == {}


class TestMetadata:
    """entry_points.txt and the folders around it."""

    @pytest.mark.parametrize(
        "text",
        [
            b"\xef\xbb\xbf[dressage.policies]\nhouse = lab_house\n",
            b"[Dressage.Policies]\nhouse = lab_house\n",
            b"[dressage.policies] # ours\nhouse = lab_house\n",
            b"[dressage.policies]\r\nhouse = lab_house\r\n",
            b"[other]\nx = y\n# \xff\n[dressage.policies]\nhouse = lab_house\n",
        ],
    )
    def test_an_odd_file_hides_no_policy(self, text: bytes, project: Path, tiny: Tiny, install: Install):
        site = install("policies", "house", REFUSES)
        (site / "lab-1.2.dist-info" / "entry_points.txt").write_bytes(text)
        with pytest.raises(SettingsError, match="policy 'house': refused"):
            plan(project, tiny)

    @pytest.mark.parametrize("line", [b"house", b"house =", b"house = lab_\xff"])
    def test_a_line_that_cannot_be_read_stops_every_plan(
        self, line: bytes, project: Path, tiny: Tiny, install: Install
    ):
        site = install("policies", "house", REFUSES)
        (site / "lab-1.2.dist-info" / "entry_points.txt").write_bytes(b"[dressage.policies]\n" + line)
        with pytest.raises(PluginError, match=r"'house' \(lab 1\.2\) .*entry_points\.txt has the line"):
            plan(project, tiny)

    @pytest.mark.parametrize("left_over", ["lab-1.1.dist-info", "lab.egg-info"])
    def test_a_folder_that_is_left_over_hides_no_policy(
        self, left_over: str, project: Path, tiny: Tiny, install: Install
    ):
        site = install("policies", "house", REFUSES)
        (site / left_over).mkdir()
        with pytest.raises(SettingsError, match="policy 'house': refused"):
            plan(project, tiny)

    def test_a_distribution_that_takes_the_name_of_another_hides_no_policy(
        self, project: Path, tiny: Tiny, install: Install
    ):
        install("policies", "house", REFUSES, version="1.0")
        site = install("policies", "mine", "", version="2.0")
        (site / "lab-2.0.dist-info" / "entry_points.txt").write_text("")
        with pytest.raises(SettingsError, match="policy 'house': refused"):
            plan(project, tiny)

    def test_a_policy_in_an_archive_is_found(
        self, project: Path, tiny: Tiny, install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        site = install("policies", "house", REFUSES)
        with zipfile.ZipFile(tmp_path / "lab.zip", "w") as archive:
            for path in site.rglob("*"):
                archive.write(path, path.relative_to(site))
        monkeypatch.setattr("sys.path", [str(tmp_path / "lab.zip"), *(p for p in sys.path if p != str(site))])
        with pytest.raises(SettingsError, match="policy 'house': refused"):
            plan(project, tiny)

    @pytest.mark.parametrize("value", ["lab.rules", "lab.rules:policy"])
    def test_the_contract_of_a_package_counts_for_its_modules(
        self, value: str, project: Path, tiny: Tiny, install: Install
    ):
        site = install("policies", "house", "")
        (site / "lab").mkdir()
        (site / "lab" / "__init__.py").write_text("DRESSAGE_CONTRACT = 2\n")
        (site / "lab" / "rules.py").write_text(REFUSES + "policy = object()\n")
        (site / "lab-1.2.dist-info" / "entry_points.txt").write_text(
            f"[dressage.policies]\nhouse = {value}\n"
        )
        with pytest.raises(PluginError, match="it is written for contract 2"):
            plan(project, tiny)


class TestSettingsFiles:
    """Files that require policies."""

    @pytest.mark.parametrize("kind", ["link", "folder"])
    def test_a_file_that_cannot_be_read_is_not_ignored(
        self, kind: str, project: Path, tiny: Tiny, machine_file: Path
    ):
        machine_file.symlink_to("gone") if kind == "link" else machine_file.mkdir()
        with pytest.raises(SettingsError, match=r"cannot read '.*machine/dressage/dressage\.toml'"):
            plan(project, tiny)

    def test_a_relative_folder_of_settings_files_does_not_count(
        self, project: Path, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
    ):
        (project / "x" / "dressage").mkdir(parents=True)
        (project / "x" / "dressage" / "dressage.toml").write_text('[plugins]\nrequired = ["house"]\n')
        monkeypatch.setenv("XDG_CONFIG_DIRS", "x")
        plan(project, tiny)

    def test_two_files_that_require_a_policy_have_to_choose_the_same_provider(
        self, project: Path, tiny: Tiny, user_file: Path, machine_file: Path, install: Install
    ):
        install("policies", "house", REFUSES, distribution="house-rules")
        install("policies", "house", "", distribution="other")
        user_file.write_text('[plugins]\nrequired = ["house"]\nhouse = "house-rules"\n')
        machine_file.write_text('[plugins]\nrequired = ["house"]\nhouse = "other"\n')
        with pytest.raises(
            SettingsError, match=r"policy 'house' is required, and .*; choose the same one in both"
        ):
            plan(project, tiny)

    def test_a_file_in_two_places_counts_in_the_weakest(
        self, tiny: Tiny, user_file: Path, machine_file: Path, install: Install
    ):
        install("policies", "house", REFUSES, distribution="house-rules")
        install("policies", "house", "", distribution="other")
        user_file.write_text('[plugins]\nhouse = "other"\n')
        machine_file.write_text('[plugins]\nrequired = ["house"]\n')
        with pytest.raises(SettingsError, match="policy 'house' is provided by"):
            plan(machine_file.parent, tiny)

    @pytest.mark.parametrize("key", ["requires", "require", "disable", "orders", "file"])
    def test_a_misspelt_key_is_not_taken_for_the_name_of_a_plugin(self, key: str, project: Path, tiny: Tiny):
        (project / "dressage.toml").write_text(f'[plugins]\n{key} = "house"\n')
        with pytest.raises(SettingsError, match=rf"plugins\.{key} is unknown; did you mean"):
            plan(project, tiny)

    @pytest.mark.parametrize(
        "text", ['plugins = ["~nobody-here/x.py"]\n', '[plugins]\nx = "~nobody-here/x.py"\n']
    )
    def test_a_path_that_is_none_is_one_line_of_error(self, text: str, project: Path, tiny: Tiny):
        (project / "dressage.toml").write_text(text)
        with pytest.raises(SettingsError, match=r"'~nobody-here/x.py' is not a path"):
            plan(project, tiny)


def test_a_file_that_has_the_name_of_a_recipe_does_not_hide_it_from_policies(
    project: Path, dressage: Dressage
):
    (project / "house.py").write_text(REFUSES)
    (project / "dressage.toml").write_text('plugins = ["./house.py"]\n')
    (project / "keras-mnist").write_text("name: other\n")
    result = dressage("environments", "build", "keras-mnist")
    assert (result.returncode, result.stderr) == (2, "error: policy 'house': refused\n")


DECORATED = """
import functools
from dressage import hookimpl, SettingsError

class logged:
    def __init__(self, function):
        functools.update_wrapper(self, function)
        self.function = function
    def __call__(self, *given, **named):
        return self.function(*given, **named)

@hookimpl(wrapper=True)
def tags():
    return (yield)

{}
def compute():
    yield
    raise SettingsError("refused")
"""


@pytest.mark.parametrize(
    "marks",
    ["@logged\n@hookimpl(wrapper=True)", "@hookimpl(wrapper=True)\n@logged", "@logged", "@functools.partial"],
)
def test_a_hook_that_would_not_be_called_is_an_error(marks: str, project: Path, tiny: Tiny, install: Install):
    install("policies", "house", DECORATED.format(marks))
    with pytest.raises(PluginError, match="'compute' is not"):
        plan(project, tiny)


def test_a_decorator_that_hides_the_yield_is_named(project: Path, tiny: Tiny, install: Install):
    timed = "def timed(function):\n    return lambda: function()\n"
    install("policies", "house", DECORATED.format(f"{timed}\n@hookimpl(wrapper=True)\n@timed"))
    with pytest.raises(PluginError, match="a decorator that returns a function without yield hides it"):
        plan(project, tiny)


def test_a_recipe_may_not_wrap(engine: Engine):
    class Mixed:
        @hookimpl(wrapper=True)
        def compute(self) -> Generator[None, ComputeTarget, ComputeTarget]:
            return (yield)

        @hookimpl
        def model(self) -> None: ...

    engine.plugins.add("recipe", "mixed", Mixed())
    with pytest.raises(
        PluginError, match="hook 'compute' is marked wrapper=True; only the hooks of policies wrap"
    ):
        engine.plan("mixed")


def test_an_older_version_of_a_distribution_does_not_claim_a_policy_twice(
    project: Path, tiny: Tiny, install: Install
):
    site = install("policies", "house", "1 / 0", version="1.0")
    (site / "lab_old.py").write_text("1 / 0")
    (site / "lab-1.0.dist-info" / "entry_points.txt").write_text("[dressage.policies]\nhouse = lab_old\n")
    install("policies", "house", REFUSES, version="2.0")
    with pytest.raises(SettingsError, match="policy 'house': refused"):
        plan(project, tiny)


def test_an_entry_points_file_that_cannot_be_read_stops_every_plan(
    project: Path, tiny: Tiny, install: Install
):
    points = install("policies", "house", REFUSES) / "lab-1.2.dist-info" / "entry_points.txt"
    points.unlink()
    points.mkdir()
    with pytest.raises(PluginError, match=r"cannot read '.*entry_points\.txt': Is a directory"):
        plan(project, tiny)


def test_a_required_policy_does_not_hinder_the_choice_of_a_recipe(
    project: Path, tiny: Tiny, machine_file: Path, install: Install
):
    model = (
        "from pathlib import Path\nfrom dressage import Model, Script, hookimpl\n@hookimpl\ndef model():\n"
        "    return Model(name='{}', script=Script(command='true', directory=Path(__file__).parent))\n"
    )
    install(
        "policies",
        "house",
        "from dressage import hookimpl\n@hookimpl(wrapper=True)\ndef tags():\n    return (yield)\n",
    )
    install("recipes", "house", model.format("a"), distribution="house-a")
    install("recipes", "house", model.format("b"), distribution="house-b")
    machine_file.write_text('[plugins]\nrequired = ["house"]\nhouse = "lab"\n')
    (project / "dressage.toml").write_text('[plugins]\nhouse = "house-a"\n')
    assert Engine(project).describe("house").model.name == "a"
