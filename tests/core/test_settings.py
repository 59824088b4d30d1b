from dataclasses import dataclass
from typing import Literal

import pytest

from dressage import SettingsError, setting
from dressage.specs.settings import Owner, list_settings, resolve


@dataclass(frozen=True, kw_only=True)
class Settings:
    epochs: int = setting(20, help="passes", minimum=1, maximum=1000)
    learning_rate: float = setting(0.001, help="step", minimum=0)
    backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="what it runs on")
    shuffle: bool = setting(True, help="in a new order each epoch")
    conda: str | None = setting(None, help="a file")
    accelerator: Literal["gpu", "cpu"] | None = setting(None, help="a kind of machine")
    limit_s: float | None = setting(None, help="how long it may take", minimum=0)


RECIPE = Owner("recipe", "r")


def resolve_settings(**values: object) -> Settings:
    settings: Settings = resolve(RECIPE, Settings, values)
    return settings


def test_text_becomes_what_the_field_asks_for():
    assert resolve_settings(epochs="5", learning_rate="1e-2", shuffle="off") == Settings(
        epochs=5, learning_rate=0.01, shuffle=False
    )


def test_a_name_may_be_typed_with_dashes():
    assert resolve(RECIPE, Settings, {"learning-rate": "0.5"}).learning_rate == 0.5


def test_none_is_a_value_where_the_type_allows_it():
    assert resolve_settings(conda="none").conda is None


def test_what_may_be_none_may_be_a_choice_or_a_number():
    settings = resolve_settings(accelerator="gpu", limit_s="5")
    assert (settings.accelerator, settings.limit_s) == ("gpu", 5.0)


def test_nothing_declared_resolves_to_none():
    assert resolve(RECIPE, None, {}) is None


def test_any_value_is_refused_where_nothing_is_declared():
    with pytest.raises(SettingsError, match="platform 'lab' takes no options; remove 'queue'"):
        resolve(Owner("platform", "lab"), None, {"queue": "short"})


def test_a_platform_has_options_where_a_recipe_has_settings():
    with pytest.raises(
        SettingsError, match="platform 'lab': option epochs is 'five'; give a value of type int"
    ):
        resolve(Owner("platform", "lab"), Settings, {"epochs": "five"})


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"epoch": 5}, ["recipe 'r'", "no setting named 'epoch'", "did you mean 'epochs'", "learning_rate"]),
        ({"epochs": "five"}, ["epochs", "'five'", "int"]),
        ({"epochs": 2.5}, ["epochs", "2.5", "int"]),
        ({"epochs": True}, ["epochs", "True", "int"]),
        ({"epochs": [5]}, ["epochs", "[5]", "int"]),
        ({"epochs": None}, ["epochs", "None", "int"]),
        ({"conda": ["a"]}, ["conda", "['a']", "str"]),
        ({"learning_rate": "nan"}, ["learning_rate", "nan", "finite float"]),
        ({"learning_rate": float("inf")}, ["learning_rate", "inf", "finite float"]),
        ({"limit_s": "inf"}, ["limit_s", "inf", "finite float"]),
        ({"limit_s": 10**400}, ["limit_s", "float or none"]),
        ({"limit_s": -1}, ["limit_s", "-1", "at least 0"]),
        ({"limit_s": "long"}, ["limit_s", "'long'", "float or none"]),
        ({"accelerator": "tpu"}, ["accelerator", "'tpu'", "one of gpu, cpu, none"]),
        ({"epochs": 0}, ["epochs", "0", "at least 1", "at most 1000"]),
        ({"learning_rate": -1}, ["learning_rate", "-1", "at least 0"]),
        ({"backend": "torch"}, ["backend", "'torch'", "one of tensorflow, jax"]),
        ({"shuffle": "maybe"}, ["shuffle", "'maybe'", "bool"]),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_it(values: dict[str, object], words: list[str]):
    with pytest.raises(SettingsError) as caught:
        resolve(RECIPE, Settings, values)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_a_declaration_tells_type_default_and_help():
    backend = next(item for item in list_settings(Settings) if item.name == "backend")
    assert (backend.type, backend.default, backend.help) == (
        "tensorflow|jax",
        "tensorflow",
        "what it runs on",
    )


def test_a_declaration_tells_none_among_the_choices():
    accelerator = next(item for item in list_settings(Settings) if item.name == "accelerator")
    assert (accelerator.type, accelerator.choices) == ("gpu|cpu or none", ("gpu", "cpu", "none"))
