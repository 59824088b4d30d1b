"""Collecting a run's descriptions, each judged by the policies one after the other."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from dressage.files.encoding import to_json
from dressage.hooks.policies import Policy
from dressage.records.judgements import Question, to_recorded
from dressage.results.differences import differences
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset, RegisteredDataset


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What policies may know of the run. settings: as JSON. tags: as the user gave them."""

    settings: Mapping[str, Any] | None
    recipe: str
    platform: str
    experiment: str
    tags: Mapping[str, str]
    user: str

    def arguments(self) -> dict[str, Any]:
        """The arguments of a policy's hook, made anew for each: what one policy does to them reaches no other."""
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
    """Collects descriptions, judged by policies one after the other.

    answer: gives the recipe's description; arguments: those of the stage, such as `compute`.
    before: the descriptions before the policies, as JSON. changes: what each policy changed, a line each.
    """

    answer: Callable[[Question, Mapping[str, Any]], Any]
    policies: tuple[Policy, ...]
    context: Context
    before: dict[str, Any] = field(default_factory=dict)
    changes: dict[Question, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def describe(self, resolve: Callable[[ComputeTarget], ComputeTarget]) -> dict[str, Any]:
        """Return the fields of a RunRequest that recipe and policies decide.

        resolve: what the platform makes of a compute target.
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

    def _ask(self, question: Question, **arguments: Any) -> Any:
        answer = self.answer(question, arguments)
        self.before[question] = to_recorded(question, answer)
        for policy in self.policies:
            before = to_json(answer) or {}  # as it is now: a policy could alter the object itself
            answer = policy.judge(question, answer, self.context.arguments() | arguments)
            lines = tuple((policy.name, line) for line in differences(before, to_json(answer) or {}))
            if lines:
                self.changes[question] = (*self.changes.get(question, ()), *lines)
        return answer


def user_name() -> str:
    """Return the user's name as the system has it: a variable could hold any."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container that runs under a number
        return str(os.getuid())


def _by_kind(datasets: Any) -> dict[str, Any]:
    """The inputs by name; a single one has the name of its dataset."""
    named = datasets if isinstance(datasets, Mapping) else {datasets.name: datasets} if datasets else {}
    kinds = {"file_datasets": FileDataset, "registered_datasets": RegisteredDataset}
    return {
        kind_field: {name: dataset for name, dataset in named.items() if isinstance(dataset, kind)}
        for kind_field, kind in kinds.items()
    }
