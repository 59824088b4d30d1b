"""The page of the command line, from the tree of commands itself."""

import re
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import typer

from dressage.cli.main import app
from reference.markdown import code_block, directive, escape, join


def page() -> str:
    """Return a section for each command, and for what all of them take."""
    root = app()
    context = typer.Context(root, info_name="dressage")
    blocks = ["# Command line", "`dressage COMMAND --help` prints the same."]
    blocks += list(_section(root, context))
    return join(blocks) + "\n"


def _section(command: Any, context: Any) -> Iterator[str]:
    path = context.command_path
    usage = re.sub(r"\s+", " ", command.get_usage(context)).removeprefix("Usage: ")
    yield f"({path.replace(' ', '-')})=\n## {path}"
    yield escape(_text(command.help))
    yield code_block(usage, "text")
    yield directive("program", path)
    for parameter in command.get_params(context):
        if not getattr(parameter, "hidden", False):
            yield _parameter(parameter)
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        found = command.get_command(context, name)
        yield from _section(found, typer.Context(found, info_name=name, parent=context))


def _parameter(parameter: Any) -> str:
    is_argument = parameter.param_type_name == "argument"
    if is_argument:
        signature = parameter.metavar or parameter.name.upper()
    else:
        names = ", ".join(sorted(parameter.opts, key=len))
        signature = f"{names} {_value_of(parameter)}".strip()
    return directive("option", signature, escape(" ".join(_facts(parameter))))


def _value_of(parameter: Any) -> str:
    """How the option's value is written; "" for a flag."""
    if parameter.is_flag:
        return ""
    return str(parameter.metavar or _kind(parameter))


def _kind(parameter: Any) -> str:
    annotation = parameter.type_descriptor.annotation
    if get_origin(annotation) is Literal:
        return "|".join(get_args(annotation))
    return {"str": "TEXT", "int": "NUMBER", "float": "NUMBER", "Path": "PATH"}.get(
        annotation.__name__, "TEXT"
    )


def _facts(parameter: Any) -> Iterator[str]:
    yield (parameter.help or "").rstrip(".") + "."
    if parameter.param_type_name == "argument" and parameter.required:
        yield "Required."
    if parameter.default not in (None, False, (), []) and not parameter.is_flag:
        yield f"Default: `{parameter.default}`."


def _text(help_: str | None) -> str:
    paragraphs = (help_ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)
