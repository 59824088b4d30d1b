"""Settings and options that are declared secret: the script gets the value, and no file and no output has it."""

import hashlib
import json
import os
import sys
import types
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.fixtures import Dressage
from tests.shelf import Shelf

from dressage import Engine, Model, PluginError, Script, SettingsError, hookimpl, setting

CANARY = "canary-2390"
PLUGIN = """
from dataclasses import dataclass
from pathlib import Path
from dressage import Model, Script, hookimpl, setting

@dataclass(frozen=True, kw_only=True)
class Settings:
    api_key: str | None = setting(None, help="key of the service", secret=True)

@hookimpl(specname="settings")
def declare():
    return Settings

@hookimpl
def model(settings):
    folder = Path(__file__).parent / "source"
    return Model(script=Script(directory=folder, file="train.py", arguments=(str(settings.api_key),)))
"""
PRINT = """import hashlib, os, sys
print(sys.argv[1], hashlib.sha256(os.environ.get('API_KEY', '').encode()).hexdigest()[:8])
"""


@pytest.fixture
def keyed(project: Path) -> Path:
    """A project with the recipe `keyed`, whose setting `api_key` is secret."""
    (project / "keyed.py").write_text(PLUGIN)
    (project / "source").mkdir()
    (project / "source/train.py").write_text(PRINT)
    (project / "dressage.toml").write_text('plugins = ["keyed.py"]\n')
    return project


def places_of(secret: str, folder: Path) -> list[str]:
    return [
        str(path) for path in folder.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()
    ]


def digest() -> str:
    return f"API_KEY {hashlib.sha256(CANARY.encode()).hexdigest()[:8]}"


@pytest.mark.parametrize(
    ("options", "variables"),
    [
        ((), {"API_KEY": CANARY}),
        ((), {"DRESSAGE_KEYED_API_KEY": CANARY}),
        (("--set", f"api_key={CANARY}"), {}),
        (("--set", f"api-key={CANARY}"), {"API_KEY": "another"}),
    ],
)
def test_the_script_gets_the_value_and_no_file_has_it(
    dressage: Dressage, keyed: Path, options: tuple[str, ...], variables: dict[str, str]
) -> None:
    ran = dressage("run", "keyed", *options, env={**os.environ, **variables})
    assert digest() in ran.stdout, ran.stderr
    shown = dressage("runs", "show", "latest", "-o", "json").stdout
    assert json.loads(shown)["request"]["settings"] == {"api_key": "API_KEY"}
    planned = dressage("plan", "keyed", *options, "-o", "json", env={**os.environ, **variables}).stdout
    assert json.loads(planned)["settings"] == {"api_key": "API_KEY"}
    assert CANARY not in ran.stdout + ran.stderr + shown + planned
    assert places_of(CANARY, keyed) == []


def test_without_a_value_the_setting_is_none(dressage: Dressage, keyed: Path) -> None:
    assert "None e3b0c442" in dressage("run", "keyed").stdout


def test_another_value_is_the_same_request(
    engine: Engine, keyed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("API_KEY", "1")
    key = engine.describe("keyed").key
    monkeypatch.setenv("API_KEY", "2")
    assert engine.describe("keyed").key == key


def test_a_resume_takes_it_from_the_environment_again(dressage: Dressage, keyed: Path) -> None:
    (keyed / "source/train.py").write_text(f"{PRINT}sys.exit(int('DRESSAGE_RESUME' not in os.environ))")
    dressage("run", "keyed", env={**os.environ, "API_KEY": "another"})
    missing = dressage("resume", "latest")
    assert missing.returncode == 2
    assert (
        "needs the secret API_KEY, but that variable is not set; set it: export API_KEY=..." in missing.stderr
    )
    resumed = dressage("resume", "latest", env={**os.environ, "API_KEY": CANARY, "DRESSAGE_RESUME": "1"})
    assert digest() in resumed.stdout


def test_a_value_in_a_settings_file_is_refused_without_showing_it(dressage: Dressage, keyed: Path) -> None:
    with (keyed / "dressage.toml").open("a") as file:
        file.write(f'\n[recipes.keyed]\napi_key = "{CANARY}"\n')
    planned = dressage("plan", "keyed")
    assert planned.returncode == 2
    assert (
        "recipe 'keyed': setting api_key is secret; remove it there, and set the variable API_KEY"
        in planned.stderr
    )
    assert CANARY not in planned.stderr


def test_a_required_secret_that_is_missing_is_named(engine: Engine, project: Path) -> None:
    engine.plugins.add("recipe", "needs", recipe_with(project, str, ""))
    with pytest.raises(SettingsError, match="needs the secret API_KEY, but that variable is not set"):
        engine.plan("needs")


def test_a_value_comes_from_the_keyring(engine: Engine, keyed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = types.SimpleNamespace(get_password=lambda service, name: f"{service}/{name}")
    errors = types.SimpleNamespace(KeyringError=ValueError)
    monkeypatch.setitem(sys.modules, "keyring", found)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    monkeypatch.setattr("dressage.specs.secrets.find_spec", lambda _: object())
    monkeypatch.delenv("API_KEY", raising=False)
    assert engine.plan("keyed").settings == {"api_key": "API_KEY"}
    assert os.environ.pop("API_KEY") == "dressage/API_KEY"


def test_a_secret_that_is_not_text_is_refused(engine: Engine, project: Path) -> None:
    engine.plugins.add("recipe", "wrong", recipe_with(project, int, 0))
    with pytest.raises(PluginError, match="field 'api_key' is secret and not text"):
        engine.plan("wrong")


def test_the_settings_of_a_recipe_say_which_are_secret(dressage: Dressage, keyed: Path) -> None:
    assert "str or none, secret" in dressage("recipes", "show", "keyed").stdout


def recipe_with(folder: Path, kind: type, default: Any) -> Any:
    """Return a recipe with a secret setting of the given type."""

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        api_key: kind = setting(default, help="key", secret=True)  # type: ignore[valid-type]  # noqa: RUF009

    class Recipe:
        @hookimpl
        def settings(self) -> type:
            return Settings

        @hookimpl
        def model(self) -> Model:
            return Model(script=Script(directory=folder, command="true"))

    return Recipe()


class Token(Shelf):
    """A platform with a secret option."""

    def __init__(self) -> None:
        super().__init__()
        self.given: Any = None

    @hookimpl
    def options(self) -> type:
        @dataclass(frozen=True, kw_only=True)
        class Options:
            token: str | None = setting(None, help="token", secret=True)

        return Options

    @hookimpl(specname="platform")
    def take(self, options: Any) -> "Token":
        self.given = options
        return self


class TestOptions:
    """Options of platforms."""

    @pytest.fixture
    def token(self, engine: Engine) -> Token:
        platform = Token()
        engine.plugins.add("platform", "token", platform)
        return platform

    def test_the_platform_gets_the_value_of_the_variable(
        self, engine: Engine, token: Token, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DRESSAGE_TOKEN_TOKEN", CANARY)
        engine.platform("token")
        assert token.given.token == CANARY
        assert CANARY not in repr(token.given)

    def test_a_value_in_a_settings_file_is_refused(self, engine: Engine, token: Token, project: Path) -> None:
        (project / "dressage.toml").write_text(f'[platforms.token]\ntoken = "{CANARY}"\n')
        with pytest.raises(
            SettingsError, match=r"option token is secret; remove it there.* DRESSAGE_TOKEN_TOKEN"
        ):
            engine.platform("token")
