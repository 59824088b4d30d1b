from dataclasses import dataclass
from typing import Literal

import pytest

from dressage import SettingsError, setting
from dressage.specs.settings import declared, resolve


@dataclass(frozen=True, kw_only=True)
class Settings:
    epochs: int = setting(20, help="passes", minimum=1, maximum=1000)
    learning_rate: float = setting(0.001, help="step", minimum=0)
    backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="what it runs on")
    shuffle: bool = setting(True, help="in a new order each epoch")
    conda: str | None = setting(None, help="a file")


def resolved(**values: object) -> Settings:
    return resolve("r", Settings, values)


def test_text_becomes_what_the_field_asks_for():
    assert resolved(epochs="5", learning_rate="1e-2", shuffle="off") == Settings(
        epochs=5, learning_rate=0.01, shuffle=False
    )


def test_a_name_may_be_typed_with_dashes():
    assert resolve("r", Settings, {"learning-rate": "0.5"}).learning_rate == 0.5


def test_none_is_a_value_where_the_type_allows_it():
    assert resolved(conda="none").conda is None


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
        ({"learning_rate": "nan"}, ["learning_rate", "'nan'", "float"]),
        ({"epochs": 0}, ["epochs", "0", "at least 1", "at most 1000"]),
        ({"learning_rate": -1}, ["learning_rate", "-1", "at least 0"]),
        ({"backend": "torch"}, ["backend", "'torch'", "one of tensorflow, jax"]),
        ({"shuffle": "maybe"}, ["shuffle", "'maybe'", "bool"]),
    ],
)
def test_a_bad_value_is_refused_in_one_line_that_names_it(values: dict[str, object], words: list[str]):
    with pytest.raises(SettingsError) as caught:
        resolve("r", Settings, values)
    assert all(word in str(caught.value) for word in words)
    assert "\n" not in str(caught.value)


def test_a_declaration_tells_type_default_and_help():
    backend = next(item for item in declared(Settings) if item.name == "backend")
    assert (backend.type, backend.default, backend.help) == (
        "tensorflow|jax",
        "tensorflow",
        "what it runs on",
    )
