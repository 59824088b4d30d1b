"""Read plugins that are Python files, or folders with an `__init__.py`, named by a settings file.

The kind of a plugin follows from its hooks. They are found without running the file: listing the recipes of a project
must not run its code.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ast

Kind = Literal["recipe", "platform", "policy"]


def name_of(path: Path) -> str:
    """Return the plugin's name: "our-iris" for "./plugins/our_iris.py"."""
    return path.name.removesuffix(".py").replace("_", "-")


def kind_of(path: Path) -> Kind:
    """Return the kind of plugin.

    Raises ValueError if the hooks do not show the kind; OSError or SyntaxError if the file cannot be read.
    """
    import ast

    hooks = dict(_hooks_in(ast.parse(source_of(path))))
    if "platform" in hooks:
        return "platform"
    if hooks.get("model") is False:
        return "recipe"
    if hooks and all(hooks.values()):
        return "policy"
    raise ValueError(
        "its hooks do not show what kind of plugin it is: at the top level of the module, a recipe has a function"
        " 'model' marked @hookimpl, a platform has a function 'platform' marked @hookimpl, and a policy has only"
        " functions marked @hookimpl(wrapper=True)"
    )


def source_of(path: Path) -> str:
    """Return the source of the file, or of the folder's `__init__.py`."""
    return _module(path).read_text(encoding="utf-8")


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
    """Yield the name of each top-level function that is marked as a hook, and whether it is a wrapper."""
    import ast

    markers = {"hookimpl", *_aliases(module)}
    for statement in _top(module.body):
        for decorator in statement.decorator_list:
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")) in markers:
                options = decorator.keywords if isinstance(decorator, ast.Call) else []
                given = {option.arg: getattr(option.value, "value", None) for option in options}
                wraps = given.get("wrapper") is True or given.get("hookwrapper") is True
                yield str(given.get("specname") or statement.name), wraps


def _aliases(module: "ast.Module") -> Iterator[str]:
    """Yield the other names under which the module imports `hookimpl`."""
    import ast

    for statement in ast.walk(module):
        if isinstance(statement, ast.ImportFrom):
            yield from (name.asname for name in statement.names if name.name == "hookimpl" and name.asname)


def _top(body: "list[ast.stmt]") -> "Iterator[ast.FunctionDef]":
    """Yield the functions outside of classes and functions, including those in an `if`, `try` or `with`."""
    import ast

    for statement in body:
        if isinstance(statement, ast.FunctionDef):
            yield statement
        elif isinstance(statement, ast.If | ast.Try | ast.With):
            for field in ("body", "orelse", "finalbody"):
                yield from _top(getattr(statement, field, []))
