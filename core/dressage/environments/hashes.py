"""Hashes in requirements. uv's resolver ignores them, so they are applied to the lock here."""

import re
from collections.abc import Iterable, Iterator

_HASH = re.compile(r"--hash[ =](\w+:[0-9a-f]+)")


class HashError(Exception):
    """The lock does not match the hashes in the requirements."""


def keep_given_hashes(lock: str, requirements: Iterable[str], *, required: bool) -> str:
    """Return the lock, with only the given hashes for packages whose requirement gives hashes.

    required: whether each package must have a hash, as with pip's --require-hashes. Raises HashError.
    """
    given: dict[str, set[str]] = {}
    for line in requirements:
        given.setdefault(package_of(line), set()).update(_HASH.findall(line.lower()))
    return "".join(
        _keep(entry, given.get(package_of(entry), set()), required=required) for entry in split_entries(lock)
    )


def _keep(entry: str, given: set[str], *, required: bool) -> str:
    package = entry.split("\n", maxsplit=1)[0].rstrip(" \\")
    if required and not given:
        raise HashError(f"--require-hashes is set, but {package} has no hash; add one")
    if not given:
        return entry
    # The index has SHA-256 only; hashes of other algorithms are checked during the installation.
    others = {value for value in given if not value.startswith("sha256:")}
    kept = sorted(given.intersection(_HASH.findall(entry)) or others)
    if not kept:
        raise HashError(
            f"no file of {package} has one of the hashes in its requirement; correct the hash or the version"
        )
    return " \\\n    ".join([package, *(f"--hash={value}" for value in kept)]) + "\n"


def split_entries(lock: str) -> Iterator[str]:
    """Split the lock into packages, each with the hashes below it."""
    return iter(re.findall(r"^\S.*\n(?:[ \t].*\n)*", lock, re.MULTILINE))


def normalize(name: str) -> str:
    """Return the name of a package as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def package_of(line: str) -> str:
    """Return the normalized name of the package in a requirement or in an entry of a lock."""
    return normalize(re.split(r"[^\w.-]", line)[0])
