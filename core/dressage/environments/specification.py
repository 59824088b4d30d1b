"""The packages that an environment asks for, in its conda specification, its requirements, or both."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from dressage.environments.projects import content_of, has_default_index
from dressage.environments.versions import VersionRequirement
from dressage.files.digests import digest_of
from dressage.files.encoding import to_json
from dressage.specs.environments import Project


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """The packages that an environment asks for. The environment's name is not part of it.

    If there is a project, its dependencies are installed. builds: projects that are built and installed too.
    source: the digest of their files.

    requirements: sorted. options: pip's options (`--extra-index-url ...`), in order.
    packages: conda packages other than python and pip, as written.
    indexes, find_links: names, and for an index that is limited, its packages. Addresses are no part of it.
    """

    channels: tuple[str, ...] = ()
    python: VersionRequirement = field(default_factory=VersionRequirement)
    requirements: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    indexes: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    project: Project | None = None
    builds: tuple[str, ...] = ()
    source: str | None = None

    @property
    def names_its_index(self) -> bool:
        if self.project is not None:
            return has_default_index(self.project)
        return any(re.match(r"(-i|--index-url)\b", option) for option in self.options)

    @property
    def digest(self) -> str:
        # Later fields are left out if they are empty, so that digests from before they existed stay valid.
        content = to_json(replace(self, project=None))
        if self.project is not None:
            content["project"] = content_of(self.project)
        return digest_of({key: content[key] for key in content if content[key] or key not in _LATER})


_LATER = ("indexes", "find_links", "constraints", "project", "builds", "source")
