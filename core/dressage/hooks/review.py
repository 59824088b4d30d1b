"""Ask for a run's descriptions, and let the policies judge each of them one after the other."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from msgspec import Struct

from dressage.files.encoding import from_json, to_json
from dressage.hooks.policies import Policy
from dressage.records.judgements import Judgement, Question, to_recorded
from dressage.results.differences import differences
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset, RegisteredDataset


class Context(Struct, frozen=True, kw_only=True):
    """What policies know about the run. settings: as JSON. tags: the user's tags."""

    settings: Mapping[str, Any] | None
    recipe: str
    platform: str
    experiment: str
    tags: Mapping[str, str]
    user: str

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of a policy's hook; new objects each time, so that policies do not share any."""
        return {
            "settings": None if self.settings is None else SimpleNamespace(**self.settings),
            "recipe": self.recipe,
            "platform": self.platform,
            "experiment": self.experiment,
            "tags": dict(self.tags),
            "user": self.user,
        }


@dataclass(slots=True)
class Review:
    """Collects the descriptions of a run, and what the policies changed.

    answer: returns the recipe's description, given the question and the stage's arguments, such as `compute`.
    before: the descriptions before the policies, as JSON. changes: what each policy changed, one line per change.
    """

    answer: Callable[[Question, Mapping[str, Any]], Any]
    policies: tuple[Policy, ...]
    context: Context
    before: dict[str, Any] = field(default_factory=dict)
    changes: dict[Question, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def describe(self, resolve: Callable[[ComputeTarget], ComputeTarget]) -> dict[str, Any]:
        """Return the fields of a RunRequest that recipe and policies decide.

        resolve: the platform's `compute.resolve`.
        """
        datasets = self._ask("dataset")
        compute = resolve(self._ask("compute"))
        environment = self._ask("environment", compute=compute)
        model = self._ask("model", compute=compute)
        return {
            **_by_kind(datasets),
            "compute": compute,
            "environment": environment,
            "model": model,
            "tags": self._ask("tags"),
        }

    def judgement(self, disabled: Mapping[str, str]) -> Judgement:
        """Return what the record keeps. disabled: as in `Judgement`."""
        return Judgement(
            before=self.before,
            given_tags=self.context.tags,
            policies={policy.name: policy.plugin.source for policy in self.policies},
            disabled=disabled,
            changes=self.changes,
            user=self.context.user,
        )

    def _ask(self, question: Question, **arguments: Any) -> Any:
        answer = self.answer(question, _copy(arguments))
        self.before[question] = to_recorded(question, answer)
        for policy in self.policies:
            before = to_json(answer) or {}  # a copy: a policy could change the object itself
            answer = policy.judge(question, answer, self.context.arguments() | _copy(arguments))
            lines = tuple((policy.name, line) for line in differences(before, to_json(answer) or {}))
            if lines:
                self.changes[question] = (*self.changes.get(question, ()), *lines)
        return answer


def _copy(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return copies of descriptions: a plugin that changes its own must not change the others."""
    return {name: from_json(type(value), to_json(value)) for name, value in arguments.items()}


def user_name() -> str:
    """Return the name of the user from the system; the user could change an environment variable."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # for example, in a container whose user has no name
        return str(os.getuid())


def _by_kind(datasets: Any) -> dict[str, Any]:
    """Return the datasets by input name, split by kind. A single dataset has its own name as input name."""
    named = datasets if isinstance(datasets, Mapping) else {datasets.name: datasets} if datasets else {}
    kinds = {"file_datasets": FileDataset, "registered_datasets": RegisteredDataset}
    return {
        kind_field: {name: dataset for name, dataset in named.items() if isinstance(dataset, kind)}
        for kind_field, kind in kinds.items()
    }
