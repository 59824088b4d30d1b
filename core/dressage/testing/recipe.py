"""The recipe of the suites: its answers are given."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from dressage.files.encoding import from_json, to_json
from dressage.hooks.specs import hookimpl
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import Dataset, FileDataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model


class Answers(Struct, frozen=True, kw_only=True):
    """What a recipe answers. datasets: by input name."""

    target: ComputeTarget
    software: Environment
    trained: Model
    datasets: Mapping[str, FileDataset] = {}


class GivenRecipe:
    """A recipe with given answers."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers

    @classmethod
    def from_json(cls, plain: Any) -> "GivenRecipe":
        """Make a recipe from what `to_json` returned in another process."""
        return cls(from_json(Answers, plain))

    def to_json(self) -> Any:
        """Return the answers as plain values."""
        return to_json(self.answers)

    @hookimpl
    def dataset(self) -> Mapping[str, Dataset] | None:
        return dict(self.answers.datasets) or None

    @hookimpl
    def compute(self) -> ComputeTarget:
        return self.answers.target

    @hookimpl
    def environment(self) -> Environment:
        return self.answers.software

    @hookimpl
    def model(self) -> Model:
        return self.answers.trained
