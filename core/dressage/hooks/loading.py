"""Import a plugin and register its hooks, with checks of its contract and its hooks."""

from typing import Any

import pluggy

from dressage.errors import DressageError, PluginError, describe_unknown
from dressage.hooks import contract, specs
from dressage.hooks.calls import PluginId, call_plugin
from dressage.hooks.providers import Provider


def import_plugin(provider: Provider, plugin: PluginId) -> tuple[Any, int]:
    """Import the plugin; return it and the contract that it is written for.

    Raises PluginError if the import fails or the plugin needs a newer contract.
    """
    try:
        loaded = call_plugin(plugin, "import", provider.load)
    except DressageError as error:
        # a newer contract explains the failed import better than the error does
        _check_contract(plugin, provider.read_contract() or contract.CONTRACT)
        if isinstance(error, PluginError):
            raise
        raise plugin.error(
            "import", str(error)
        ) from error  # such as a SpecError of a module-level description
    modules = (provider.module, getattr(type(loaded), "__module__", None))
    stated = call_plugin(plugin, "loading", lambda: contract.contract_of(loaded, modules))
    _check_contract(plugin, stated)
    return loaded, stated


def register_plugin(manager: pluggy.PluginManager, plugin: Any, name: str, *, wraps: bool) -> None:
    """Register the plugin's hooks. wraps: whether it is a policy.

    Raises ValueError for an unknown hook or argument, a wrapper without yield, or a hook of a policy without a mark.
    """
    from inspect import isgeneratorfunction, signature

    if isinstance(plugin, type):
        raise TypeError(
            f"{plugin.__name__} is a class; make the entry point name an instance of it, or a module"
        )
    known = {name for name in dir(manager.hook) if not name.startswith("_")}
    for attribute in dir(plugin):
        options = manager.parse_hookimpl_opts(plugin, attribute)
        if options is None:
            _check_unmarked(plugin, attribute, is_hook=wraps and attribute in known)
            continue
        hook, function = options["specname"] or attribute, getattr(plugin, attribute)
        if hook not in known:
            raise ValueError(describe_unknown("hook", hook, known))
        for argument in signature(function).parameters:
            if argument not in (allowed := getattr(manager.hook, hook).spec.argnames):
                raise ValueError(f"hook {hook!r}: {describe_unknown('argument', argument, allowed)}")
        if options["hookwrapper"]:
            raise ValueError(f"hook {hook!r}: use @hookimpl(wrapper=True) instead of hookwrapper")
        if options["wrapper"] and not wraps:
            raise ValueError(f"hook {hook!r} is marked wrapper=True; only the hooks of policies wrap")
        if options["wrapper"] and not isgeneratorfunction(function):
            raise ValueError(
                f"hook {hook!r} is marked wrapper=True but has no yield; write: answer = yield"
                " (a decorator that returns a function without yield hides it)"
            )
    manager.register(plugin, name)


def _check_unmarked(plugin: Any, attribute: str, *, is_hook: bool) -> None:
    """Raise ValueError for something that was meant as a hook and would not be called.

    is_hook: whether a policy has a hook of that name.
    """
    from inspect import getattr_static

    found = getattr_static(plugin, attribute, None)
    if hasattr(found, f"{specs.PROJECT}_impl"):
        raise ValueError(f"hook {attribute!r} is not a plain function; put @hookimpl on a function")
    if is_hook and callable(found) and not isinstance(found, type):
        raise ValueError(
            f"function {attribute!r} is not marked; mark it with @hookimpl(wrapper=True), or rename it"
        )


def _check_contract(plugin: PluginId, stated: int) -> None:
    """Raise PluginError if the contract is newer than the newest that this version supports."""
    if reason := contract.explain_mismatch(stated):
        raise plugin.error("loading", reason)
