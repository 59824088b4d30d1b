"""Find the providers of plugins: installed distributions, and files that settings files name."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from msgspec import Struct

from dressage.errors import describe_unknown
from dressage.hooks import contract
from dressage.hooks.entrypoints import EntryPoint, find_entry_points
from dressage.hooks.plugin_files import Kind, kind_of, load_file, name_of, source_of
from dressage.specs.plugin_settings import PluginFile, PluginSettings, normalize

_PREFIX = "dressage."
_POLICIES = "dressage.policies"
GROUPS: Mapping[str, Kind] = {
    "dressage.recipes": "recipe",
    "dressage.platforms": "platform",
    "dressage.observers": "observer",
    _POLICIES: "policy",
}


class Provider(Struct, frozen=True, kw_only=True):
    """A provider of one plugin: a distribution, a file, or an object that the program added.

    source: the distribution with its version, or the file as the settings file has it; None for an object.
    choice: the value in a settings file that chooses this provider. origin: the settings file that names the file.
    module: the module of an installed plugin. entry: the same, and ":" with an attribute if its entry point has one.
    path: the path of a file.
    """

    name: str
    load: Callable[[], Any]
    source: str | None = None
    choice: str | None = None
    origin: str | None = None
    module: str | None = None
    entry: str | None = None
    path: Path | None = None

    def is_chosen_by(self, choice: str) -> bool:
        """Return whether a choice selects this provider. choice: a distribution's name, or a file's absolute path."""
        if self.path:
            return choice == str(self.path)
        return self.choice is not None and normalize(choice) == normalize(self.choice)

    def read_contract(self) -> int | None:
        """Read the plugin's contract without running it; None if it states none or cannot be read."""
        if self.module:
            return contract.read_contract_of_module(self.module)
        with suppress(OSError, ValueError):
            return contract.read_contract(source_of(self.path)) if self.path else None
        return None


class Unusable(Struct, frozen=True, kw_only=True):
    """An entry point or file that cannot be used as a plugin. may_be_policy: whether it could be a policy."""

    name: str
    source: str
    reason: str
    may_be_policy: bool


@dataclass(slots=True)
class Found:
    """All providers by kind and name; a name may have several."""

    providers: dict[tuple[Kind, str], list[Provider]] = field(default_factory=lambda: defaultdict(list))
    unusable: list[Unusable] = field(default_factory=list)


def find_providers(settings: PluginSettings) -> Found:
    """Find all installed plugins, and those that settings files name. Nothing is imported."""
    found = Found()
    for point in find_entry_points(_PREFIX, never_hidden=_POLICIES):
        _add_entry_point(found, point)
    for file in _distinct(settings.files):
        _add_file(found, file)
    return found


def _add_entry_point(found: Found, point: EntryPoint) -> None:
    source = f"{point.distribution} {point.version}"
    if point.problem or point.group not in GROUPS:
        reason = point.problem or describe_unknown("group of entry points", point.group, GROUPS)
        found.unusable.append(
            Unusable(
                name=point.name, source=source, reason=reason, may_be_policy=_may_be_policies(point.group)
            )
        )
        return
    found.providers[GROUPS[point.group], point.name].append(
        Provider(
            name=point.name,
            load=point.load,
            source=source,
            choice=point.distribution,
            module=point.module,
            entry=point.value,
        )
    )


def _may_be_policies(group: str) -> bool:
    """Return whether a group may be a misspelt one of policies. group: "" if it is not known."""
    from difflib import get_close_matches

    return not group or get_close_matches(group, GROUPS, n=1) == [_POLICIES]


def _add_file(found: Found, file: PluginFile) -> None:
    name = name_of(Path(file.written))
    try:
        kind = kind_of(file.path)
    except (OSError, ValueError, SyntaxError) as error:
        reason = _explain(error, file)
        found.unusable.append(Unusable(name=name, source=file.written, reason=reason, may_be_policy=True))
        return
    found.providers[kind, name].append(
        Provider(
            name=name,
            load=partial(load_file, file.path),
            source=file.written,
            choice=file.written
            if file.written.endswith(".py") or "/" in file.written
            else f"./{file.written}",
            origin=file.origin,
            path=file.path,
        )
    )


def _explain(error: Exception, file: PluginFile) -> str:
    if isinstance(error, FileNotFoundError):
        return f"the file does not exist; correct its path in {file.origin}"
    return str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"


def _distinct(files: tuple[PluginFile, ...]) -> Iterator[PluginFile]:
    """Yield each file once. If several settings files name it, the last one counts: the machine's, for example."""
    yield from {file.path: file for file in files}.values()
