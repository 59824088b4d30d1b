"""The contract between dressage and plugins: the hooks, their arguments, and what they may return.

A plugin states the contract that it is written for in its module, next to its hooks:

    DRESSAGE_CONTRACT = 1

Without that line, the plugin is for contract 1. Plugins for older contracts keep working; a plugin for a newer one
cannot be used.
"""

import sys
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTRACT = 1
"""The newest contract that this version of dressage supports."""
NAME = "DRESSAGE_CONTRACT"
_FIRST = 1


def contract_of(plugin: Any, modules: Iterable[str | None] = ()) -> int:
    """Return the highest contract that a plugin or one of the modules, with their packages, states.

    modules: names of imported modules. Raises TypeError for a contract that is not a whole number.
    """
    names = {
        ".".join(parts[: place + 1])
        for name in modules
        if name
        for parts in [name.split(".")]
        for place in range(len(parts))
    }
    stated = [getattr(found, NAME, None) for found in (plugin, *(sys.modules.get(name) for name in names))]
    for number in stated:
        if number is not None and (type(number) is not int or number < _FIRST):
            raise TypeError(f"{NAME} is {number!r}; give a whole number, such as {CONTRACT}")
    return max((number for number in stated if number is not None), default=_FIRST)


def read_contract(source: bytes) -> int | None:
    """Return the contract that the text of a module states, without running it; None if it states none."""
    import ast

    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for statement in statements:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=int(stated))):
                pass
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=int(stated))):
                pass
            case _:
                continue
        if name == NAME:
            return stated
    return None


def read_contract_of_module(name: str) -> int | None:
    """Return the contract that a module states, without importing it; None if it cannot be read."""
    try:
        spec = find_spec(name)
        return read_contract(Path(spec.origin).read_bytes()) if spec and spec.origin else None
    except BaseException:  # importing its package may raise anything
        return None


def explain_mismatch(stated: int) -> str | None:
    """Return why a plugin of this contract cannot be used; None if it can."""
    if stated <= CONTRACT:
        return None
    return (
        f"it is written for contract {stated}, but this version of dressage supports contract {CONTRACT};"
        " upgrade dressage"
    )
