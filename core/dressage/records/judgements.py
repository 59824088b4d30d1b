"""The policies' judgement of a run: the recipe's descriptions, and which policy changed what.

The run's journal has it in addition to the request, which contains the changed descriptions. When the run is resumed,
the policies that are active then judge the original descriptions again.
"""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from msgspec import Struct, convert

from dressage.files.encoding import from_json, to_json
from dressage.records.requests import RunRequest
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import Dataset, FileDataset, RegisteredDataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model

Question = Literal["dataset", "compute", "environment", "model", "tags"]
Changes = Mapping[Question, tuple[tuple[str, str], ...]]
"""For each description, the policies that changed it, each with one line that says how."""
_KINDS: Mapping[str, Any] = {"compute": ComputeTarget, "environment": Environment, "model": Model}


class Judgement(Struct, frozen=True, kw_only=True):
    """What the policies judged, and how.

    before: the recipe's descriptions as JSON, including defaults; see `answer`. given_tags: the user's tags.
    policies: the source of each policy by name, in the order in which they were applied.
    disabled: policies that were not applied, each with the file or variable that disabled it.
    user: the name of the user whose command was judged.
    """

    before: Mapping[str, Any]
    given_tags: Mapping[str, str] = {}
    policies: Mapping[str, str | None] = {}
    disabled: Mapping[str, str] = {}
    changes: Changes = {}
    user: str | None = None

    def answer(self, question: Question) -> Any:
        """Return the recipe's original description. Raises ValueError if it is missing or damaged."""
        found = self.before[question]
        if question == "dataset":
            return None if found is None else _dataset_from(found)
        if not isinstance(found, Mapping):
            raise ValueError(f"the description {question!r} is {found!r:.200}")  # noqa: TRY004 (a damaged record)
        return convert(found, dict[str, str]) if question == "tags" else from_json(_KINDS[question], found)

    def check(self) -> None:
        """Raise ValueError, KeyError or TypeError if a description is missing or damaged."""
        for question in get_args(Question):
            self.answer(question)


def to_recorded(question: Question, answer: Any) -> Any:
    """Convert a description to JSON; `Judgement.answer` converts it back."""
    if question != "dataset" or answer is None:
        return to_json(answer)
    named = answer if isinstance(answer, Mapping) else {"": answer}
    return {
        "single": not isinstance(answer, Mapping),
        "inputs": {
            name: {"registered": isinstance(dataset, RegisteredDataset), **to_json(dataset)}
            for name, dataset in named.items()
        },
    }


def judgement_of(request: RunRequest) -> Judgement:
    """Create the judgement of a run that was recorded without one, from the descriptions in its request."""
    datasets: Any = request.datasets or None
    return Judgement(
        before={
            "dataset": to_recorded("dataset", datasets),
            "compute": to_json(request.compute),
            "environment": to_json(request.environment),
            "model": to_json(request.model),
            "tags": dict(request.tags),
        },
        given_tags=request.tags,
    )


def _dataset_from(found: Mapping[str, Any]) -> Dataset | dict[str, Dataset]:
    datasets: dict[str, Dataset] = {}
    for name, given in found["inputs"].items():
        fields = dict(given)
        is_registered = fields.pop("registered")
        datasets[name] = (
            from_json(RegisteredDataset, fields) if is_registered else from_json(FileDataset, fields)
        )
    return datasets[""] if found["single"] else datasets
