"""A platform as the engine sees it: each call names the platform when it breaks, and what it returns is checked."""

from collections.abc import Callable, Mapping
from functools import cache, cached_property, partial
from typing import Any, cast, get_type_hints

from dressage.hooks.answers import check_answer
from dressage.hooks.calls import PluginId, call_plugin, relay
from dressage.platforms import protocols

_LONG = frozenset({"ensure", "submit", "download", "register", "wait", "logs", "initialise"})
"""Methods that may take long: they show progress, or move bytes."""


class PlatformProxy:
    """A platform with all its capabilities.

    defaults: what makes a capability that the platform does not have, by name.
    """

    def __init__(self, plugin: PluginId, platform: Any, defaults: Mapping[str, Callable[[Any], Any]]) -> None:
        self.plugin = plugin
        self.name = plugin.name
        self._platform = platform
        self._defaults = defaults
        if self._part("runs") is None:
            raise plugin.error("platform", f"returned {platform!r:.200}, which has no 'runs'")

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

    def optional(self, protocol: type) -> Any:
        """The platform's runs, or the platform itself, with the methods of an optional protocol; None without."""
        for where, part in (("runs", self._part("runs")), ("", self._platform)):
            if call_plugin(self.plugin, where or "platform", partial(isinstance, part, protocol)):
                return Guarded(self.plugin, where, part, protocol)
        return None

    @property
    def runs_several_processes(self) -> bool:
        """Whether one run may be more than one process."""
        return bool(getattr(self._part("runs"), "several_processes", False))

    @property
    def poll_s(self) -> float:
        """Seconds between two looks at a run that has lasted; 0 where the platform waits, and looks cost nothing."""
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
        """What breaks in a default is not the platform's fault."""
        part = self._part(capability)
        if part is None:
            return self._defaults[capability](self)
        return Guarded(self.plugin, capability, part, protocol)


class Guarded:
    """An object of a plugin that is called through a protocol."""

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
    """The one kind of function that a platform is given is `Progress`."""
    return relay(argument) if callable(argument) else argument


@cache
def _methods(protocol: type) -> tuple[str, ...]:
    return tuple(name for name, value in vars(protocol).items() if callable(value) and name[0] != "_")


@cache
def _returns(protocol: type, method: str) -> Any:
    return get_type_hints(getattr(protocol, method))["return"]
