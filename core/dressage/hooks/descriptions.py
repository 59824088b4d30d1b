"""Check the type of a description that a recipe or a policy returned, and the types of its fields."""

from collections.abc import Mapping
from typing import Any

import msgspec

from dressage.files.encoding import from_json, to_json
from dressage.hooks.calls import PluginId
from dressage.records.judgements import Question
from dressage.specs.compute import ComputeTarget
from dressage.specs.datasets import FileDataset, RegisteredDataset
from dressage.specs.environments import Environment
from dressage.specs.models import Model
from dressage.specs.names import check_name

_RETURNS: Mapping[Question, tuple[type, ...]] = {
    "dataset": (FileDataset, RegisteredDataset, Mapping),
    "compute": (ComputeTarget,),
    "environment": (Environment,),
    "model": (Model,),
    "tags": (Mapping,),
}


def check_description(plugin: PluginId, question: Question, answer: Any) -> Any:
    """Return a copy of the answer; lists in it become tuples. Raises PluginError if a type is wrong."""
    kinds = _RETURNS[question]
    if answer is None:
        return None
    if not isinstance(answer, kinds):
        raise plugin.error(question, f"returned {answer!r:.200}, not a {_names(kinds)}")
    try:
        if isinstance(answer, Mapping):
            _check_keys(question, answer)
            return {name: _convert(question, item) for name, item in answer.items()}
        return _convert(question, answer)
    except (msgspec.ValidationError, TypeError, NotImplementedError) as error:
        raise plugin.error(question, f"returned {answer!r:.200}: {error}") from error


def _check_keys(question: Question, answer: Mapping[Any, Any]) -> None:
    for name in answer:
        if not isinstance(name, str):
            raise TypeError(f"the name {name!r} is not text")
        if question == "dataset":
            check_name("input", name)


def _convert(question: Question, item: Any) -> Any:
    kinds = (
        (str,) if question == "tags" else tuple(kind for kind in _RETURNS[question] if kind is not Mapping)
    )
    if not isinstance(item, kinds):
        raise TypeError(f"{item!r} is not a {_names(kinds)}")
    return item if isinstance(item, str) else from_json(type(item), to_json(item))


def _names(kinds: tuple[type, ...]) -> str:
    *others, last = (kind.__name__ for kind in kinds)
    return f"{', '.join(others)} or {last}" if others else last
