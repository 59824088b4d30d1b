"""The settings of a recipe: a frozen dataclass whose fields say type, default and help.

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        epochs: int = setting(20, help="passes over the training images", minimum=1)
        backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="what Keras runs on")

Types: str, int, float, bool, Literal of strings, and any of them `| None`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isnan
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dressage.errors import SettingsError, unknown

_WORDS = {
    "true": True,
    "yes": True,
    "on": True,
    "1": True,
    "false": False,
    "no": False,
    "off": False,
    "0": False,
}


def setting(default: Any, *, help: str, minimum: float | None = None, maximum: float | None = None) -> Any:  # noqa: A002
    """A field of a settings dataclass. Bounds are inclusive."""
    return field(default=default, metadata={"help": help, "minimum": minimum, "maximum": maximum})


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One declared setting, for showing and checking. choices: what it may be, if the type lists that."""

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()


def declared(kind: type) -> tuple[Setting, ...]:
    hints = get_type_hints(kind)
    return tuple(
        Setting(
            name=item.name,
            type=_type_name(hints[item.name]),
            default=item.default,
            help=item.metadata.get("help", ""),
            choices=_choices(hints[item.name]),
        )
        for item in fields(kind)
    )


def resolve(
    recipe: str, kind: type, values: Mapping[str, Any], origins: Mapping[str, str] | None = None
) -> Any:
    """An instance of the recipe's settings class; text becomes what each field's type asks for.

    origins: where values come from, by name, for those whose owner does not see them on the command line.
    Raises SettingsError: for a name that is not declared, a text that is not of the type, a value out of bounds.
    """
    hints = get_type_hints(kind)
    by_name = {item.name: item for item in fields(kind)}
    resolved: dict[str, Any] = {}
    for given, value in values.items():
        name = given.replace("-", "_")
        origin = (origins or {}).get(name)
        whose = f"{origin}: recipe {recipe!r}" if origin else f"recipe {recipe!r}"
        if name not in by_name:
            raise SettingsError(f"{whose}: {unknown('setting', given, by_name)}")
        resolved[name] = _checked(whose, name, value, hints[name], by_name[name].metadata)
    return kind(**resolved)


def _checked(whose: str, name: str, value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    try:
        checked = _coerced(value, hint)
    except (ValueError, TypeError):
        wanted = f"one of {', '.join(_choices(hint))}" if _choices(hint) else _type_name(hint)
        raise SettingsError(f"{whose}: setting {name} is {value!r}; give {wanted}") from None
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if checked is not None and ((low is not None and checked < low) or (high is not None and checked > high)):
        bounds = " and ".join(
            words
            for words in (low is not None and f"at least {low}", high is not None and f"at most {high}")
            if words
        )
        raise SettingsError(f"{whose}: setting {name} is {checked!r}; give {bounds}")
    return checked


def _coerced(value: Any, hint: Any) -> Any:
    members = [member for member in get_args(hint) if member is not NoneType]
    if NoneType in get_args(hint):
        return None if value is None or value == "none" else _coerced(value, members[0])
    if get_origin(hint) is Literal:
        if value not in members:
            raise ValueError(value)
        return value
    if hint is bool:
        return value if isinstance(value, bool) else _bool(value)
    fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not fits or (hint is int and isinstance(value, float)):
        raise ValueError(value)
    coerced = hint(value)
    if isinstance(coerced, float) and isnan(coerced):  # beyond any bounds, and equal to nothing
        raise ValueError(value)
    return coerced


def _bool(value: Any) -> bool:
    word = _WORDS.get(str(value).lower())
    if word is None:
        raise ValueError(value)
    return word


def _choices(hint: Any) -> tuple[str, ...]:
    return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()


def _type_name(hint: Any) -> str:
    if choices := _choices(hint):
        return "|".join(choices)
    if NoneType in get_args(hint):
        return _type_name(next(member for member in get_args(hint) if member is not NoneType)) + " or none"
    return str(getattr(hint, "__name__", hint))
