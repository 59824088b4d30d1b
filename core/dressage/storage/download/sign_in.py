"""Passwords for downloads: of the address, or of the file ~/.netrc, which other programs read, too."""

import netrc
import os
from pathlib import Path
from urllib.parse import quote, urlsplit

from dressage.specs.credentials import HIDDEN


class NotKnownError(Exception):
    """The password, token or signature of an address is not known. The message is a part of a line."""


def sign_in(address: str) -> str:
    """Return the address with user and password, if it needs them: a record has no secrets.

    Raises NotKnownError if a secret is hidden and not in the file.
    """
    parts = urlsplit(address)
    user, _, place = parts.netloc.rpartition("@")
    if ":" not in user or HIDDEN in user:
        found = _find_login(parts.hostname or "", user.partition(":")[0].replace(HIDDEN, ""))
        if found:
            parts = parts._replace(netloc=f"{found}@{place}")
        elif HIDDEN in user:
            raise NotKnownError(
                "its password is not recorded; run the first command again, or add the host to ~/.netrc"
            )
    if f"={HIDDEN}" in parts.query:
        raise NotKnownError("its signature or token is not recorded; run the first command again")
    return parts.geturl()


def _find_login(host: str, user: str) -> str | None:
    """Return "user:password" of a host. user: only for this user, if it is not empty."""
    path = Path(os.environ.get("NETRC") or "~/.netrc").expanduser()
    try:
        found = netrc.netrc(path).authenticators(host)
    except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
        return None
    if found is None or (user and found[0] != user):
        return None
    return f"{quote(found[0], safe='')}:{quote(found[2] or '', safe='')}"
