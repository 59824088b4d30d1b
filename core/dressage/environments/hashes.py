"""Hashes that requirements give. uv's resolver passes them over, so the lock is held to them here."""

import re
from collections.abc import Iterable, Iterator

_HASH = re.compile(r"--hash[ =](\w+:[0-9a-f]+)")


class HashError(Exception):
    """What of the lock does not fit the hashes that requirements give."""


def keep_given_hashes(lock: str, requirements: Iterable[str], *, required: bool) -> str:
    """The lock with those hashes alone, where a requirement gives some.

    required: whether each package must have some, as with pip's --require-hashes. Raises HashError.
    """
    given: dict[str, set[str]] = {}
    for line in requirements:
        given.setdefault(_name(line), set()).update(_HASH.findall(line.lower()))
    return "".join(
        _kept(entry, given.get(_name(entry), set()), required=required) for entry in _entries(lock)
    )


def _kept(entry: str, given: set[str], *, required: bool) -> str:
    what = entry.split("\n", maxsplit=1)[0].rstrip(" \\")
    if required and not given:
        raise HashError(f"--require-hashes is set, and {what} has no hash; give one")
    if not given:
        return entry
    # The index has SHA-256; what is given in another algorithm is compared when it is installed.
    others = {value for value in given if not value.startswith("sha256:")}
    kept = sorted(given.intersection(_HASH.findall(entry)) or others)
    if not kept:
        raise HashError(
            f"no file of {what} has a hash that its requirement gives; correct the hash or the version"
        )
    return " \\\n    ".join([what, *(f"--hash={value}" for value in kept)]) + "\n"


def _entries(lock: str) -> Iterator[str]:
    """A package each, with the hashes below it."""
    return iter(re.findall(r"^\S.*\n(?:[ \t].*\n)*", lock, re.MULTILINE))


def _name(line: str) -> str:
    """Names are compared as package indexes do."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line)[0]).lower()
