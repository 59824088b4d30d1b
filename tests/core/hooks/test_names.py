"""Who provides a name: nothing is taken because it comes first in the alphabet."""

import sys
from pathlib import Path

import pytest
from tests.core.hooks.conftest import Install
from tests.recipes import Tiny

from dressage import Engine, NotFoundError, PluginError, SettingsError
from dressage.hooks.entrypoints import find_entry_points

RECIPE = """
from pathlib import Path
from dressage import Model, Script, hookimpl

DRESSAGE_CONTRACT = 1
NAME = {name!r}

@hookimpl
def model():
    return Model(name=NAME, script=Script(command="true", directory=Path(__file__).parent))
"""
POLICY = """
from dressage import hookimpl

@hookimpl(wrapper=True)
def tags():
    return {**(yield), "judged": "yes"}
"""


def model_of(engine: Engine, recipe: str = "mnist") -> str | None:
    return engine.describe(recipe).model.name


def test_two_distributions_that_claim_a_recipe_are_both_named_with_the_setting(
    project: Path, install: Install
):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    install("recipes", "mnist", RECIPE.format(name="b"), distribution="keras-extras", version="0.3")
    with pytest.raises(
        SettingsError,
        match=r"recipe 'mnist' is provided by 'keras-extras 0\.3' and 'lab 1\.2'; choose one:"
        r' write mnist = "keras-extras" below \[plugins\] in dressage\.toml$',
    ):
        model_of(Engine(project))


@pytest.mark.parametrize(("choice", "name"), [("lab", "a"), ("keras-extras", "b"), ("Keras_Extras", "b")])
def test_a_setting_chooses_who_provides_a_name(choice: str, name: str, project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    install("recipes", "mnist", RECIPE.format(name="b"), distribution="keras-extras")
    (project / "dressage.toml").write_text(f'[plugins]\nmnist = "{choice}"\n')
    assert model_of(Engine(project)) == name


def test_a_choice_that_nobody_provides_is_an_error(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    (project / "dressage.toml").write_text('[plugins]\nmnist = "gone"\n')
    with pytest.raises(SettingsError, match=r"provided by 'lab 1\.2', and .*dressage\.toml chooses 'gone'"):
        model_of(Engine(project))


def test_two_claims_to_a_policys_name_stop_every_plan(project: Path, tiny: Tiny, install: Install):
    install("policies", "house", POLICY, distribution="lab")
    install("policies", "house", POLICY, distribution="other")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(SettingsError, match=r"policy 'house' is provided by 'other 1\.2' and 'lab 1\.2'"):
        engine.plan("tiny")


def test_a_platform_of_ours_cannot_be_replaced_in_silence(project: Path, tiny: Tiny, install: Install):
    install("platforms", "local", "1 / 0", distribution="other")
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(SettingsError, match=r"platform 'local' is provided by .*'other 1\.2'"):
        engine.plan("tiny")


def test_a_distribution_that_is_on_the_path_twice_counts_once(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="old"), distribution="lab", version="1.0")
    install("recipes", "mnist", RECIPE.format(name="new"), distribution="lab", version="2.0")
    engine = Engine(project)
    assert [status.source for status in engine.plugin_statuses() if status.name == "mnist"] == ["lab 2.0"]
    assert model_of(engine) == "new"


def test_a_later_version_without_the_plugin_hides_the_earlier_one(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="old"), distribution="lab", version="1.0")
    site = install("recipes", "other", RECIPE.format(name="new"), distribution="lab", version="2.0")
    (site / "lab-2.0.dist-info" / "entry_points.txt").unlink()
    with pytest.raises(NotFoundError, match="no recipe named 'mnist'"):
        model_of(Engine(project))


def test_all_claims_are_listed_with_the_error(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    install("recipes", "mnist", RECIPE.format(name="b"), distribution="other")
    statuses = [status for status in Engine(project).plugin_statuses() if status.name == "mnist"]
    assert [status.source for status in statuses] == ["other 1.2", "lab 1.2"]
    assert all("choose one" in (status.error or "") for status in statuses)


@pytest.mark.parametrize("folder", ["lab.egg-info", "lab-1.2-py3.11.egg-info"])
def test_an_egg_info_distribution_is_seen(folder: str, tmp_path: Path):
    metadata = tmp_path / folder
    metadata.mkdir()
    (metadata / "PKG-INFO").write_text("Metadata-Version: 1.2\nName: lab\nVersion: 1.2\n\nText\n")
    (metadata / "entry_points.txt").write_text("[dressage.recipes]\nours = lab_recipe:plugin\n")
    (point,) = find_entry_points("dressage.", path=[str(tmp_path)])
    assert (point.name, point.value, point.distribution, point.version) == (
        "ours",
        "lab_recipe:plugin",
        "lab",
        "1.2",
    )


def test_an_egg_on_the_path_is_seen(tmp_path: Path):
    metadata = tmp_path / "lab-1.2-py3.11.egg" / "EGG-INFO"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text("[dressage.recipes]\nours = lab_recipe\n")
    (point,) = find_entry_points("dressage.", path=[str(metadata.parent)])
    assert (point.distribution, point.version) == ("lab", "1.2")


def test_a_group_that_does_not_exist_is_listed(project: Path, install: Install):
    install("policys", "house", POLICY)
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "house")
    assert "no group of entry points named 'dressage.policys'; did you mean 'dressage.policies'?" in (
        status.error or ""
    )


def test_a_disabled_recipe_says_by_whom(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"))
    (project / "dressage.toml").write_text('[plugins]\ndisabled = ["mnist"]\n')
    engine = Engine(project)
    assert "mnist" not in engine.plugins.names("recipe")
    with pytest.raises(NotFoundError, match=r"recipe 'mnist' is disabled by .*dressage\.toml"):
        model_of(engine)


def test_a_name_that_is_disabled_and_not_there_is_listed(project: Path):
    (project / "dressage.toml").write_text('[plugins]\ndisabled = ["huose"]\n')
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "huose")
    assert (status.note or "").startswith("named by 'disabled': no plugin named 'huose'; known: azureml,")
    assert status.source == str(project / "dressage.toml")


def test_a_misspelt_policy_in_an_order_is_listed(project: Path):
    (project / "dressage.toml").write_text('[plugins]\norder = ["hosue"]\n')
    (status,) = (status for status in Engine(project).plugin_statuses() if status.name == "hosue")
    assert (status.note or "").startswith("named by 'order': no plugin named 'hosue'")


def test_the_provider_that_is_not_chosen_is_listed_as_not_used(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    install("recipes", "mnist", RECIPE.format(name="b"), distribution="other")
    (project / "dressage.toml").write_text('[plugins]\nmnist = "lab"\n')
    statuses = {item.source: item for item in Engine(project).plugin_statuses() if item.name == "mnist"}
    assert {source: status.used for source, status in statuses.items()} == {
        "lab 1.2": True,
        "other 1.2": False,
    }
    assert statuses["other 1.2"].note == f"not used: {project / 'dressage.toml'} chooses 'lab'"


def test_a_choice_of_a_recipe_does_not_concern_a_policy_of_that_name(project: Path, install: Install):
    install("recipes", "mnist", RECIPE.format(name="a"), distribution="lab")
    install("recipes", "mnist", RECIPE.format(name="b"), distribution="other")
    install("policies", "mnist", POLICY, distribution="house-rules")
    (project / "dressage.toml").write_text('[plugins]\nmnist = "lab"\n')
    request = Engine(project).describe("mnist")
    assert (request.model.name, request.tags) == ("a", {"judged": "yes"})


def test_an_entry_point_in_a_misspelt_group_of_policies_stops_every_plan(
    project: Path, tiny: Tiny, install: Install
):
    install("policy", "house", POLICY)
    engine = Engine(project)
    engine.plugins.add("recipe", "tiny", tiny)
    with pytest.raises(PluginError, match=r"did you mean 'dressage\.policies'\?.* it may be a policy"):
        engine.plan("tiny")


class TestProjectFiles:
    """Plugins that settings files name."""

    def test_a_recipe_in_a_file(self, project: Path):
        (project / "plugins").mkdir()
        (project / "plugins" / "our_mnist.py").write_text(RECIPE.format(name="a"))
        (project / "dressage.toml").write_text('plugins = ["./plugins/our_mnist.py"]\n')
        below = project / "below"
        below.mkdir()
        assert model_of(Engine(below), "our-mnist") == "a"

    def test_a_recipe_in_a_folder(self, project: Path):
        (project / "mnist").mkdir()
        (project / "mnist" / "__init__.py").write_text("from .names import HERE\n" + RECIPE.format(name="a"))
        (project / "mnist" / "names.py").write_text("HERE = 1\n")
        (project / "dressage.toml").write_text('[plugins]\nfiles = ["mnist"]\n')
        assert model_of(Engine(project)) == "a"

    def test_a_policy_in_a_file_judges(self, project: Path, tiny: Tiny):
        (project / "house.py").write_text(POLICY)
        (project / "dressage.toml").write_text('plugins = ["house.py"]\n')
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        assert engine.describe("tiny").tags == {"judged": "yes"}

    def test_a_policy_in_the_users_file_judges_every_project(
        self, project: Path, tiny: Tiny, user_file: Path
    ):
        (user_file.parent / "house.py").write_text(POLICY)
        user_file.write_text('plugins = ["house.py"]\n')
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        assert engine.plan("tiny").policies == ("house",)

    def test_a_marker_under_another_name_is_understood(self, project: Path):
        text = (
            RECIPE.format(name="a").replace("hookimpl", "hookimpl as hook", 1).replace("@hookimpl", "@hook")
        )
        (project / "mnist.py").write_text(text)
        (project / "dressage.toml").write_text('plugins = ["mnist.py"]\n')
        assert model_of(Engine(project)) == "a"

    def test_listing_recipes_runs_nothing_of_a_project(self, project: Path):
        (project / "mnist.py").write_text("1 / 0\n" + RECIPE.format(name="a"))
        (project / "dressage.toml").write_text('plugins = ["mnist.py"]\n')
        engine = Engine(project)
        assert "mnist" in engine.plugins.names("recipe")
        with pytest.raises(
            PluginError, match=r"plugin 'mnist' \(mnist\.py\) failed in import: ZeroDivisionError"
        ):
            model_of(engine)

    @pytest.mark.parametrize(
        "text",
        [
            None,
            "",
            "def broken(:\n",
            "from dressage import hookimpl\n@hookimpl\ndef compute(): ...\n",
            "from dressage import hookimpl\n@hookimpl\ndef modle(): ...\n",
        ],
    )
    def test_a_file_that_is_no_plugin_may_have_been_a_policy_and_stops_every_plan(
        self, text: str | None, project: Path, tiny: Tiny
    ):
        if text is not None:
            (project / "house.py").write_text(text)
        (project / "dressage.toml").write_text('plugins = ["house.py"]\n')
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        with pytest.raises(
            PluginError,
            match=r"plugin 'house' \(house\.py\) failed in loading: .*set DRESSAGE_PLUGINS_DISABLED=house",
        ):
            engine.plan("tiny")

    def test_a_file_that_claims_an_installed_name_is_named_beside_it(self, project: Path, install: Install):
        install("recipes", "mnist", RECIPE.format(name="a"))
        (project / "mnist.py").write_text(RECIPE.format(name="b"))
        (project / "dressage.toml").write_text('plugins = ["./mnist.py"]\n')
        with pytest.raises(SettingsError, match=r"is provided by 'lab 1\.2' and '\./mnist\.py'"):
            model_of(Engine(project))

    def test_a_file_is_chosen_by_its_path(self, project: Path, install: Install):
        install("recipes", "mnist", RECIPE.format(name="a"))
        (project / "mnist.py").write_text(RECIPE.format(name="b"))
        (project / "dressage.toml").write_text('[plugins]\nfiles = ["mnist.py"]\nmnist = "./mnist.py"\n')
        assert model_of(Engine(project)) == "b"

    def test_two_projects_files_of_one_name_are_two_modules(self, tmp_path: Path):
        for name in ("a", "b"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "mnist.py").write_text(RECIPE.format(name=name))
            (folder / "dressage.toml").write_text('plugins = ["mnist.py"]\n')
        assert [model_of(Engine(tmp_path / name)) for name in ("a", "b", "a")] == ["a", "b", "a"]


class TestContract:
    """A plugin states the contract that it was written for."""

    def test_a_recipe_of_a_future_contract_is_named(self, project: Path, install: Install):
        install("recipes", "mnist", RECIPE.format(name="a").replace("= 1", "= 2"))
        with pytest.raises(
            PluginError,
            match=r"plugin 'mnist' \(lab 1\.2\) failed in loading: it is written for contract 2, but this"
            r" version of dressage supports contract 1; upgrade dressage",
        ):
            model_of(Engine(project))

    def test_it_is_named_so_although_it_cannot_be_imported(self, project: Path, install: Install):
        install("recipes", "mnist", "DRESSAGE_CONTRACT: int = 2\nfrom dressage import NotYetThere\n")
        with pytest.raises(PluginError, match="it is written for contract 2"):
            model_of(Engine(project))

    def test_it_costs_nobody_else_anything(self, project: Path, tiny: Tiny, install: Install):
        install("recipes", "mnist", "DRESSAGE_CONTRACT = 2\nfrom dressage import NotYetThere\n")
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        assert engine.plan("tiny")
        assert "mnist" in engine.plugins.names("recipe")

    @pytest.mark.parametrize(
        "text", ["from dressage import NotYetThere\n", "from dressage import hookimpl\n"]
    )
    def test_a_policy_of_a_future_contract_stops_every_plan(
        self, text: str, project: Path, tiny: Tiny, install: Install
    ):
        install("policies", "house", f"DRESSAGE_CONTRACT = 2\n{text}")
        engine = Engine(project)
        engine.plugins.add("recipe", "tiny", tiny)
        with pytest.raises(PluginError, match=r"plugin 'house' .* contract 2.* no run starts without it"):
            engine.plan("tiny")

    def test_a_file_of_a_future_contract_is_named(self, project: Path):
        text = RECIPE.format(name="a").replace("= 1", "= 2") + "from dressage import NotYetThere\n"
        (project / "mnist.py").write_text(text)
        (project / "dressage.toml").write_text('plugins = ["mnist.py"]\n')
        with pytest.raises(PluginError, match="it is written for contract 2"):
            model_of(Engine(project))

    @pytest.mark.parametrize("stated", ["'1'", "0", "1.0", "True"])
    def test_a_contract_that_is_no_whole_number_is_refused(
        self, stated: str, project: Path, install: Install
    ):
        install("recipes", "mnist", RECIPE.format(name="a").replace("CONTRACT = 1", f"CONTRACT = {stated}"))
        with pytest.raises(PluginError, match=r"DRESSAGE_CONTRACT is .*; give a whole number, such as 1"):
            model_of(Engine(project))

    def test_a_plugin_that_states_none_counts_as_the_first(self, project: Path, install: Install):
        install("recipes", "mnist", RECIPE.format(name="a").replace("DRESSAGE_CONTRACT = 1", ""))
        engine = Engine(project)
        assert model_of(engine) == "a"
        assert engine.plugins.contract_of("recipe", "mnist") == 1

    def test_an_object_of_a_module_has_the_modules_contract(self, project: Path, install: Install):
        text = "DRESSAGE_CONTRACT = 2\nclass Recipe: ...\nplugin = Recipe()\n"
        site = install("recipes", "mnist", text)
        points = site / "lab-1.2.dist-info" / "entry_points.txt"
        points.write_text(points.read_text().replace("lab_mnist", "lab_mnist:plugin"))
        with pytest.raises(PluginError, match="it is written for contract 2"):
            model_of(Engine(project))

    def test_first_party_plugins_state_theirs(self, project: Path):
        assert all(status.contract == 1 for status in Engine(project).plugin_statuses())
        import dressage_script

        assert dressage_script.DRESSAGE_CONTRACT == 1
        assert "dressage_script" in sys.modules
