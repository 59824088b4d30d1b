"""The page of the hooks."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

from dressage.hooks import contract, observer_specs, policy_specs, specs
from reference.markdown import join
from reference.objects import Writer

SECTIONS = {"Recipes and platforms": specs, "Policies": policy_specs, "Observers": observer_specs}


def page(writer: Writer) -> str:
    """Return a section for each hook: its signature, and what its docstring says."""
    blocks = ["# Hooks"]
    for title, module in SECTIONS.items():
        blocks += [f"## {title}", writer.text(module.__doc__, _all_parameters(module))]
        for name, function in hooks_of(module).items():
            entry = writer.write_function(function, name, module=module.__name__, is_in_contents=False)
            blocks += [f"### {name}", entry]
    blocks += ["## Contract", writer.text(contract.__doc__, literal="python")]
    return join(blocks) + "\n"


def hooks_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The functions that a module marks as hook specifications, in order."""
    return {
        name: value
        for name, value in vars(module).items()
        if inspect.isfunction(value) and hasattr(value, f"{specs.PROJECT}_spec")
    }


def _all_parameters(module: ModuleType) -> set[str]:
    """What the docstring of the module may describe for all its hooks."""
    return {name for function in hooks_of(module).values() for name in inspect.signature(function).parameters}
