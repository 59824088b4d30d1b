"""The contract between dressage and plugins: the hooks, their arguments, and what they may return.

A plugin states the contract that it is written for in its module, next to its hooks:

    DRESSAGE_CONTRACT = 1

Without that line, it is contract 1. Plugins of older contracts keep working; a plugin of a newer one is an error.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTRACT = 1
"""The newest contract that this version of dressage supports."""
NAME = "DRESSAGE_CONTRACT"
_FIRST = 1


def contract_of(plugin: Any, module: Any = None) -> int:
    """Return the contract that a plugin or its module states; 1 by default. Raises TypeError if it is wrong."""
    stated = getattr(plugin, NAME, None)
    if stated is None:
        stated = getattr(module, NAME, _FIRST)
    if type(stated) is not int or stated < _FIRST:
        raise TypeError(f"{NAME} is {stated!r}; give a whole number, as {CONTRACT}")
    return stated


def read_contract(source: str) -> int | None:
    """Read the contract from a module's source, without running it; None if it states no contract."""
    import ast

    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError):
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
    """Read the contract of a module that cannot be imported; None if it states none or cannot be read."""
    try:
        spec = find_spec(name)
        return read_contract(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else None
    except BaseException:  # finding it imports its parent package, which may raise anything
        return None


def explain_mismatch(stated: int) -> str | None:
    """Return why a plugin of this contract cannot be used; None if it can."""
    if stated <= CONTRACT:
        return None
    return (
        f"it is written for contract {stated}, but this version of dressage supports contract {CONTRACT};"
        " upgrade dressage"
    )
