"""Options that several commands share, and the completions of their values."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from dressage.cli.streams import silent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dressage.engine.engine import Engine
    from dressage.specs.settings import Setting

OutputFormat = Literal["table", "json"]
StreamFormat = Literal["table", "json", "jsonl"]


def open_engine(platforms: "Mapping[str, Mapping[str, Any]] | None" = None) -> "Engine":
    from dressage.engine.engine import Engine

    return Engine(platforms=platforms)


@silent()
def complete_run(incomplete: str) -> list[str]:
    """Run ids, the newest first, straight from their folders."""
    workspace = open_engine().workspace
    names = [entry.name for entry in workspace.runs.iterdir()] if workspace.exists else []
    return sorted((name for name in names if name.startswith(incomplete)), reverse=True)


@silent()
def complete_recipe(incomplete: str) -> list[str]:
    return [name for name in open_engine().plugins.names("recipe") if name.startswith(incomplete)]


@silent()
def complete_platform(incomplete: str) -> list[str]:
    return [name for name in open_engine().plugins.names("platform") if name.startswith(incomplete)]


@silent()
def complete_dataset(incomplete: str) -> list[str]:
    names = {f"{version.name}:{version.version}" for version in open_engine().platform().datasets.list()}
    return sorted(name for name in names if name.startswith(incomplete))


@silent()
def complete_model(incomplete: str) -> list[str]:
    names = {f"{version.name}:{version.version}" for version in open_engine().platform().models.list()}
    return sorted(name for name in names if name.startswith(incomplete))


@silent()
def complete_compute(incomplete: str) -> list[str]:
    return [
        target.name
        for target in open_engine().platform().compute.list()
        if target.name.startswith(incomplete)
    ]


@silent()
def complete_setting(ctx: typer.Context, incomplete: str) -> list[str]:
    """`NAME=` of the settings of the recipe that stands on the line, or NAME=VALUE of one that has choices."""
    name, equals, value = incomplete.partition("=")
    if equals:
        return [f"{name}={choice}" for choice in _choices(ctx, name) if choice.startswith(value)]
    return [f"{item.name}=" for item in _settings(ctx) if item.name.startswith(incomplete)]


@silent()
def complete_argument(ctx: typer.Context, incomplete: str) -> list[str]:
    """The VALUE of a `--set NAME=VALUE` in bash, which takes that for three words, the last an argument."""
    before = os.environ.get("COMP_WORDS", "").split()[: int(os.environ.get("COMP_CWORD", "0"))]
    match before:
        case (*_, "--set" | "-s", name) | (*_, "--set" | "-s", name, "="):
            return [choice for choice in _choices(ctx, name) if choice.startswith(incomplete)]
    return []


def _choices(ctx: typer.Context, name: str) -> "Sequence[str]":
    return next((item.choices for item in _settings(ctx) if item.name == name), ())


def _settings(ctx: typer.Context) -> "Sequence[Setting]":
    """Of the recipe on the line; behind an option that is not whole yet, nothing has been made of the line."""
    recipe = ctx.params.get("recipe") or next(iter(ctx.args), None)
    return open_engine().settings(recipe) if recipe else ()


Recipe = Annotated[
    str, typer.Argument(help="A recipe's name, or a script's path.", autocompletion=complete_recipe)
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(help="After --: arguments of the script.", autocompletion=complete_argument),
]
Conda = Annotated[Path | None, typer.Option("--conda", help="A conda specification to run a script in.")]
RunId = Annotated[str, typer.Argument(help="The run's id.", autocompletion=complete_run)]
On = Annotated[
    str | None,
    typer.Option(
        "--on", help="The platform; the configured one by default.", autocompletion=complete_platform
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="A setting; may be repeated.",
        autocompletion=complete_setting,
    ),
]
Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="How to print it.")]
To = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="DIR", help="Folder to copy to; by default one named after the run or version."
    ),
]


Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        "-t",
        metavar="NAME=VALUE",
        help="A tag of the run and of the platform's job; may be repeated.",
    ),
]


def pairs_of(words: "Sequence[str] | None", what: str, form: str = "NAME=VALUE") -> dict[str, str]:
    """Words like `form` as a mapping. what: what they are, for SettingsError, raised for a word without '='."""
    from dressage.errors import SettingsError

    values = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise SettingsError(f"{what} {word!r}: give {form}")
        values[name] = value
    return values


def settings_of(words: list[str] | None) -> dict[str, Any]:
    return pairs_of(words, "--set")
