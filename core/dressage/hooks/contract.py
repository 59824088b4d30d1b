"""The contract between dressage and plugins: the hooks, their arguments, and what they may return.

A plugin states the contract that it was written for in its module, beside its hooks:

    DRESSAGE_CONTRACT = 1

A plugin that states none was written for contract 1. Older contracts keep working; one from the future is refused.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

CONTRACT = 1
"""The newest contract that this dressage knows."""
NAME = "DRESSAGE_CONTRACT"
_FIRST = 1


def contract_of(plugin: Any, module: Any = None) -> int:
    """Return the contract that a plugin, or its module, states. Raises TypeError if that is not a whole number."""
    stated = getattr(plugin, NAME, None)
    if stated is None:
        stated = getattr(module, NAME, _FIRST)
    if type(stated) is not int or stated < _FIRST:
        raise TypeError(f"{NAME} is {stated!r}; give a whole number, as {CONTRACT}")
    return stated


def read_contract(source: str) -> int | None:
    """Return the contract that the text of a module states, without running it; None if it states none."""
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
    """Return what a module states that cannot be imported; None if that cannot be told."""
    try:
        spec = find_spec(name)
        return read_contract(Path(spec.origin).read_text(encoding="utf-8")) if spec and spec.origin else None
    except BaseException:  # its package may break, too, in any way
        return None


def explain_mismatch(stated: int) -> str | None:
    """Return why a plugin of that contract cannot be used; None if it can."""
    if stated <= CONTRACT:
        return None
    return (
        f"it is written for contract {stated}, and this dressage knows contract {CONTRACT}; upgrade dressage"
    )
