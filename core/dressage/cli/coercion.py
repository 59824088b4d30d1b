"""Convert command line values without pydantic.

Typer converts parameters with pydantic, which takes 0.2 s to import: longer than a whole warm plan. Our parameters
are flags, text, numbers, paths, choices and lists of text, which a few lines can convert. Typer still converts
parameters of other types, and all of them if a later version of Typer ignores `_runtime_param`.
"""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from dressage.cli import streams

_PLAIN = (str, int, float, bool, Path)


class PlainValue:
    """Converts the value of one parameter; Typer calls `coerce`."""

    def __init__(self, annotation: Any, minimum: float | None) -> None:
        self._annotation = annotation
        self._minimum = minimum

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if get_origin(self._annotation) is list:
            return [] if value is None else list(value)
        if value is None or isinstance(value, bool):
            return value
        try:
            return self._convert(value)
        except ValueError as error:
            raise typer.BadParameter(f"{value!r} {error}", ctx=ctx, param=param) from error

    def _convert(self, value: Any) -> Any:
        if get_origin(self._annotation) is Literal:
            if value not in get_args(self._annotation):
                raise ValueError(f"is not one of {', '.join(get_args(self._annotation))}")
            return value
        try:
            number = self._annotation(value)
        except ValueError:
            kind = "a whole number" if self._annotation is int else "a number"
            raise ValueError(f"is not {kind}") from None
        if self._minimum is not None and number < self._minimum:
            raise ValueError(f"is less than {self._minimum:g}")
        return number


class PlainParameters:
    """Mixin for a command or a group: converts parameters with `PlainValue` and shortens their metavars."""

    def get_params(self, ctx: Any) -> list[Any]:
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for param in params:
            annotation = getattr(getattr(param, "type_descriptor", None), "annotation", None)
            if annotation in _PLAIN or get_origin(annotation) is Literal or annotation == list[str]:
                param._runtime_param = PlainValue(annotation, getattr(param, "min", None))
            if param.param_type_name == "argument":
                param.metavar = param.name.upper()
        return params

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return `RECIPE [ARGUMENTS]...`: only optional arguments are in brackets."""
        pieces: list[str] = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


class PlainCommand(PlainParameters, TyperCommand):
    """A command that starts fast and keeps what plugins print out of stdout."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the words. If no argument comes before `--`, the first one is "--": what follows is a command."""
        if "--" in args and "arguments" in {param.name for param in self.get_params(ctx)}:
            place = args.index("--")
            given, _, _ = self.make_parser(ctx).parse_args(args=args[:place])
            if not given.get("recipe"):
                args = [*args[:place], "--", *args[place:]]
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        # not earlier: help is printed to stdout while arguments are parsed, before plugins are imported
        streams.divert()
        return super().invoke(ctx)
