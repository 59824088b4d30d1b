"""Options of a platform on the command line, as KEY=VALUE."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dressage.cli.options import open_engine, pairs_of
from dressage.cli.streams import silent

if TYPE_CHECKING:
    from dressage.engine.engine import Engine


@silent()
def complete_option(ctx: typer.Context, incomplete: str) -> list[str]:
    """Complete `KEY=` with the options of the platform that --on names."""
    engine = open_engine()
    name = ctx.params.get("on") or engine.configuration.option("on").value
    return [f"{item.name}=" for item in engine.options(name) if item.name.startswith(incomplete)]


Option = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-O",
        metavar="KEY=VALUE",
        help="Option of the platform, for this command only; can be repeated.",
        autocompletion=complete_option,
    ),
]


def open_engine_with(on: str | None, words: Sequence[str] | None) -> "Engine":
    """Return an engine with the given platform options. on: the platform; None for the configured one."""
    engine = open_engine()
    if not words:
        return engine
    return open_engine({on or engine.configuration.option("on").value: values_of(words)})


def values_of(words: Sequence[str]) -> dict[str, str]:
    """Return KEY=VALUE words as a mapping, with '-' in keys replaced by '_'.

    Raises SettingsError for a word without '='.
    """
    pairs = pairs_of(words, "platform option", "KEY=VALUE")
    return {key.replace("-", "_"): value for key, value in pairs.items()}
