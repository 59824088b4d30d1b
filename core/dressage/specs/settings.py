"""Declare the settings of a recipe, or the options of a platform or observer: a frozen dataclass with defaults.

    @dataclass(frozen=True, kw_only=True)
    class Settings:
        epochs: int = setting(20, help="passes over the training images", minimum=1)
        backend: Literal["tensorflow", "jax"] = setting("tensorflow", help="the library that Keras uses")

Types: str, int, float (finite), bool, Literal of strings, and each of them `| None`. On the command line and in
files, None is written as "none". A `tuple[X, ...]` is a list in a file, and text with commas in a variable.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from math import isfinite
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dressage.errors import SettingsError, describe_unknown

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


def setting(
    default: Any,
    *,
    help: str,  # noqa: A002
    minimum: float | None = None,
    maximum: float | None = None,
    secret: bool = False,
) -> Any:
    """Return a dataclass field for a setting or option.

    help: one line for users. minimum, maximum: inclusive bounds; None for no bound.
    secret: whether the value is in no file and no record. The setting `api_key` of a recipe is the name of the
        variable that the script gets, "API_KEY", or None if there is no value; unless the default is None, there must
        be one. An option of a platform or an observer is the value itself.
    """
    metadata = {"help": help, "minimum": minimum, "maximum": maximum, "secret": secret}
    return field(default=default, metadata=metadata, repr=not secret)


@dataclass(frozen=True, slots=True)
class Owner:
    """What declares settings. kind: a recipe has settings, a platform, an observer or a table of core has options."""

    kind: Literal["recipe", "platform", "observer", "table"]
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.name!r}"

    @property
    def noun(self) -> str:
        """What messages call one of its values: "setting" or "option"."""
        return "setting" if self.kind == "recipe" else "option"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One declared setting or option.

    choices: the values that its type allows, if it lists them. secret: as in `setting`.
    """

    name: str
    type: str
    default: Any
    help: str
    choices: tuple[str, ...] = ()
    secret: bool = False


def list_settings(kind: type) -> tuple[Setting, ...]:
    """Return the settings that a dataclass declares."""
    hints = get_type_hints(kind)
    return tuple(
        Setting(
            name=item.name,
            type=_type_name(hints[item.name]),
            default=item.default,
            help=item.metadata.get("help", ""),
            choices=_choices(hints[item.name]),
            secret=item.metadata.get("secret", False),
        )
        for item in fields(kind)
    )


def resolve(
    owner: Owner, kind: type | None, values: Mapping[str, Any], origins: Mapping[str, str] | None = None
) -> Any:
    """Return an instance of the declared class. Text is converted to the type of the field.

    kind: the declared class; None if nothing is declared: then any value is an error, and the result is None.
    origins: by name, the file or variable of each value that is not from the command line.
    Raises SettingsError for a name that is not declared, a value of the wrong type, or a value out of bounds.
    """
    hints = get_type_hints(kind) if kind else {}
    by_name = {item.name: item for item in fields(kind)} if kind else {}
    resolved: dict[str, Any] = {}
    for given, value in values.items():
        name = given.replace("-", "_")
        origin = (origins or {}).get(name)
        whose = f"{origin}: {owner}" if origin else str(owner)
        if kind is None:
            raise SettingsError(f"{whose} takes no {owner.noun}s; remove {given!r}")
        if name not in by_name:
            raise SettingsError(f"{whose}: {describe_unknown(owner.noun, given, by_name)}")
        what = f"{whose}: {owner.noun} {name}"
        resolved[name] = _check(what, value, hints[name], by_name[name].metadata)
    return kind(**resolved) if kind else None


def _check(what: str, value: Any, hint: Any, metadata: Mapping[str, Any]) -> Any:
    """Return the value as the type of the field. what: the value's name in messages. Raises SettingsError."""
    try:
        checked = _coerce(value, hint)
    except (ValueError, TypeError, OverflowError):
        wanted = (
            f"one of {', '.join(_choices(hint))}" if _choices(hint) else f"a value of type {_type_name(hint)}"
        )
        shown = "not as declared" if metadata.get("secret") else repr(value)
        raise SettingsError(f"{what} is {shown}; give {wanted}") from None
    if limits := _find_violation(checked, metadata):
        raise SettingsError(f"{what} is {checked!r}; give {limits}")
    return checked


def _find_violation(value: Any, metadata: Mapping[str, Any]) -> str | None:
    """Return the bounds if the value is outside them; None if it is inside."""
    low, high = metadata.get("minimum"), metadata.get("maximum")
    if isinstance(value, float) and not isfinite(value):  # the journal is JSON, which cannot contain it
        return "a finite float"
    if value is None or ((low is None or value >= low) and (high is None or value <= high)):
        return None
    bounds = (("at least", low), ("at most", high))
    return " and ".join(f"{word} {bound}" for word, bound in bounds if bound is not None)


def _coerce(value: Any, hint: Any) -> Any:
    """Return the value as the type. Raises ValueError if it does not fit."""
    if NoneType in get_args(hint):
        return None if value is None or value == "none" else _coerce(value, _without_none(hint))
    if get_origin(hint) is tuple:
        return _coerce_items(value, get_args(hint)[0])
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise ValueError(value)
        return value
    if hint is bool:
        return value if isinstance(value, bool) else _bool(value)
    fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    if not fits or (hint is int and isinstance(value, float)):
        raise ValueError(value)
    return hint(value)


def _coerce_items(value: Any, hint: Any) -> tuple[Any, ...]:
    """Return the items of a list, or of text with commas, as the type. Raises ValueError."""
    if isinstance(value, str):
        value = [item.strip() for item in value.split(",") if item.strip()]
    if not isinstance(value, list | tuple):
        raise ValueError(value)  # noqa: TRY004 (`_check` reports both)
    return tuple(_coerce(item, hint) for item in value)


def _bool(value: Any) -> bool:
    word = _WORDS.get(str(value).lower())
    if word is None:
        raise ValueError(value)
    return word


def _choices(hint: Any) -> tuple[str, ...]:
    if NoneType in get_args(hint):
        choices = _choices(_without_none(hint))
        return (*choices, "none") if choices else ()
    if get_origin(hint) is tuple:
        return _choices(get_args(hint)[0])
    return tuple(map(str, get_args(hint))) if get_origin(hint) is Literal else ()


def _type_name(hint: Any) -> str:
    if NoneType in get_args(hint):
        return f"{_type_name(_without_none(hint))} or none"
    if get_origin(hint) is tuple:
        return f"list of {_type_name(get_args(hint)[0])}"
    if choices := _choices(hint):
        return "|".join(choices)
    return str(getattr(hint, "__name__", hint))


def _without_none(hint: Any) -> Any:
    return next(member for member in get_args(hint) if member is not NoneType)
