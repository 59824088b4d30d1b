"""The packages that an environment asks for, in its conda specification, its requirements, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from dressage.environments.versions import VersionRequirement
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """The packages that an environment asks for. The environment's name is not part of it.

    requirements: sorted. options: pip's options (`--extra-index-url ...`), in order.
    packages: conda packages other than python and pip, as written.
    indexes, find_links: names; the addresses are in the configuration.
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
        # Empty indexes and find_links are left out, so that digests from before these fields existed stay valid.
        content = to_json(self)
        return digest_of({key: content[key] for key in content if content[key] or key not in _NAMES})


_NAMES = ("indexes", "find_links")
