"""Options shared by several commands, and shell completion of their values."""

import os
from contextlib import suppress
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
    """Return an engine of the current folder. This process gives new files the permissions of its workspace."""
    from dressage.engine.engine import Engine
    from dressage.errors import DressageError
    from dressage.files.permissions import follow_folder

    engine = Engine(platforms=platforms)
    with suppress(DressageError, OSError):  # the command reports it
        follow_folder(engine.workspace.mode)
    return engine


@silent()
def complete_run(incomplete: str) -> list[str]:
    """Complete run ids, newest first, read from the folder names."""
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
    """Complete `NAME=` for the recipe on the line, or NAME=VALUE for a setting with choices."""
    name, equals, value = incomplete.partition("=")
    if equals:
        return [f"{name}={choice}" for choice in _choices(ctx, name) if choice.startswith(value)]
    return [f"{item.name}=" for item in _settings(ctx) if item.name.startswith(incomplete)]


@silent()
def complete_argument(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete the VALUE of `--set NAME=VALUE` in bash, which splits it into three words."""
    before = os.environ.get("COMP_WORDS", "").split()[: int(os.environ.get("COMP_CWORD", "0"))]
    match before:
        case (*_, "--set" | "-s", name) | (*_, "--set" | "-s", name, "="):
            return [choice for choice in _choices(ctx, name) if choice.startswith(incomplete)]
    return []


def _choices(ctx: typer.Context, name: str) -> "Sequence[str]":
    return next((item.choices for item in _settings(ctx) if item.name == name), ())


def _settings(ctx: typer.Context) -> "Sequence[Setting]":
    """Return the settings of the recipe on the line: the argument, or that of --from.

    While an option is incomplete, Click has not parsed the recipe yet, and it is the first of the unparsed arguments.
    """
    recipe = ctx.params.get("from_") or ctx.params.get("recipe") or next(iter(ctx.args), None)
    return open_engine().settings(recipe) if recipe else ()


Recipe = Annotated[
    str | None,
    typer.Argument(
        help="Recipe name, or path of a script, notebook or folder.", autocompletion=complete_recipe
    ),
]
Arguments = Annotated[
    list[str] | None,
    typer.Argument(
        help="Arguments for the script, after --; without RECIPE, a command.",
        autocompletion=complete_argument,
    ),
]
RunId = Annotated[
    str, typer.Argument(help="Run id, its unique beginning or end, or 'latest'.", autocompletion=complete_run)
]
RunIds = Annotated[
    list[str],
    typer.Argument(
        metavar="RUN...",
        help="Run ids, their unique beginnings or ends, or 'latest'.",
        autocompletion=complete_run,
    ),
]
On = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="PLATFORM",
        help="Platform to use. Default: the configured platform.",
        autocompletion=complete_platform,
    ),
]
OnElsewhere = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="PLATFORM",
        help="Platform to look for a run that is not recorded here. Default: the configured platform.",
        autocompletion=complete_platform,
    ),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="Setting of the recipe; can be repeated.",
        autocompletion=complete_setting,
    ),
]
Detach = Annotated[bool, typer.Option("--detach", "-d", help="Return as soon as the run is submitted.")]
StreamOutput = Annotated[
    StreamFormat, typer.Option("--output", "-o", help="Output format; jsonl prints one event per line.")
]
Output = Annotated[OutputFormat, typer.Option("--output", "-o", help="Output format.")]
To = Annotated[
    Path | None,
    typer.Option(
        "--to", metavar="DIR", help="Folder to download to. Default: a folder named after the run or version."
    ),
]

Overwrite = Annotated[
    bool, typer.Option("--overwrite", help="Replace existing files that have other content.")
]
Experiment = Annotated[
    str | None, typer.Option("--experiment", metavar="NAME", help="Experiment to group the run under.")
]
Tag = Annotated[
    list[str] | None,
    typer.Option(
        "--tag",
        "-t",
        metavar="NAME=VALUE",
        help="Tag for the run and the platform's job; can be repeated.",
    ),
]


Priority = Annotated[
    int, typer.Option("--priority", metavar="N", help="Runs with a higher number leave the queue first.")
]
Retries = Annotated[
    int,
    typer.Option("--retries", metavar="N", help="Number of new attempts if the run is interrupted.", min=0),
]
TimeLimit = Annotated[
    str | None,
    typer.Option("--time-limit", metavar="TIME", help="Time limit of the script, such as 90m (s, m, h, d)."),
]


def pairs_of(words: "Sequence[str] | None", what: str, form: str = "NAME=VALUE") -> dict[str, str]:
    """Return words of the given form as a mapping.

    what: names the option in error messages. Raises SettingsError for a word without '='.
    """
    from dressage.errors import SettingsError

    values = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise SettingsError(f"invalid {what} {word!r}: use {form}")
        values[name] = value
    return values


def settings_of(words: list[str] | None) -> dict[str, Any]:
    return pairs_of(words, "--set")
