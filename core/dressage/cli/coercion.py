"""Plain values from the command line without pydantic.

Typer turns every parameter's text into a value through pydantic, which takes 0.2 s to import: more than the
whole of a warm plan. Ours are flags, text, numbers, paths, choices and lists of text; for these a few lines do. A
parameter of any other kind is left to Typer, and should Typer cease to look here, all are.
"""

from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from dressage.cli import streams

_PLAIN = (str, int, float, bool, Path)


class PlainValue:
    """What Typer asks for the value of one parameter."""

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
            raise typer.BadParameter(f"{value!r} is not {error}", ctx=ctx, param=param) from error

    def _convert(self, value: Any) -> Any:
        if get_origin(self._annotation) is Literal:
            if value not in get_args(self._annotation):
                raise ValueError(f"one of {', '.join(get_args(self._annotation))}")
            return value
        try:
            number = self._annotation(value)
        except ValueError:
            raise ValueError("a whole number" if self._annotation is int else "a number") from None
        if self._minimum is not None and number < self._minimum:
            raise ValueError(f"at least {self._minimum:g}")
        return number


class PlainParameters:
    """Mixed into a command or group: its plain parameters, and its help option, are looked after here."""

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
        """`RECIPE [ARGUMENTS]...`: brackets for what may be left out, nothing around the rest."""
        pieces: list[str] = super().collect_usage_pieces(ctx)  # type: ignore[misc]
        return [piece.replace("{", "").replace("}", "") for piece in pieces]


class PlainCommand(PlainParameters, TyperCommand):
    """A command that starts fast, and whose results no plugin prints into."""

    def invoke(self, ctx: Any) -> Any:
        streams.divert()  # help went to stdout while arguments were read; from here on plugins are imported
        return super().invoke(ctx)
