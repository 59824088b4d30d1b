"""Import a command only when it is called. `--help` needs only Typer and a table of one-line help texts."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from dressage.cli.coercion import PlainCommand, PlainParameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A command or a group.

    target: "module:function" for a command. commands: the commands of a group.
    """

    help: str
    target: str | None = None
    commands: Mapping[str, "Entry"] = field(default_factory=dict)


class LazyGroup(PlainParameters, TyperGroup):
    """A group that knows its commands by name and help, and builds a command when it is called."""

    entries: Mapping[str, Entry] = {}

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            sys.stderr.write(f"{ctx.get_help()}\n")
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def list_commands(self, _: Any) -> list[str]:
        return list(self.entries)

    def get_command(self, _: Any, cmd_name: str) -> Any:
        if cmd_name not in self.entries:
            return None
        if cmd_name not in self.commands:
            self.commands[cmd_name] = build_command(cmd_name, self.entries[cmd_name])
        return self.commands[cmd_name]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.entries and not args[0].startswith("-"):
            from dressage.errors import NotFoundError, describe_unknown

            raise NotFoundError(describe_unknown("command", args[0], self.entries))
        return super().resolve_command(ctx, args)

    def format_commands(self, _: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.help) for name, entry in self.entries.items()])


def build_command(name: str, entry: Entry) -> Any:
    """Build the command or the group of an entry."""
    app = typer.Typer(
        name=name,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    if entry.target is None:
        app.callback(cls=group_of(entry.commands), help=entry.help)(_do_nothing)
    else:
        module, _, function = entry.target.partition(":")
        app.command(name, cls=PlainCommand)(getattr(import_module(module), function))
    return typer.main.get_command(app)


def group_of(entries: Mapping[str, Entry]) -> type[LazyGroup]:
    return type("Group", (LazyGroup,), {"entries": entries})


def _do_nothing() -> None:
    """Callback of a group, which does nothing itself."""
