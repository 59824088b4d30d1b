"""What lightgbm-csv describes, without training."""

from pathlib import Path
from typing import Any

import pytest
from tests.plugins.lightgbm_csv.tables import write_table

import dressage_lightgbm_csv as recipe
from dressage import DatasetFolder, Engine, SettingsError
from dressage_lightgbm_csv.recipe import Settings


def arguments_of(**values: Any) -> list[str]:
    return [str(word) for word in recipe.model(settings=Settings(**values)).script.arguments]


def test_every_setting_reaches_the_script():
    words = arguments_of(
        task="binary", rounds=7, learning_rate=0.3, leaves=8, leaf_rows=2, row_share=0.5, column_share=0.6
    )
    more = arguments_of(validation_share=0.3, early_stopping=4, checkpoint_rounds=5, threads=2, seed=9)
    first = "--task binary --rounds 7 --learning-rate 0.3 --leaves 8 --leaf-rows 2 --row-share 0.5 --column-share 0.6"
    second = "--validation-share 0.3 --early-stopping 4 --checkpoint-rounds 5 --threads 2 --seed 9"
    assert " ".join(words[2:]).startswith(first)
    assert " ".join(more).endswith(second)


def test_the_script_gets_the_folder_of_the_data():
    assert recipe.model(settings=Settings()).script.arguments[:2] == ("--data-folder", DatasetFolder())


def test_the_target_is_given_if_it_is_set():
    assert not [word for word in arguments_of() if word.startswith("--target")]
    assert "--target=-x y" in arguments_of(target="-x y")


def test_early_stopping_can_be_left_out():
    words = arguments_of(early_stopping=None)
    assert words[words.index("--early-stopping") + 1] == "0"


def test_the_model_has_the_given_name():
    assert recipe.model(settings=Settings(model_name="prices")).name == "prices"


def test_a_missing_file_is_said_in_one_line(engine: Engine):
    with pytest.raises(
        SettingsError, match=r"^setting data is missing; give the path or URL of a CSV file whose"
    ):
        engine.plan("lightgbm-csv")


def test_a_path_without_a_file_is_refused(engine: Engine, project: Path):
    with pytest.raises(
        SettingsError, match=r"setting data: '.*/project/tabel.csv' is not a file; give the path"
    ):
        engine.plan("lightgbm-csv", set={"data": "tabel.csv"})


@pytest.mark.parametrize(
    ("data", "name"),
    [
        ("https://example.org/a%20b/My%20table.csv?raw=1", "My-table-dataset"),
        ("https://example.org/rows.csv.gz", "rows-dataset"),
        ("https://example.org/", "csv-dataset"),
    ],
)
def test_a_dataset_is_named_after_the_file(data: str, name: str):
    dataset = recipe.dataset(settings=Settings(data=data))
    (source,) = dataset.sources
    assert (dataset.name, source.addresses) == (name, (data,))


def test_a_path_may_be_relative(project: Path):
    write_table(project / "prices.csv", rows=10)
    dataset = recipe.dataset(settings=Settings(data="prices.csv"))
    assert dataset.name == "prices-dataset"
    assert dataset.sources[0].addresses == (str(project / "prices.csv"),)


def test_packages_are_pinned():
    lines = (recipe.environment().requirements or "").splitlines()
    assert all("==" in line for line in lines if not line.startswith("#"))


@pytest.mark.parametrize(
    ("name", "value"),
    [("rounds", "0"), ("leaves", "1"), ("learning_rate", "2"), ("row_share", "0"), ("validation_share", "1")],
)
def test_a_setting_out_of_bounds_is_refused(engine: Engine, name: str, value: str):
    with pytest.raises(SettingsError, match=rf"setting {name} is .*{value}"):
        engine.plan("lightgbm-csv", set={"data": "unused", name: value})
