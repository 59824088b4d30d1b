from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.lab import NO_RUNS

from dressage import Engine, SettingsError, hookimpl, setting
from dressage.specs.configuration import Value, load
from dressage.specs.downloads import DownloadLimits
from dressage.specs.settings import Owner

KERAS_MNIST = Owner("recipe", "keras-mnist")


def find_epochs(project: Path, environ: dict[str, str]) -> object:
    return load(project, {"HOME": "/", **environ}).values(KERAS_MNIST, ("epochs",))["epochs"].value


def test_a_variable_goes_before_the_project_and_the_project_before_the_user(project: Path, user_file: Path):
    user_file.write_text("[recipes.keras-mnist]\nepochs = 3\n")
    assert find_epochs(project, {}) == 3
    (project / "dressage.toml").write_text("[recipes.keras-mnist]\nepochs = 2\n")
    assert find_epochs(project, {}) == 2
    assert find_epochs(project, {"DRESSAGE_KERAS_MNIST_EPOCHS": "1"}) == "1"


def test_a_flag_goes_before_a_variable(project: Path):
    engine = Engine(project, environ={"DRESSAGE_SCRIPT_PATH": "missing.py"})
    (project / "train.py").write_text("")
    assert engine.plan("script", set={"path": "train.py"}).settings["path"] == "train.py"


def test_the_project_file_is_found_upward(project: Path):
    (project / "dressage.toml").write_text('on = "elsewhere"\n')
    below = project / "a" / "b"
    below.mkdir(parents=True)
    option = load(below, {}).option("on")
    assert (option.value, option.origin) == ("elsewhere", str(project / "dressage.toml"))


def test_what_nobody_set_has_a_default_and_says_so(project: Path):
    assert load(project, {}).option("on") == Value("local", "default")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("on = 'local", ["dressage.toml", "not valid TOML"]),
        ("onn = 'local'", ["no key named 'onn'", "did you mean 'on'"]),
        ("on = 3", ["on is 3", "text"]),
        ("snapshot_limit_mb = '500'", ["snapshot_limit_mb is '500'", "whole number above 0"]),
        ("snapshot_limit_mb = 0", ["snapshot_limit_mb is 0", "whole number above 0"]),
        ("[recipes]\nkeras-mnist = 3", ["recipes.keras-mnist is 3", "table"]),
        ("downloads = 3", ["downloads is 3", "a table"]),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(project: Path, text: str, words: list[str]):
    (project / "dressage.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(project, {}).values(KERAS_MNIST, ())
    assert all(word in str(caught.value) for word in words)


def test_a_number_in_the_file_is_a_number(project: Path):
    (project / "dressage.toml").write_text("snapshot_limit_mb = 500\n")
    assert load(project, {}).option("snapshot_limit_mb").value == 500


@pytest.mark.parametrize("text", ["many", "-5", "0"])
def test_a_variable_that_is_no_number_above_zero_is_refused(project: Path, text: str):
    with pytest.raises(SettingsError, match=f"DRESSAGE_SNAPSHOT_LIMIT_MB is '{text}'; give a whole number"):
        load(project, {"DRESSAGE_SNAPSHOT_LIMIT_MB": text}).option("snapshot_limit_mb")


def test_a_workspace_in_the_file_lies_where_the_file_does(project: Path):
    (project / "dressage.toml").write_text('workspace = "records"\n')
    below = project / "below"
    below.mkdir()
    assert Engine(below).workspace.root == project / "records"


def test_a_bad_value_is_reported_with_its_file(project: Path):
    (project / "dressage.toml").write_text("[recipes.script]\npath = [3]\n")
    with pytest.raises(SettingsError, match=r"dressage\.toml: recipe 'script': setting path is \[3\]"):
        Engine(project).plan("script")


def test_a_setting_in_the_file_that_the_recipe_does_not_have_is_refused(project: Path):
    (project / "dressage.toml").write_text("[recipes.script]\nepochs = 3\n")
    with pytest.raises(SettingsError, match="no setting named 'epochs'"):
        Engine(project).plan("script")


def addresses(project: Path, environ: dict[str, str]) -> dict[str, str]:
    configuration = load(project, environ)
    return {**configuration.indexes(), **configuration.find_links()}


INDEXES = '[indexes]\nlab = "https://me:pw@a/simple"\nour-lab = "http://b"\n'


def test_indexes_have_names(project: Path):
    (project / "dressage.toml").write_text(INDEXES)
    assert load(project, {}).indexes() == {"lab": "https://me:pw@a/simple", "our-lab": "http://b"}


def test_an_index_of_the_project_goes_before_the_users(project: Path, user_file: Path):
    user_file.write_text('[indexes]\nlab = "https://mine"\nown = "https://own"\n')
    (project / "dressage.toml").write_text(INDEXES)
    indexes = load(project, {"HOME": "/"}).indexes()
    assert (indexes["lab"], indexes["own"]) == ("https://me:pw@a/simple", "https://own")


def test_a_variable_goes_before_an_indexs_address(project: Path):
    (project / "dressage.toml").write_text(INDEXES)
    assert load(project, {"DRESSAGE_INDEX_OUR_LAB": "https://c"}).indexes()["our-lab"] == "https://c"


def test_a_variable_alone_is_an_index_too(project: Path):
    assert load(project, {"DRESSAGE_INDEX_OUR_LAB": "https://c"}).indexes() == {"our-lab": "https://c"}


def test_a_folder_of_distributions_lies_where_the_file_does(project: Path):
    (project / "dressage.toml").write_text('[find_links]\nwheels = "wheels"\npage = "https://a/page"\n')
    assert load(project / "below", {}).find_links() == {
        "wheels": str(project / "wheels"),
        "page": "https://a/page",
    }


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("indexes = 'https://me:pw@a'", {}, r"dressage\.toml': indexes is not a table; write \[indexes\]"),
        ("[indexes]\nlab = 'me:pw@a'", {}, r"dressage\.toml': indexes\.lab is not an http\(s\) address"),
        ("[indexes]\nlab = 'https://me:pw@a:x/'", {}, "indexes.lab is not an http"),
        ("[indexes]\nlab = ['pw']", {}, "indexes.lab is not an http"),
        (
            "[find_links]\nlab = 'ftp://me:pw@a'",
            {},
            "find_links.lab is not an http.* address or a folder's path",
        ),
        ("", {"DRESSAGE_INDEX_LAB": "pw"}, "DRESSAGE_INDEX_LAB is not an http"),
        ("", {"DRESSAGE_FIND_LINKS_LAB": "pw/wheels"}, "DRESSAGE_FIND_LINKS_LAB is not an http"),
    ],
)
def test_a_bad_address_is_refused_and_not_shown(
    project: Path, text: str, environ: dict[str, str], message: str
):
    (project / "dressage.toml").write_text(text)
    with pytest.raises(SettingsError, match=message) as caught:
        addresses(project, environ)
    assert "pw" not in str(caught.value).replace(str(project), "")


class Lab:
    """A platform that keeps its options."""

    @dataclass(frozen=True, kw_only=True)
    class Options:
        poll_s: float = setting(5.0, help="seconds between two looks", minimum=0.1)

    @hookimpl
    def options(self) -> type:
        return self.Options

    @hookimpl
    def platform(self, options: Options) -> SimpleNamespace:
        self.given = options
        return SimpleNamespace(runs=NO_RUNS)


def poll_s(project: Path, given: dict[str, object] | None = None, **environ: str) -> float:
    engine = Engine(project, environ=environ, platforms={"my-lab": given or {}})
    lab = Lab()
    engine.plugins.add("platform", "my-lab", lab)
    engine.platform("my-lab")
    return lab.given.poll_s


def test_an_option_has_a_default(project: Path):
    assert poll_s(project) == 5


def test_an_option_in_the_file_goes_before_the_default(project: Path):
    (project / "dressage.toml").write_text("[platforms.my-lab]\npoll-s = 4\n")
    assert poll_s(project) == 4


def test_a_variable_goes_before_an_option_in_the_file(project: Path):
    (project / "dressage.toml").write_text("[platforms.my-lab]\npoll_s = 4\n")
    assert poll_s(project, DRESSAGE_MY_LAB_POLL_S="3") == 3


def test_an_option_that_the_program_gives_goes_before_a_variable(project: Path):
    assert poll_s(project, {"poll-s": 2}, DRESSAGE_MY_LAB_POLL_S="3") == 2


def test_a_bad_option_is_reported_with_its_file(project: Path):
    (project / "dressage.toml").write_text("[platforms.local]\ngrace_s = 'abc'\n")
    with pytest.raises(
        SettingsError,
        match=r"dressage\.toml: platform 'local': option grace_s is 'abc'; give a value of type float$",
    ):
        Engine(project).platform("local")


def test_a_bad_option_is_reported_with_its_variable(project: Path):
    with pytest.raises(
        SettingsError, match=r"^DRESSAGE_LOCAL_GRACE_S: platform 'local': .* at least 0 and at most 86400$"
    ):
        Engine(project, environ={"DRESSAGE_LOCAL_GRACE_S": "-1"}).platform("local")


def test_an_unknown_option_brings_the_known_ones(project: Path):
    (project / "dressage.toml").write_text("[platforms.local]\ngrac_s = 3\n")
    with pytest.raises(
        SettingsError,
        match="no option named 'grac_s'; did you mean 'grace_s'\\? known: claims, gpus, grace_s",
    ):
        Engine(project).platform("local")


def test_downloads_have_limits_without_any_file(project: Path):
    assert load(project, {}).downloads() == DownloadLimits()


def test_limits_of_downloads_come_from_files_and_variables(project: Path):
    (project / "dressage.toml").write_text("[downloads]\nstall_seconds = 5\ntimeout_seconds = 60\n")
    limits = load(project, {"DRESSAGE_DOWNLOADS_TIMEOUT_SECONDS": "none"}).downloads()
    assert limits == DownloadLimits(stall_seconds=5, timeout_seconds=None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stall = 3", ["table 'downloads': no option named 'stall'", "stall_seconds"]),
        ("stall_seconds = 'long'", ["option stall_seconds is 'long'", "float"]),
        ("stall_seconds = 0", ["option stall_seconds is 0.0; give at least 0.1"]),
        ("min_bytes_per_second = -1", ["min_bytes_per_second is -1.0; give at least 0"]),
    ],
)
def test_a_wrong_limit_of_downloads_is_named(project: Path, text: str, words: list[str]):
    (project / "dressage.toml").write_text(f"[downloads]\n{text}\n")
    with pytest.raises(SettingsError) as caught:
        load(project, {}).downloads()
    assert all(word in str(caught.value) for word in ["dressage.toml", *words])
