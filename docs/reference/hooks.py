"""The page of the hooks."""

import inspect
from collections.abc import Callable
from typing import Any

from dressage.hooks import specs
from reference.markdown import join
from reference.objects import Writer


def page(writer: Writer) -> str:
    """Return a section for each hook: its signature, and what its docstring says."""
    blocks = ["# Hooks", writer.text(specs.__doc__)]
    for name, function in hooks().items():
        blocks.append(f"## {name}")
        blocks.append(writer.write_function(function, name, module=specs.__name__, is_in_contents=False))
    return join(blocks) + "\n"


def hooks() -> dict[str, Callable[..., Any]]:
    """The functions that are marked as hook specifications, in the order of the module."""
    return {
        name: value
        for name, value in vars(specs).items()
        if inspect.isfunction(value) and hasattr(value, f"{specs.PROJECT}_spec")
    }
