"""Package indexes and find-links pages, by name: their addresses may contain credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dressage.errors import SpecError, describe_unknown
from dressage.specs.environments import Environment
from dressage.specs.package_addresses import variable_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSources:
    """Addresses by name, in the order in which uv searches them."""

    indexes: Mapping[str, str] = field(default_factory=dict, repr=False)
    find_links: Mapping[str, str] = field(default_factory=dict, repr=False)

    def select(self, environment: Environment) -> "PackageSources":
        """Return the sources that the environment names. Raises SpecError for a name without an address."""
        for table, names in (("indexes", environment.indexes), ("find_links", environment.find_links)):
            for name in names:
                if name not in getattr(self, table):
                    raise SpecError(self._describe_unknown(environment.name, table, name))
        return PackageSources(
            indexes={name: self.indexes[name] for name in environment.indexes},
            find_links={name: self.find_links[name] for name in environment.find_links},
        )

    def add_to(self, variables: Mapping[str, str]) -> dict[str, str]:
        """Return uv's variables with these sources first. As arguments, other users could see them."""
        indexes = [f"{name}={address}" for name, address in self.indexes.items()]
        links = [_link(address) for address in self.find_links.values()]
        added = {
            "UV_INDEX": " ".join([*indexes, variables.get("UV_INDEX", "")]).strip(),
            "UV_FIND_LINKS": ",".join([*links, variables.get("UV_FIND_LINKS", "")]).strip(","),
        }
        return {**variables, **{name: value for name, value in added.items() if value}}

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


def _link(address: str) -> str:
    """Convert an address for uv's list, which is separated by commas."""
    return address.replace(",", "%2C") if "://" in address else Path(address).absolute().as_uri()
