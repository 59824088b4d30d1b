"""Package indexes and find-links pages, by name: their addresses may contain credentials."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from dressage.environments.hashes import normalize
from dressage.errors import SpecError, describe_unknown
from dressage.specs.environments import Environment
from dressage.specs.package_addresses import variable_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSources:
    """Addresses by name, in the order in which uv searches them.

    packages: the normalized names of the only packages that come from an index, by the name of the index.
    """

    indexes: Mapping[str, str] = field(default_factory=dict, repr=False)
    find_links: Mapping[str, str] = field(default_factory=dict, repr=False)
    packages: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def select(self, environment: Environment) -> "PackageSources":
        """Return the sources that the environment names. Raises SpecError for a name without an address."""
        named = environment.named_indexes
        indexes = {index.name: index.address for index in named if index.address} | dict(self.indexes)
        for index in named:
            if index.name not in indexes:
                raise SpecError(self._describe_unknown(environment.name, "indexes", index.name))
        for name in environment.find_links:
            if name not in self.find_links:
                raise SpecError(self._describe_unknown(environment.name, "find_links", name))
        return PackageSources(
            indexes={index.name: indexes[index.name] for index in named},
            find_links={name: self.find_links[name] for name in environment.find_links},
            packages={index.name: tuple(map(normalize, index.packages)) for index in named if index.packages},
        )

    def index_of(self, package: str) -> str | None:
        """Return the index that is limited to this package and others. package: its normalized name."""
        return next((name for name, packages in self.packages.items() if package in packages), None)

    def only(self, name: str | None) -> "PackageSources":
        """Return one limited index, for any package; with None, all sources that are not limited."""
        if name is None:
            return replace(self, indexes=self._unlimited, packages={})
        return PackageSources(indexes={name: self.indexes[name]})

    def address_without_credentials(self, name: str) -> str:
        """Return the address of an index without user and password; uv gets these in variables."""
        parts = urlsplit(self.indexes[name])
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()

    @property
    def _unlimited(self) -> dict[str, str]:
        return {name: address for name, address in self.indexes.items() if name not in self.packages}

    def _credentials(self) -> Mapping[str, str]:
        """Return uv's variables with the users and passwords of limited indexes."""
        variables = {}
        for name in self.packages:
            parts, prefix = urlsplit(self.indexes[name]), f"UV_INDEX_{_variable(name)}"
            for word, value in (("USERNAME", parts.username), ("PASSWORD", parts.password)):
                if value:
                    variables[f"{prefix}_{word}"] = unquote(value)
        return variables

    def add_to(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return uv's variables with these sources first. As arguments, other users could see them."""
        indexes = [f"{name}={address}" for name, address in self._unlimited.items()]
        links = [_link(address) for address in self.find_links.values()]
        added = {
            "UV_INDEX": " ".join([*indexes, variables.get("UV_INDEX", "")]).strip(),
            "UV_FIND_LINKS": ",".join([*links, variables.get("UV_FIND_LINKS", "")]).strip(","),
        }
        return {**variables, **self._credentials(), **{name: value for name, value in added.items() if value}}

    def hide(self, text: str) -> str:
        """Return the text without credentials; a URL of these sources becomes `<NAME>/...`."""
        from dressage.environments.redaction import without_credentials

        return without_credentials(text, {**self.find_links, **self.indexes})

    def _describe_unknown(self, environment: str, table: str, name: str) -> str:
        message = describe_unknown("index" if table == "indexes" else table, name, getattr(self, table))
        return (
            f"environment {environment!r}: {message}; set {variable_of(table, name)},"
            f" or add its address to [{table}] in dressage.toml"
        )


def _variable(name: str) -> str:
    """Return a name as uv writes it in variables."""
    return re.sub(r"[^A-Za-z0-9]", "_", name).upper()


def _link(address: str) -> str:
    """Convert an address for uv's list, which is separated by commas."""
    return address.replace(",", "%2C") if "://" in address else Path(address).absolute().as_uri()
