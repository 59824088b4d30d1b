"""The reference documents everything that it should. The tests take the names from the code, not from the pages."""

import ast
import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from importlib.metadata import entry_points
from typing import Annotated, Any, get_args, get_origin

import pluggy
import pytest
import typer
from tests.conftest import REPOSITORY

import dressage
from dressage import Engine, errors
from dressage.cli.lazy import Entry
from dressage.cli.main import COMMANDS, root
from dressage.engine.runs import Run
from dressage.hooks import observer_specs, policy_specs
from dressage.hooks import specs as hookspecs
from dressage.platforms import protocols, remote
from dressage.results.events import Event
from dressage.results.plans import Plan
from dressage.results.statuses import RunStatus
from dressage.specs import configuration, plugin_settings
from dressage.specs.settings import Owner
from reference import pages
from reference.docstrings import LABELS, Part, parse, render

PAGES = pages()
DIRECTIVE = re.compile(r"^(?P<fence>:{3,})\{(?P<kind>[\w:]+)\} (?P<name>[^\s(]+)(?P<rest>.*)$")
ENTRIES = [*entry_points(group="dressage.recipes"), *entry_points(group="dressage.platforms")]
FIRST_PARTY = [entry for entry in ENTRIES if entry.dist and entry.dist.name == "dressage"]


def read_entries(page: str) -> dict[str, str]:
    """The text of each directive of a page by its kind and name, "py:method Runs.submit"."""
    found: dict[str, str] = {}
    open_ones: list[tuple[str, str]] = []
    for line in PAGES[page].splitlines():
        if match := DIRECTIVE.match(line):
            outer = f"{open_ones[-1][0].split()[-1]}." if open_ones else ""
            open_ones.append((f"{match['kind']} {outer}{match['name']}", match["fence"]))
            found[open_ones[-1][0]] = match["rest"]
        elif open_ones and line == open_ones[-1][1]:
            open_ones.pop()
        for name, _ in open_ones:
            found[name] += f"\n{line}"
    return found


def sections(page: str) -> dict[str, str]:
    """The text below each heading of the second level."""
    parts = re.split(r"^## (.*)\n", PAGES[page], flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def hooks(module: Any) -> list[str]:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(module)
    return [name for name in vars(manager.hook) if not name.startswith("_")]


HOOKS = [
    pytest.param(getattr(module, name), id=f"{module.__name__.split('.')[-1]}.{name}")
    for module in (hookspecs, policy_specs, observer_specs)
    for name in hooks(module)
]


def classes_of(module: Any) -> list[type]:
    return [
        kind for kind in vars(module).values() if inspect.isclass(kind) and kind.__module__ == module.__name__
    ]


def members_of(kind: type) -> list[str]:
    """Public methods and properties; fields of a struct or dataclass are parameters of its class."""
    fields = inspect.get_annotations(kind)
    return [name for name in vars(kind) if not name.startswith("_") and name not in fields]


METHODS = [
    pytest.param(vars(kind)[name], id=f"{kind.__name__}.{name}")
    for kind in classes_of(protocols)
    for name in members_of(kind)
    if inspect.isfunction(vars(kind)[name])
]


def commands(entries: Mapping[str, Entry], path: str = "dressage") -> Iterator[tuple[str, Entry]]:
    for name, entry in entries.items():
        yield f"{path} {name}", entry
        yield from commands(entry.commands, f"{path} {name}")


def parameters_of(function: Any) -> Iterator[tuple[list[str], str]]:
    """How each parameter of a command is written, and its help, from the function's annotations."""
    for name, parameter in inspect.signature(function, eval_str=True).parameters.items():
        assert get_origin(parameter.annotation) is Annotated
        info = get_args(parameter.annotation)[1]
        if isinstance(info, typer.models.ArgumentInfo):
            yield [name.rstrip("_").upper()], info.help or ""
        else:
            words = [info.default, *(info.param_decls or ())]  # Typer takes the first of them for the default
            names = [word for word in words if isinstance(word, str)]
            yield names or [f"--{name.replace('_', '-')}"], info.help or ""


@pytest.mark.parametrize(
    ("title", "module"),
    [("Recipes and platforms", hookspecs), ("Policies", policy_specs), ("Observers", observer_specs)],
)
def test_each_hook_has_a_section(title: str, module: Any):
    section = sections("hooks")[title]
    assert sorted(re.findall(r"^### (\w+)$", section, re.MULTILINE)) == sorted(hooks(module))
    entries = re.findall(r"^:+\{py:function\} (\w+)\(.*\n:module: (\S+)\n", section, re.MULTILINE)
    assert sorted(entries) == sorted((name, module.__name__) for name in hooks(module))


@pytest.mark.parametrize("hook", sorted({*hooks(hookspecs), *hooks(policy_specs), *hooks(observer_specs)}))
def test_the_page_for_plugin_authors_names_each_hook(hook: str):
    assert f"`{hook}" in (REPOSITORY / "docs" / "plugin-authors.md").read_text()


@pytest.mark.parametrize("module", [protocols, remote], ids=lambda module: module.__name__)
def test_each_protocol_and_each_of_its_methods_is_there(module: Any):
    found = {name.split()[1] for name in read_entries("protocols")}
    wanted = {kind.__name__ for kind in classes_of(module)}
    wanted |= {f"{kind.__name__}.{name}" for kind in classes_of(module) for name in members_of(kind)}
    assert not wanted - found


def test_each_public_name_of_the_package_is_there():
    classes = {name: value for name in dir(dressage) if inspect.isclass(value := getattr(dressage, name))}
    public = {name for name, value in classes.items() if value.__module__.startswith("dressage")}
    found = {name.split()[1] for page in PAGES for name in read_entries(page) if name.startswith("py:")}
    assert {*public, *dressage._HOMES} - found == set()


@pytest.mark.parametrize("kind", [Engine, Run, Plan, RunStatus], ids=lambda kind: kind.__name__)
def test_each_member_and_field_of_a_class_is_there(kind: type):
    found = read_entries("engine")
    assert {f"{kind.__name__}.{name}" for name in members_of(kind)} <= {name.split()[1] for name in found}
    signature = found[f"py:class {kind.__name__}"].partition("\n")[0]
    fields = [name for name in inspect.get_annotations(kind) if not name.startswith("_")]
    assert [name for name in fields if not re.search(rf"\b{name}: ", signature)] == []


def test_each_event_and_error_is_there():
    assert {f"py:class {event.__name__}" for event in get_args(Event)} <= set(read_entries("events"))
    kinds = {kind.__name__ for kind in classes_of(errors)}
    assert {f"py:exception {name}" for name in kinds} <= set(read_entries("errors"))


@pytest.mark.parametrize(
    ("path", "entry"), [pytest.param(*found, id=found[0]) for found in commands(COMMANDS)]
)
def test_each_command_has_a_section_with_its_arguments_options_and_helps(path: str, entry: Entry):
    section = sections("commands")[path]
    if entry.target is None:
        return
    module, _, name = entry.target.partition(":")
    check_parameters(section, getattr(import_module(module), name))


def test_the_options_of_all_commands_are_there():
    check_parameters(sections("commands")["dressage"], root)


def check_parameters(section: str, function: Any) -> None:
    found = re.findall(r"^:::\{option\} (.*)\n\n(.*)$", section, re.MULTILINE)
    for names, help_ in parameters_of(function):
        wanted = [(words, text) for words, text in found if set(names) <= set(re.split(r"[, ]+", words))]
        assert wanted, f"{names} is not in the section"
        assert help_
        assert help_.rstrip(".") in wanted[0][1].replace("\\", "")


@pytest.mark.parametrize("entry", FIRST_PARTY, ids=lambda entry: entry.name)
def test_each_setting_of_a_recipe_and_option_of_a_platform_is_there(entry: Any):
    kind = entry.group.removeprefix("dressage.").removesuffix("s")
    engine, found = Engine(environ={}), read_entries("settings")
    items = engine.settings(entry.name) if kind == "recipe" else engine.options(entry.name)
    assert items
    for item in items:
        text = found[f"confval {kind}s.{entry.name}.{item.name}"]
        assert item.help in text.replace("\\", "")
        variable = re.search(r"Variable: `(\w+)`", text)
        assert variable, text
        configured = configuration.Configuration({variable[1]: "x"}).values(
            Owner(kind, entry.name), [item.name]
        )
        assert configured[item.name].origin == variable[1]


def test_every_first_party_plugin_is_among_them():
    assert len(FIRST_PARTY) >= 4


@pytest.mark.parametrize("key", [*configuration.DEFAULTS, *configuration._TABLES])
def test_each_key_of_a_settings_file_is_there_with_what_it_is_and_its_variable(key: str):
    text = read_entries("configuration")[f"confval {key}"]
    first = next(line for line in text.splitlines() if line and not line.startswith(":"))
    assert len(first) > 10
    assert not first.startswith("Variable")
    variable = re.search(r"`(DRESSAGE_\w+)`", text)
    if key in configuration.DEFAULTS:
        assert variable
        assert configuration.Configuration({variable[1]: "5"}).option(key).origin == variable[1]


@pytest.mark.parametrize("key", plugin_settings._LISTS)
def test_each_key_of_the_table_of_plugins_is_there(key: str):
    assert re.search(r"^\w.{10}", read_entries("configuration")[f"confval plugins.{key}"], re.MULTILINE)


def test_each_variable_that_the_code_reads_is_named_somewhere():
    """`_DRESSAGE_COMPLETE` is Typer's own."""
    code = [path for folder in ("core", "plugins") for path in (REPOSITORY / folder).rglob("*.py")]
    names = {name for path in code for name in re.findall(r"(?<!_)DRESSAGE_[A-Z_]*[A-Z]", path.read_text())}
    text = "\n".join([*PAGES.values(), *(page.read_text() for page in (REPOSITORY / "docs").glob("*.md"))])
    assert names
    assert {name for name in names if name not in text} == set()


def parts_of(function: Any, names: Iterable[str] = ()) -> dict[str | None, str]:
    parameters = inspect.signature(function).parameters
    return {part.label: part.text for part in parse(function.__doc__, names or parameters)}


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_says_when_it_is_called_what_it_returns_and_raises_and_since_when_with_an_example(
    hook: Any,
):
    parts = parts_of(hook)
    assert {label for label in LABELS if not parts.get(label)} == set()
    example = ast.parse(parts["Example"])
    functions = [node for node in ast.walk(example) if isinstance(node, ast.FunctionDef)]
    assert [node.name for node in functions] == [hook.__name__]


@pytest.mark.parametrize("method", METHODS)
def test_each_method_of_a_protocol_says_when_it_is_called_what_it_returns_and_raises(method: Any):
    parts = parts_of(method)
    assert parts["Called"]
    assert parts["Raises"]
    says_what = parts[None].startswith(("Return ", "List ")) or parts.get("Returns")
    assert says_what or inspect.signature(method).return_annotation is None


def test_a_docstring_becomes_text_labelled_parts_and_an_example():
    def hook(name: str) -> None:
        """Do it. Called: once. name: of what; a path.

        Returns: the thing,
            as a whole.
        Raises NotFoundError if it does not exist.
        Must not block.

        Example:
            hook("a")

            hook("b")
        """

    assert parse(hook.__doc__, ["name"]) == (
        Part(None, "Do it."),
        Part("Called", "once."),
        Part("name", "of what; a path."),
        Part("Returns", "the thing, as a whole."),
        Part("Raises", "NotFoundError if it does not exist."),
        Part("Must not", "block."),
        Part("Example", 'hook("a")\n\nhook("b")'),
    )
    assert "Called\n: once." in render(hook.__doc__)
    assert '```python\nhook("a")\n\nhook("b")\n```' in render(hook.__doc__)


def test_a_table_and_an_indented_block_are_shown_as_they_are():
    text = "Files.\n\n    a    one\n    b    two\n\nMore:\n\nc.txt    three\nd.txt    four\n"
    assert parse(text)[1] == Part("literal", "a    one\nb    two")
    assert parse(text)[3] == Part("literal", "c.txt    three\nd.txt    four")


def test_a_name_that_is_not_a_field_is_no_label():
    assert parse("Keep it. size: bytes. other: no label.", ["size"]) == (
        Part(None, "Keep it."),
        Part("size", "bytes. other: no label."),
    )


@pytest.mark.parametrize("page", PAGES)
def test_no_page_of_the_reference_is_empty(page: str):
    assert PAGES[page].startswith("# ")
    assert read_entries(page)
