"""Package indexes and pages of distributions, by name: their addresses may hold credentials."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dressage.errors import SpecError, unknown
from dressage.specs.environments import Environment
from dressage.specs.package_addresses import variable_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageSources:
    """Addresses by name, in the order in which uv searches them."""

    indexes: Mapping[str, str] = field(default_factory=dict, repr=False)
    find_links: Mapping[str, str] = field(default_factory=dict, repr=False)

    def named_by(self, environment: Environment) -> "PackageSources":
        """Those that the environment names. Raises SpecError for a name that has no address here."""
        for table, names in (("indexes", environment.indexes), ("find_links", environment.find_links)):
            for name in names:
                if name not in getattr(self, table):
                    raise SpecError(self._unknown(environment.name, table, name))
        return PackageSources(
            indexes={name: self.indexes[name] for name in environment.indexes},
            find_links={name: self.find_links[name] for name in environment.find_links},
        )

    def added_to(self, variables: Mapping[str, str]) -> dict[str, str]:
        """uv's variables with these sources before those that are there. Arguments would show them to everyone."""
        indexes = [f"{name}={address}" for name, address in self.indexes.items()]
        links = [_link(address) for address in self.find_links.values()]
        added = {
            "UV_INDEX": " ".join([*indexes, variables.get("UV_INDEX", "")]).strip(),
            "UV_FIND_LINKS": ",".join([*links, variables.get("UV_FIND_LINKS", "")]).strip(","),
        }
        return {**variables, **{name: value for name, value in added.items() if value}}

    def hide(self, text: str) -> str:
        """The text without credentials; a URL of these sources becomes `<NAME>/...`."""
        from dressage.environments.redaction import without_credentials

        return without_credentials(text, {**self.find_links, **self.indexes})

    def _unknown(self, environment: str, table: str, name: str) -> str:
        said = unknown("index" if table == "indexes" else table, name, getattr(self, table))
        return (
            f"environment {environment!r}: {said}; set {variable_of(table, name)},"
            f" or write its address below [{table}] in dressage.toml"
        )


def _link(address: str) -> str:
    """As uv's list takes it, which has commas between addresses."""
    return address.replace(",", "%2C") if "://" in address else Path(address).absolute().as_uri()
