"""The page of the conformance kit: its suites, what a test class can say, and what each suite checks.

The source is parsed and not imported, because pytest is not needed to build the documentation.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import dressage.testing
from reference.markdown import directive, escape, join

_FOLDER = Path(dressage.testing.__file__).parent
_ALL = ("PlatformTests", "RunsTests")
"""Classes that only combine suites."""
SUITES = (
    *("recipes", "policies", "observers"),
    *("platform_suite", "runs", "run_control", "run_crashes", "planning", "tracking"),
    *("datasets", "compute", "environments", "models"),
)
"""The modules of the suites, in the order of the page."""


def page() -> str:
    """Return a section for each suite."""
    about = (ast.get_docstring(_parse("__init__")) or "").partition("    from")[0]
    blocks = ["# Conformance kit", escape(about.strip())]
    blocks.append(
        "[For plugin authors](../plugin-authors.md#the-conformance-kit) describes how to use it."
        " `PlatformTests` has all suites of a platform; `RunsTests` has those that every platform must pass."
    )
    blocks += [_describe(suite, module) for module in SUITES for suite in _suites(_parse(module))]
    return join(blocks) + "\n"


def _parse(module: str) -> ast.Module:
    return ast.parse((_FOLDER / f"{module}.py").read_text(encoding="utf-8"))


def _suites(module: ast.Module) -> Iterator[ast.ClassDef]:
    for node in module.body:
        if (
            isinstance(node, ast.ClassDef)
            and node.name.endswith(("Tests", "Suite"))
            and node.name not in _ALL
        ):
            yield node


def _describe(suite: ast.ClassDef, module: str) -> str:
    """Return a suite as a class with its attributes, fixtures and tests."""
    functions = [node for node in suite.body if isinstance(node, ast.FunctionDef)]
    fixtures = [_line(f"`{node.name}`", node) for node in functions if _is_fixture(node)]
    tests = [_line(_fact(node), node) for node in functions if node.name.startswith("test_")]
    lists = {"Attributes": list(_attributes(suite)), "Fixtures": fixtures, "Tests": tests}
    blocks = [f"{title}:\n\n" + "\n".join(lines) for title, lines in lists.items() if lines]
    about = escape(ast.get_docstring(suite) or "")
    return directive("py:class", suite.name, about, *blocks, options={"module": f"dressage.testing.{module}"})


def _attributes(suite: ast.ClassDef) -> Iterator[str]:
    """Yield the attributes, with the text that follows each."""
    for node, after in zip(suite.body, [*suite.body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = _text(after) if isinstance(after, ast.Expr) else ""
            value = ast.unparse(node.value) if node.value else ""
            yield f"- `{node.target.id} = {value}` {escape(text)}".rstrip()


def _text(node: ast.Expr) -> str:
    return " ".join(str(ast.literal_eval(node.value)).split())


def _line(title: str, node: ast.FunctionDef) -> str:
    about = " ".join((ast.get_docstring(node) or "").split())
    return f"- {title}: {escape(about)}" if about else f"- {title}"


def _fact(node: ast.FunctionDef) -> str:
    return node.name.removeprefix("test_").replace("_", " ").capitalize()


def _is_fixture(node: ast.FunctionDef) -> bool:
    return any("fixture" in ast.unparse(decorator) for decorator in node.decorator_list)
