"""Rename packages, and the recipe, in the code of a recipe that is copied. Comments and layout stay as they are."""

import ast
import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

Span = tuple[int, int]
"""Start and end of a piece of code, in bytes."""
_FROM = re.compile(rb"from[\s\\]+")


class Renames(NamedTuple):
    """modules: the new dotted name of each package, by its old one. recipe: the recipe's old and new name."""

    modules: Mapping[str, str]
    recipe: tuple[str, str]


def list_imports(source: bytes) -> set[str]:
    """Return the dotted names that the code imports, without relative ones; none if it is not Python code."""
    found: set[str] = set()
    for node in ast.walk(_parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rewrite(source: bytes, renames: Renames) -> bytes:
    """Return the code with new names; what is not Python code stays as it is.

    Imports of the packages are renamed, what uses the imported names, and text that is the dotted name of a module.
    Text that is the recipe's name is renamed: it names the plugin, a model or a dataset. If the name could be an
    ordinary word, this is only done in an argument `name=` and in a constant of the module; otherwise, names in
    docstrings are renamed too.
    """
    edits = dict(_Finder(source, renames).find_edits())
    for (start, end), text in sorted(edits.items(), reverse=True):
        source = source[:start] + text + source[end:]
    return source


def _parse(source: bytes) -> ast.Module:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError):  # a template, for example
        return ast.Module([], [])


class _Finder:
    """Finds what is replaced in one file, and by what."""

    def __init__(self, source: bytes, renames: Renames) -> None:
        self._source, self._renames = source, renames
        self._tree = _parse(source)
        self._starts = [0]
        for line in source.splitlines(keepends=True):
            self._starts.append(self._starts[-1] + len(line))
        self._used = {
            old for old in renames.modules if any(_is_in(name, old) for name in self._bound_names())
        }
        self._names = set(self._names_of_the_recipe())
        self._docstrings = set(_docstrings(self._tree))

    def find_edits(self) -> Iterator[tuple[Span, bytes]]:
        in_formatted: set[ast.AST] = set()
        for node in ast.walk(self._tree):  # an outer node comes before those in it
            if node in in_formatted:
                continue
            if isinstance(node, ast.JoinedStr):
                in_formatted |= set(ast.walk(node))
            yield from self._edits_of(node)

    def _edits_of(self, node: ast.AST) -> Iterator[tuple[Span, bytes]]:
        match node:
            case ast.Import():
                for alias in node.names:
                    yield from self._rename_module(alias.name, self._offset(alias))
            case ast.ImportFrom(module=str(module), level=0):
                written = _FROM.match(self._source, self._offset(node))
                yield from self._rename_module(module, written.end() if written else 0)
            case ast.Name() | ast.Attribute() if (old := _dotted(node)) in self._used:
                yield self._span(node), self._renames.modules[str(old)].encode()
            case ast.JoinedStr():
                yield from self._replace(node, self._renames_in(node))
            case ast.Constant(value=str(text)):
                yield from self._replace(node, self._renames_of_text(node, text))

    def _rename_module(self, name: str, start: int) -> Iterator[tuple[Span, bytes]]:
        for old, new in self._renames.modules.items():
            if _is_in(name, old):
                yield (start, start + len(old.encode())), new.encode()

    def _replace(self, node: ast.expr, renames: Mapping[str, str]) -> Iterator[tuple[Span, bytes]]:
        if renames:
            start, end = self._span(node)
            yield (start, end), _replace_words(self._source[start:end], renames)

    def _renames_in(self, text: ast.JoinedStr) -> dict[str, str]:
        """Return what is replaced in an f-string: the places of what is in it are not known before Python 3.12."""
        used = {_dotted(node) for node in ast.walk(text)} & self._used
        return {old: self._renames.modules[old] for old in self._used if old in used}

    def _renames_of_text(self, node: ast.Constant, text: str) -> dict[str, str]:
        old, new = self._renames.recipe
        if node in self._docstrings:
            every = {**self._renames.modules, old: new}
            return {name: other for name, other in every.items() if _is_distinct(name)}
        if text == old and (node in self._names or _is_distinct(old)):
            return {old: new}
        return {old: new for old, new in self._renames.modules.items() if _is_in(text, old)}

    def _bound_names(self) -> Iterator[str]:
        """Yield the dotted names whose first part an import binds."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names if not alias.asname)

    def _names_of_the_recipe(self) -> Iterator[ast.AST]:
        """Yield what is an argument `name=`, and the values of constants of the module."""
        for node in ast.walk(self._tree):
            if isinstance(node, ast.keyword) and node.arg == "name":
                yield node.value
        for statement in self._tree.body:
            if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value:
                yield statement.value

    def _span(self, node: ast.expr) -> Span:
        end = self._starts[(node.end_lineno or 1) - 1] + (node.end_col_offset or 0)
        return self._offset(node), end

    def _offset(self, node: ast.expr | ast.stmt | ast.alias) -> int:
        return self._starts[node.lineno - 1] + node.col_offset


def _is_distinct(name: str) -> bool:
    """Return whether a name is certainly not an ordinary word."""
    return "_" in name or "-" in name


def _is_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _dotted(node: ast.AST) -> str | None:
    """Return "a.b" for the expression a.b."""
    if isinstance(node, ast.Attribute):
        before = _dotted(node.value)
        return f"{before}.{node.attr}" if before else None
    return node.id if isinstance(node, ast.Name) else None


def _docstrings(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield texts that are statements: docstrings of modules, classes, functions and fields."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value


def _replace_words(text: bytes, renames: Mapping[str, str]) -> bytes:
    for old, new in renames.items():
        text = re.sub(rb"(?<![\w-])" + re.escape(old.encode()) + rb"(?![\w-])", new.encode(), text)
    return text
