"""Read plugins that are Python files, or folders with an `__init__.py`, named by a settings file.

The hooks in a file say what it is. They are read without running it: listing the recipes of a project that somebody
else wrote does not run its code.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ast

Kind = Literal["recipe", "platform", "policy", "observer"]
_OBSERVER_HOOKS = frozenset(
    {
        "run_created",
        "stage_finished",
        "run_state_changed",
        "parameters_logged",
        "metrics_logged",
        "tags_changed",
        "run_finished",
        "mirror",
    }
)
"""The hooks of `dressage.hooks.observer_specs` that only an observer has."""


def name_of(path: Path) -> str:
    """Return the plugin's name: that of "./plugins/our_iris.py" is "our-iris"."""
    return path.name.removesuffix(".py").replace("_", "-")


def kind_of(path: Path) -> Kind:
    """Return the kind of plugin. Raises ValueError, OSError or SyntaxError if the file does not show one kind."""
    import ast

    try:
        hooks = list(_hooks_in(ast.parse(source_of(path), str(path))))
    except (RecursionError, MemoryError) as error:
        raise ValueError("the file is nested too deeply to be read") from error
    names, wraps = {name for name, _ in hooks}, {wraps for _, wraps in hooks}
    if wraps == {True} and not names & {"settings", "options", "platform"}:
        return "policy"
    if wraps == {False} and len(names & {"model", "platform"}) == 1:
        return "recipe" if "model" in names else "platform"
    if wraps == {False} and names & _OBSERVER_HOOKS and not names & {"model", "platform"}:
        return "observer"
    raise ValueError(
        "its hooks do not show what kind of plugin it is: at the top level of the module, a recipe has a function"
        " 'model' marked @hookimpl, a platform has a function 'platform' marked @hookimpl, an observer has a"
        " function such as 'run_finished' marked @hookimpl, and a policy has only functions marked"
        " @hookimpl(wrapper=True)"
    )


def source_of(path: Path) -> bytes:
    """Return the bytes of the file, or of the folder's `__init__.py`."""
    return _module(path).read_bytes()


def load_file(path: Path) -> Any:
    """Import the file under a unique module name, and return the module."""
    module = _module(path)
    name = f"dressage_plugin_{name_of(path).replace('-', '_')}_{abs(hash(str(path))):x}"
    folder = [str(path)] if path.is_dir() else None
    spec = importlib.util.spec_from_file_location(name, module, submodule_search_locations=folder)
    if spec is None or spec.loader is None:
        raise ImportError(f"{str(path)!r} is not a Python file")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[name] = loaded
    try:
        spec.loader.exec_module(loaded)
    except BaseException:
        del sys.modules[name]
        raise
    return loaded


def _module(path: Path) -> Path:
    return path / "__init__.py" if path.is_dir() else path


def _hooks_in(module: "ast.Module") -> Iterator[tuple[str, bool]]:
    """Yield the marked functions at the top level of a module, and whether each wraps.

    Raises ValueError for a marker in another place, or with arguments that are not literals: no hook may be
    missed here, because a policy that is mistaken for a recipe would not be applied.
    """
    import ast

    markers = {"hookimpl", *_aliases(module)}
    seen = set()
    for statement in _top(module.body):
        for decorator in statement.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if _is_marker(call, markers):
                seen.add(call)
                options = _literals(decorator) if isinstance(decorator, ast.Call) else {}
                wraps = options.get("wrapper") is True or options.get("hookwrapper") is True
                yield str(options.get("specname") or statement.name), wraps
    for node in ast.walk(module):
        is_read = isinstance(getattr(node, "ctx", None), ast.Load)
        if is_read and _is_marker(node, markers) and node not in seen:
            line = getattr(node, "lineno", "?")
            raise ValueError(
                f"line {line}: use hookimpl only as a decorator of functions at the top level of the module"
            )


def _is_marker(node: "ast.AST", markers: set[str]) -> bool:
    return (getattr(node, "attr", None) or getattr(node, "id", None)) in markers


def _literals(call: "ast.Call") -> dict[str, object]:
    """Return the arguments of a marker by name. Raises ValueError for one that is not written as a literal."""
    import ast

    for argument in (*call.args, *call.keywords):
        value = argument.value if isinstance(argument, ast.keyword) and argument.arg else None
        if not isinstance(value, ast.Constant):
            raise ValueError(  # noqa: TRY004 (the file has a wrong value, not the caller)
                f"line {call.lineno}: write the arguments of hookimpl as in @hookimpl(wrapper=True)"
            )
    return {str(keyword.arg): getattr(keyword.value, "value", None) for keyword in call.keywords}


def _aliases(module: "ast.Module") -> Iterator[str]:
    """Yield the other names under which the module imports `hookimpl`."""
    import ast

    for statement in ast.walk(module):
        if isinstance(statement, ast.ImportFrom):
            yield from (name.asname for name in statement.names if name.name == "hookimpl" and name.asname)


def _top(body: "list[ast.stmt]") -> "Iterator[ast.FunctionDef]":
    """Yield the functions outside of classes and functions, including those under an `if` or a `try`."""
    import ast

    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            yield statement
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            for field in ("body", "orelse", "finalbody"):
                yield from _top(getattr(statement, field, []))
            for handler in getattr(statement, "handlers", []):
                yield from _top(handler.body)
