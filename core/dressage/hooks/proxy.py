"""A platform as the engine sees it: each call names the platform when it breaks, and what it returns is checked."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from types import UnionType
from typing import Any, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from dressage.errors import PluginError
from dressage.files.encoding import from_json, to_json
from dressage.hooks.calls import call_plugin
from dressage.platforms import protocols

_LONG = frozenset({"ensure", "submit", "download", "register", "wait", "logs", "initialise"})
"""Methods that may take long: they show progress, or move bytes."""


class PlatformProxy:
    """A platform with all its capabilities.

    defaults: what makes a capability that the platform does not have, by name.
    """

    def __init__(self, name: str, platform: Any, defaults: Mapping[str, Callable[[Any], Any]]) -> None:
        self.name = name
        self._platform = platform
        self._defaults = defaults
        if self._part("runs") is None:
            raise PluginError(name, "platform", f"returned {platform!r}, which has no 'runs'")

    @cached_property
    def runs(self) -> protocols.Runs:
        return cast(protocols.Runs, self._guarded("runs", protocols.Runs))

    @cached_property
    def datasets(self) -> protocols.Datasets:
        return cast(protocols.Datasets, self._guarded("datasets", protocols.Datasets))

    @cached_property
    def compute(self) -> protocols.Compute:
        return cast(protocols.Compute, self._guarded("compute", protocols.Compute))

    @cached_property
    def environments(self) -> protocols.Environments:
        return cast(protocols.Environments, self._guarded("environments", protocols.Environments))

    @cached_property
    def models(self) -> protocols.Models:
        return cast(protocols.Models, self._guarded("models", protocols.Models))

    def has(self, capability: str) -> bool:
        """Whether it is the platform's, and not a default."""
        return self._part(capability) is not None

    def optional(self, protocol: type) -> Any:
        """The platform's runs, or the platform itself, with the methods of an optional protocol; None without."""
        for where, part in (("runs", self._part("runs")), ("", self._platform)):
            if isinstance(part, protocol):
                return Guarded(self.name, where, part, protocol)
        return None

    @property
    def runs_several_processes(self) -> bool:
        """Whether one run may be more than one process."""
        return bool(getattr(self._part("runs"), "several_processes", False))

    @property
    def poll_s(self) -> float:
        """How often its runs are asked for at most, in seconds."""
        return float(getattr(self._part("runs"), "poll_s", 5.0))

    def _part(self, capability: str) -> Any:
        return call_plugin(self.name, capability, lambda: getattr(self._platform, capability, None))

    def _guarded(self, capability: str, protocol: type) -> Any:
        """What breaks in a default is not the platform's fault."""
        part = self._part(capability)
        return Guarded(self.name, capability, part, protocol) if part else self._defaults[capability](self)


class Guarded:
    """An object of a plugin that is called through a protocol."""

    def __init__(self, plugin: str, where: str, part: Any, protocol: type) -> None:
        self._plugin, self._where = plugin, where
        self._part, self._protocol = part, protocol
        for method in _methods(protocol):
            if not callable(getattr(part, method, None)):
                raise PluginError(plugin, where, f"{type(part).__name__} has no method {method!r}")

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in _methods(self._protocol):
            raise AttributeError(f"{self._protocol.__name__} has no method {method!r}")
        where, hint = f"{self._where}.{method}".lstrip("."), _returns(self._protocol, method)

        def call(*arguments: Any, **named: Any) -> Any:
            def checked() -> Any:
                return _checked(getattr(self._part, method)(*arguments, **named), hint)

            return call_plugin(self._plugin, where, checked, watched=method not in _LONG)

        return call


@cache
def _methods(protocol: type) -> tuple[str, ...]:
    return tuple(name for name, value in vars(protocol).items() if callable(value) and name[0] != "_")


@cache
def _returns(protocol: type, method: str) -> Any:
    return get_type_hints(getattr(protocol, method))["return"]


def _checked(value: Any, hint: Any) -> Any:
    """The value, if it is what the hint says. Raises TypeError."""
    if hint is Any or hint is type(None):
        return value
    if get_origin(hint) is Sequence:
        return _sequence(value, hint)
    if not _fits(value, hint):
        raise TypeError(f"returned {value!r:.200}, not {_name(hint)}")
    if isinstance(value, msgspec.Struct):
        try:
            from_json(type(value), to_json(value))
        except (msgspec.ValidationError, NotImplementedError) as error:
            raise TypeError(f"returned {value!r:.200}: {error}") from error
    return value


def _sequence(value: Any, hint: Any) -> list[Any]:
    """All of it: a generator that raises late raises here."""
    (kind,) = get_args(hint)
    if isinstance(value, str | bytes) or not isinstance(value, Iterable):
        raise TypeError(f"returned {value!r:.200}, not a sequence of {_name(kind)}")
    items = list(value)
    for item in items:
        if not _fits(item, kind):
            raise TypeError(f"returned a sequence with {item!r:.200}, not of {_name(kind)}")
    return items


def _fits(value: Any, hint: Any) -> bool:
    origin, members = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, member) for member in members)
    if origin is tuple:
        return isinstance(value, tuple) and len(value) == len(members) and all(map(_fits, value, members))
    return isinstance(value, origin or hint)


def _name(hint: Any) -> str:
    return getattr(hint, "__name__", None) or str(hint)
