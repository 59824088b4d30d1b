"""Describe a package index that an environment's packages come from."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from dressage.errors import SpecError
from dressage.specs.addresses import is_address
from dressage.specs.environment_checks import check_list, check_text
from dressage.specs.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A package index with a public address.

    name: the configuration can give another address under this name, for example of a company's mirror.
    address: the address if the configuration has none; it must not contain credentials, because it is recorded.
    packages: the only packages that come from this index, and from nowhere else; they must be among the requirements.
        By default, it is searched for all packages before the default index.
    """

    name: str
    address: str | None = None
    packages: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_name("index", self.name)
        owner = f"index {self.name!r}"
        check_text(owner, "address", self.address)
        check_list(owner, "packages", self.packages)
        for package in self.packages:
            check_name(f"{owner}: package", package)
        if self.address is None:
            return
        if not is_address(self.address, ("http", "https", "file")):
            raise SpecError(
                f'{owner}: address is not an http(s) address like "https://packages.example/simple"'
            )
        if "@" in urlsplit(self.address).netloc:
            raise SpecError(
                f"{owner}: its address contains credentials, which would be recorded; move it to [indexes] of"
                " dressage.toml"
            )

    def __str__(self) -> str:
        return f"{self.name} for {', '.join(self.packages)}" if self.packages else self.name
