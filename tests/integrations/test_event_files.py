"""dressage reads event files as TensorBoard does, whichever library wrote them."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.integrations.sides import HERE, dressage, run

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

WRITTEN = [
    "torch/old style",
    "torch/new style",
    "torch/double",
    "torch/special",
    "torch/parameters/hparam/accuracy",
    "torch/both_a/both",
    "torch/both_b/both",
    "x/loss",
    "lightning/version_0/train_loss",
    "lightning/version_0/hp_metric",
    "tensorboard/loss",
    *(
        f"tensors/{kind}"
        for kind in ("float16", "float32", "float64", "int8", "int32", "int64", "uint8", "bool")
    ),
]
"""Metrics that the script writes, by the library or the type of tensor."""


class Readers(NamedTuple):
    """The values of each metric as each of the two readers found them: steps, times and values."""

    dressage: dict[str, list[tuple[int, int, str]]]
    tensorboard: dict[str, list[tuple[int, int, str]]]


@pytest.fixture(scope="module")
def readers(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Readers:
    """Run the script once, and read its files with both."""
    folder = tmp_path_factory.mktemp("events")
    source = folder / "source"
    source.mkdir()
    shutil.copy(HERE / "tensorboard_sides" / "writers.py", source)
    done = dressage(python, folder, "run", str(source / "writers.py"), "-o", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    shown = json.loads(dressage(python, folder, "runs", "show", "latest", "-o", "json").stdout)
    work = folder / ".dressage" / "runs" / shown["run_id"] / "work"
    read = run([python, HERE / "tensorboard_sides" / "reader.py", work / "runs"], folder, {})
    assert read.returncode == 0, read.stderr
    return Readers(from_dressage(shown["history"]), from_tensorboard(json.loads(read.stdout)))


def from_dressage(history: dict[str, Any]) -> dict[str, list[tuple[int, int, str]]]:
    return {
        name: [(point["step"], point["timestamp"], repr(float(point["value"]))) for point in points]
        for name, points in history.items()
    }


def from_tensorboard(found: dict[str, Any]) -> dict[str, list[tuple[int, int, str]]]:
    return {
        re.sub(r"^\./", "", f"{name}/{tag}"): [
            (step, time, repr(float(value))) for step, time, value in points
        ]
        for name, tags in found.items()
        for tag, points in tags.items()
    }


def test_both_find_the_same_metrics(readers: Readers):
    assert set(readers.dressage) == set(readers.tensorboard)


@pytest.mark.parametrize("name", WRITTEN)
def test_both_find_the_same_values(readers: Readers, name: str):
    assert readers.dressage[name] == readers.tensorboard[name]


def test_every_metric_is_compared(readers: Readers):
    assert set(readers.tensorboard) == set(WRITTEN)
