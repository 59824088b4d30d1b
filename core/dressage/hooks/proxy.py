"""Call a platform: errors carry the platform's name, and what its methods return is checked."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import Any, cast, get_type_hints

from dressage.hooks.answers import check_answer
from dressage.hooks.calls import PluginId, call_plugin, relay
from dressage.platforms import protocols

_LONG = frozenset({"ensure", "submit", "download", "register", "wait", "logs", "initialise"})
"""Methods that may take a long time: they show progress or copy files."""


class PlatformProxy:
    """A platform with all its capabilities.

    defaults: by the name of a capability, a function that creates it if the platform does not have it.
    """

    def __init__(self, plugin: PluginId, platform: Any, defaults: Mapping[str, Callable[[Any], Any]]) -> None:
        self.plugin = plugin
        self.name = plugin.name
        self._platform = platform
        self._defaults = defaults
        if self._part("runs") is None:
            raise plugin.error(
                "platform", f"returned an object of class {type(platform).__name__!r} without 'runs'"
            )

    @cached_property
    def runs(self) -> protocols.Runs:
        return cast(protocols.Runs, self._capability("runs", protocols.Runs))

    @cached_property
    def datasets(self) -> protocols.Datasets:
        return cast(protocols.Datasets, self._capability("datasets", protocols.Datasets))

    @cached_property
    def compute(self) -> protocols.Compute:
        return cast(protocols.Compute, self._capability("compute", protocols.Compute))

    @cached_property
    def environments(self) -> protocols.Environments:
        return cast(protocols.Environments, self._capability("environments", protocols.Environments))

    @cached_property
    def models(self) -> protocols.Models:
        return cast(protocols.Models, self._capability("models", protocols.Models))

    def has(self, capability: str) -> bool:
        """Return whether the platform has a capability, such as "datasets"; core provides those that it lacks."""
        return self._part(capability) is not None

    def optional(self, protocol: type) -> Any:
        """Return the platform's runs, or the platform, if it has an optional protocol; None if neither has it."""
        for where, part in (("runs", self._part("runs")), ("", self._platform)):
            if call_plugin(self.plugin, where or "platform", partial(isinstance, part, protocol)):
                return Guarded(self.plugin, where, part, protocol)
        return None

    @property
    def runs_several_processes(self) -> bool:
        """Whether a run may have several processes."""
        return bool(getattr(self._part("runs"), "several_processes", False))

    @property
    def has_priorities(self) -> bool:
        """Whether runs with a higher priority leave the platform's queue first."""
        return bool(getattr(self._part("runs"), "priorities", False))

    @property
    def has_retries(self) -> bool:
        """Whether the platform starts further attempts of an interrupted run by itself."""
        return bool(getattr(self._part("runs"), "retries", False))

    @property
    def poll_s(self) -> float:
        """The longest pause between two calls of `observe`, in seconds; 0 if the platform can wait for a run."""
        return call_plugin(self.plugin, "runs.poll_s", self._ask_poll_s)

    def _ask_poll_s(self) -> float:
        given = getattr(self._platform.runs, "poll_s", None)
        if given is None:
            return 0.0 if isinstance(self._platform.runs, protocols.Waits) else 5.0
        if not float(given) > 0:
            raise ValueError(f"it is {given}; give more than 0")
        return float(given)

    def _part(self, capability: str) -> Any:
        return call_plugin(self.plugin, capability, lambda: getattr(self._platform, capability, None))

    def _capability(self, capability: str, protocol: type) -> Any:
        """Return a capability. The default is not guarded: an error in it is not an error of the platform."""
        part = self._part(capability)
        if part is None:
            return self._defaults[capability](self)
        return Guarded(self.plugin, capability, part, protocol)


class Guarded:
    """Calls an object of a plugin through a protocol. Other attributes cannot be reached."""

    def __init__(self, plugin: PluginId, where: str, part: Any, protocol: type) -> None:
        self._plugin, self._where = plugin, where
        self._part, self._protocol = part, protocol
        call_plugin(plugin, where or "platform", self._check_methods)

    def _check_methods(self) -> None:
        for method in _methods(self._protocol):
            if not callable(getattr(self._part, method, None)):
                raise TypeError(f"{type(self._part).__name__} has no method {method!r}")

    def __getattr__(self, method: str) -> Callable[..., Any]:
        if method not in _methods(self._protocol):
            raise AttributeError(f"{self._protocol.__name__} has no method {method!r}")
        where, hint = f"{self._where}.{method}".lstrip("."), _returns(self._protocol, method)

        def call(*arguments: Any, **named: Any) -> Any:
            def call_and_check() -> Any:
                return check_answer(getattr(self._part, method)(*map(_relay, arguments), **named), hint)

            return call_plugin(self._plugin, where, call_and_check, watched=method not in _LONG)

        return call


def _relay(argument: Any) -> Any:
    """Wrap an argument that is a function. The only functions that a platform gets are of type `Progress`."""
    return relay(argument) if callable(argument) else argument


@cache
def _methods(protocol: type) -> tuple[str, ...]:
    return tuple(name for name, value in vars(protocol).items() if callable(value) and name[0] != "_")


@cache
def _returns(protocol: type, method: str) -> Any:
    return get_type_hints(getattr(protocol, method))["return"]
