"""Reads pip requirements: the text of a requirements.txt, or the pip part of a conda specification."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dressage.environments.redaction import without_credentials

_WITH_ADDRESS = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")
_SUPPORTED = (*_WITH_ADDRESS, "--no-index", "--no-binary", "--only-binary", "--pre", "--require-hashes")
_IGNORED = ("--use-pep517",)
"""Options for what uv always does."""
_FILE = "other files are not read; put the lines of that file here"
_CONSTRAINTS = "other files are not read; put the lines of that file into the environment's constraints"
_EDITABLE = "it installs from a folder; write 'NAME @ git+https://...', or a version"
_REFUSED = {
    **dict.fromkeys(("-r", "--requirement"), _FILE),
    **dict.fromkeys(("-c", "--constraint"), _CONSTRAINTS),
    **dict.fromkeys(("-e", "--editable"), _EDITABLE),
    "--trusted-host": "trusted hosts are a setting of the machine; set UV_INSECURE_HOST in your shell",
    "--prefer-binary": "uv does not have this option; write '--only-binary NAME'",
}
_NAMED = re.compile(r"[A-Za-z0-9][\w.-]*\s*(?:\[[^\]]*\])?\s*(?:$|[<>=!~;(]|@\s*(?P<target>.*))")
_ABSOLUTE = re.compile(r"(?:\w+\+)?\w+://|/|\$\{")
_ARCHIVE = re.compile(r"[^@;]*\.(?:whl|zip|tar\.gz|tgz|tar\.bz2)")
_CREDENTIALS = re.compile(r"://(?![^/@]*\$\{)[^/@\s]+@")
_PASSWORD = re.compile(r"://[^/@\s:]*:(?!\$\{)[^/@\s]+@")


class MalformedError(Exception):
    """An entry of the text is malformed; the caller adds the name of the environment."""

    def __init__(self, message: str) -> None:
        super().__init__(without_credentials(message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """lines: one requirement each, with its hashes. options: pip's options, in order."""

    lines: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


def read_requirements(text: str) -> Requirements:
    """Parse a requirements.txt. Raises MalformedError with the line number and what to write instead."""
    entries = []
    for number, line in logical_lines(text):
        try:
            entries.append(_check_entry(line))
        except MalformedError as error:
            raise MalformedError(f"line {number}: {error}") from error
    return _separate(entries)


def read_entries(entries: Iterable[str]) -> Requirements:
    """Parse separate entries, as in a conda specification. Raises MalformedError."""
    return _separate([_check_entry(entry) for entry in entries])


def _separate(entries: list[str]) -> Requirements:
    return Requirements(
        lines=tuple(entry for entry in entries if not entry.startswith("-")),
        options=tuple(e for e in entries if e.startswith("-") and e not in _IGNORED),
    )


def logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield logical lines with the number of their first line: joined at backslashes, without comments and blanks."""
    joined, first = "", 0
    for number, line in enumerate((*text.removeprefix("\ufeff").splitlines(), ""), 1):
        first = first if joined else number
        is_comment = line.lstrip().startswith("#")
        joined += " " + line if is_comment else line.rstrip()
        if joined.endswith("\\") and not is_comment:
            joined = joined[:-1]
            continue
        if content := re.sub(r"(^|\s)#.*", "", joined).strip():
            yield first, content
        joined = ""


def refuse_password(text: str) -> None:
    """Raise MalformedError if an address in the text contains a password."""
    if _PASSWORD.search(text):
        raise MalformedError(
            "its address contains a password, which would be recorded; write ${VARIABLE} instead, or name the"
            " index in [indexes] of dressage.toml"
        )


def refuse_credentials(address: str) -> None:
    """Raise MalformedError if the address of an index contains a user, a token or a password."""
    if _CREDENTIALS.search(address):
        raise MalformedError(
            f"the address {without_credentials(address)} contains credentials, which would be recorded; move it to"
            ' [indexes] of dressage.toml, like lab = "https://...", and choose it by its name'
        )


def _check_entry(entry: str) -> str:
    """Return the entry with single spaces. Raises MalformedError if it is not supported."""
    refuse_password(entry)
    entry = " ".join(entry.split())
    if entry.startswith("-"):
        _check_option(entry)
    else:
        wanted, *options = re.split(r"\s(?=--\w)", entry)
        _check_requirement(wanted, options)
    return entry


def _check_option(entry: str) -> None:
    option, _, value = re.sub(r"[ =]+", " ", entry, count=1).partition(" ")
    if option in _REFUSED:
        raise MalformedError(f"pip option {entry!r}: {_REFUSED[option]}")
    if option not in (*_SUPPORTED, *_IGNORED):
        raise MalformedError(f"pip option {entry!r} is not understood; known: {', '.join(_SUPPORTED)}")
    if option in _WITH_ADDRESS and not _ABSOLUTE.match(value):
        raise MalformedError(f"pip option {entry!r} has a relative path; give an absolute path or a URL")
    if option in _WITH_ADDRESS:
        refuse_credentials(value)


def _check_requirement(wanted: str, options: list[str]) -> None:
    named = _NAMED.match(wanted)
    target = named["target"] if named else None
    if not _ABSOLUTE.match(target or wanted):
        _check_no_path(wanted, is_named=named is not None, target=target)
    if any(not option.startswith("--hash") for option in options):
        raise MalformedError(f"pip requirement {wanted!r} has options other than --hash; leave them out")
    if options and not named:
        raise MalformedError(f"pip requirement {wanted!r} has a hash but no name; write 'NAME @ {wanted}'")


def _check_no_path(wanted: str, *, is_named: bool, target: str | None) -> None:
    looks_like_path = wanted.startswith(".") or _ARCHIVE.fullmatch(wanted) or (not is_named and "/" in wanted)
    if target or looks_like_path:
        raise MalformedError(
            f"pip requirement {wanted!r} is a relative path; give a version, an absolute path or a URL"
        )
    if not is_named:
        raise MalformedError(f"pip requirement {wanted!r} is not understood; write it like 'name==1.0'")
