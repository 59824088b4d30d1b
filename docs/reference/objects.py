"""Classes, functions and types as directives of Sphinx's Python domain."""

import ast
import copy
import inspect
import re
import textwrap
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any

from reference.docstrings import render
from reference.links import linker
from reference.markdown import directive

_FACTORY = re.compile(r"field\(default_factory=(dict|list|set|tuple)\)")
_EMPTY = {"dict": "{}", "list": "[]", "set": "set()", "tuple": "()"}


@dataclass(frozen=True, slots=True)
class Documented:
    """An object. module: where it is imported from. source: the module that defines it."""

    module: str
    source: str
    name: str
    value: Any

    @property
    def full_name(self) -> str:
        return f"{self.module}.{self.name}"


class Writer:
    """Writes objects.

    places: the full name of each documented object by its short name.
    not_called: classes whose objects a user gets and does not make; their signatures are left out.
    """

    def __init__(self, places: Mapping[str, str], *, not_called: Collection[str] = ()) -> None:
        self._places = places
        self._not_called = not_called
        self._link = linker(places)

    def write(self, found: Documented) -> str:
        if inspect.isclass(found.value):
            return self.write_class(found)
        if inspect.isfunction(found.value):
            return self.write_function(found.value, found.name, module=found.module)
        return self._write_other(found)

    def write_class(self, found: Documented) -> str:
        kind = "exception" if issubclass(found.value, BaseException) else "class"
        node = _node(found.value)
        fields = _fields(node)
        members = [self._member(method) for method in _members(node)]
        canonical = f"{found.value.__module__}.{found.value.__name__}"
        options = {"module": found.module} | (
            {"canonical": canonical} if canonical != found.full_name else {}
        )
        text = self.text(_own_docstring(found.value), [*fields, *_parameters(_init(node))], literal="text")
        bases = [base for base in found.value.__bases__ if base.__name__ in self._places]
        note = ", ".join(self._link(f"`{base.__name__}`") for base in bases)
        signature = "" if found.name in self._not_called else self._class_signature(node)
        blocks = (note and f"Base: {note}", text, *members)
        return directive(f"py:{kind}", f"{found.name}{signature}", *blocks, options=options, level=1)

    def write_function(
        self, function: Callable[..., Any], name: str, *, module: str, is_in_contents: bool = True
    ) -> str:
        node = _node(function)
        text = self.text(inspect.getdoc(function), _parameters(node))
        options = {"module": module} | ({} if is_in_contents else {"no-contents-entry": ""})
        return directive("py:function", f"{name}{self._signature(node)}", text, options=options)

    def text(self, docstring: str | None, names: Any = (), *, literal: str = "text") -> str:
        return render(docstring, names, link=self._link, literal=literal)

    def _write_other(self, found: Documented) -> str:
        """A type alias or, if it is made by a call, a plain value."""
        assignment, docstring = _assignment(found)
        text, options = self.text(docstring), {"module": found.module}
        if isinstance(assignment, ast.Call):
            return directive("py:data", found.name, text, options=options)
        canonical = self._annotation(assignment)
        return directive("py:type", found.name, text, options=options | {"canonical": canonical})

    def _member(self, node: ast.FunctionDef) -> str:
        decorators = {ast.unparse(decorator) for decorator in node.decorator_list}
        text = self.text(ast.get_docstring(node), _parameters(node))
        if decorators & {"property", "cached_property"}:
            kind = self._annotation(node.returns) if node.returns else ""
            return directive("py:property", node.name, text, options={"type": kind} if kind else None)
        options: dict[str, str] = {flag: "" for flag in ("classmethod", "staticmethod") if flag in decorators}
        return directive("py:method", f"{node.name}{self._signature(node)}", text, options=options)

    def _class_signature(self, node: ast.ClassDef) -> str:
        if init := _init(node):
            return self._signature(init, returns=False)
        fields = [
            f"{ast.unparse(item.target)}: {self._annotation(item.annotation)}{_default(item)}"
            for item in node.body
            if isinstance(item, ast.AnnAssign)
        ]
        marks = [ast.unparse(part) for part in (*node.decorator_list, *node.keywords)]
        is_keyword_only = any("kw_only=True" in mark for mark in marks)
        return f"({', '.join([*(['*'] if is_keyword_only else []), *fields])})" if fields else ""

    def _signature(self, node: ast.FunctionDef, *, returns: bool = True) -> str:
        arguments = _Annotations(self._places).visit(copy.deepcopy(node.args))
        if arguments.args and arguments.args[0].arg in ("self", "cls"):
            arguments.args.pop(0)
        result = f" -> {self._annotation(node.returns)}" if returns and node.returns else ""
        return f"({ast.unparse(arguments)}){result}"

    def _annotation(self, node: ast.expr) -> str:
        return ast.unparse(_Annotations(self._places).full(copy.deepcopy(node)))


class _Annotations(ast.NodeTransformer):
    """Gives what is documented its full name in annotations, so that it becomes a link, and removes quotes."""

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def visit_arg(self, node: ast.arg) -> ast.arg:
        if node.annotation:
            node.annotation = self.full(node.annotation)
        return node

    def full(self, annotation: ast.expr) -> ast.expr:
        full: ast.expr = _FullNames(self._places).visit(annotation)
        return full


class _FullNames(ast.NodeTransformer):
    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = places

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        return node if ast.unparse(node.value) == "Literal" else self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if not isinstance(node.value, str):
            return node
        full: ast.AST = self.visit(ast.parse(node.value, mode="eval").body)
        return full

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.parse(self._places.get(node.id, node.id), mode="eval").body

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        """`versions.File` is written as `File` is."""
        full: ast.AST = self.visit(ast.Name(node.attr))
        return full


def _own_docstring(kind: type) -> str | None:
    return vars(kind).get("__doc__")


def source_of(module: str) -> str:
    """The source of a module."""
    return _source(import_module(module))


@cache
def _source(value: Any) -> str:
    return textwrap.dedent(inspect.getsource(value))


def _node(value: Any) -> Any:
    return ast.parse(_source(value)).body[0]


def _init(node: ast.ClassDef) -> ast.FunctionDef | None:
    functions = (item for item in node.body if isinstance(item, ast.FunctionDef))
    return next((item for item in functions if item.name == "__init__"), None)


def _members(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and not item.name.startswith("_") and not _is_setter(item):
            yield item


def _is_setter(function: ast.FunctionDef) -> bool:
    """Return whether the function sets a property, which is documented already."""
    return any(ast.unparse(decorator).endswith(".setter") for decorator in function.decorator_list)


def _fields(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(item.target) for item in node.body if isinstance(item, ast.AnnAssign)]


def _parameters(node: ast.FunctionDef | None) -> list[str]:
    if node is None:
        return []
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    extra = [extra for extra in (node.args.vararg, node.args.kwarg) if extra]
    return [argument.arg for argument in [*arguments, *extra]]


def _default(item: ast.AnnAssign) -> str:
    if item.value is None:
        return ""
    text = ast.unparse(item.value)
    factory = _FACTORY.fullmatch(text)
    return f" = {_EMPTY[factory[1]] if factory else text}"


def _text(following: ast.stmt | None) -> str | None:
    """Return the text of a statement that is one, None for any other statement."""
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return str(following.value.value)
    return None


def _assignment(found: Documented) -> tuple[ast.expr, str | None]:
    """The text of what a module assigns to a name, and the docstring below it."""
    body = ast.parse(source_of(found.source)).body
    for item, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == found.name:
            return item.value, _text(following)
    raise LookupError(f"{found.full_name} is not assigned in {found.source}")
