"""Version requirements in conda's notation: `=3.11`, `>=3.10,<3.13`, `3.11.*`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

Version = tuple[int, ...]

_CLAUSE = re.compile(r"(?P<operator>==|!=|>=|<=|~=|=|>|<|)\s*(?P<version>\d+(?:\.\d+)*)(?P<any>\.?\*)?")


@dataclass(frozen=True, slots=True)
class VersionRequirement:
    """Clauses that must all hold; no clauses means any version.

    `==` and `!=` compare only the given parts: `==3.11` allows 3.11.7, like conda's `=3.11`. In conda `==3.11` means
    only 3.11.0, which is hardly ever intended.
    """

    clauses: tuple[tuple[str, Version], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a requirement. Raises ValueError if it is not a plain one, for instance for alternatives (`|`)."""
        parts = [part.strip() for part in text.split(",")] if text.strip() not in ("", "*") else []
        return cls(tuple(clause for part in parts for clause in _clauses(part)))

    def allows(self, version: Version) -> bool:
        """Return whether the version meets the requirement."""
        return all(_holds(operator, version, bound) for operator, bound in self.clauses)

    @property
    def specifier(self) -> str:
        """The requirement as in PEP 440; "" for any version."""
        return ",".join(_specifier(operator, bound) for operator, bound in self.clauses)

    @property
    def conda(self) -> str:
        """The requirement as in conda; "*" for any version."""
        return ",".join(_conda(operator, bound) for operator, bound in self.clauses) or "*"

    def __str__(self) -> str:
        """Return the requirement for messages: "3.11", ">=3.10,<3.13"."""
        if len(self.clauses) == 1 and self.clauses[0][0] == "==":
            return format_version(self.clauses[0][1])
        return self.specifier


def format_version(version: Version) -> str:
    return ".".join(map(str, version))


def _clauses(text: str) -> Iterator[tuple[str, Version]]:
    match = _CLAUSE.fullmatch(text)
    if match is None:
        raise ValueError(text)
    version = tuple(int(part) for part in match["version"].split("."))
    match match["operator"]:
        case "" | "=":
            yield "==", version
        case "~=":
            yield ">=", version
            yield "==", version[:-1]
        case operator:
            yield operator, version


def _holds(operator: str, version: Version, bound: Version) -> bool:
    match operator:
        case "==":
            return version[: len(bound)] == bound
        case "!=":
            return version[: len(bound)] != bound
        case ">=":
            return version >= bound
        case "<=":
            return version <= bound
        case ">":
            return version > bound
        case _:
            return version < bound


def _specifier(operator: str, bound: Version) -> str:
    prefix = operator in ("==", "!=") and len(bound) < 3
    return f"{operator}{format_version(bound)}{'.*' if prefix else ''}"


def _conda(operator: str, bound: Version) -> str:
    return f"{'' if operator == '==' else operator}{format_version(bound)}{'.*' if operator in ('==', '!=') else ''}"
