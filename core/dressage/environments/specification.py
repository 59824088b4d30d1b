"""What an environment asks for, from its conda specification, its requirements, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dressage.environments.versions import VersionRequirement
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """What the environment asks for. Its name is not part of it: the same needs under two names are the same.

    requirements: sorted. options: pip's options among them (`--extra-index-url ...`), in order.
    packages: conda packages other than python and pip, as written.
    indexes, find_links: names whose addresses are in configuration.
    """

    channels: tuple[str, ...] = ()
    python: VersionRequirement = field(default_factory=VersionRequirement)
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()

    @property
    def names_its_index(self) -> bool:
        return any(re.match(r"(-i|--index-url)\b", option) for option in self.options)

    @property
    def digest(self) -> str:
        # Without empty names a specification keeps the digest that it had before names existed.
        content = to_json(self)
        return digest_of({key: content[key] for key in content if content[key] or key not in _NAMES})


_NAMES = ("indexes", "find_links")
