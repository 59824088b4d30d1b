"""Check addresses that users write."""

import re
from collections.abc import Container
from urllib.parse import urlsplit

ADDRESS_ADVICE = 'write it like "https://host/file", with %20 for a space'
_ASCII_HOST = re.compile(r"[A-Za-z0-9._~-]+")


def is_address(text: str, schemes: Container[str] = ("http", "https")) -> bool:
    """Return whether the text is a complete address with one of the schemes.

    It has a host that can be looked up, or a path if its scheme is "file". A port that it names can be used.
    """
    try:
        parts = urlsplit(text)
        is_whole = (
            bool(parts.path) if parts.scheme == "file" else _is_host(parts.hostname) and parts.port != 0
        )
    except ValueError:  # the port is not a number, for example
        return False
    return parts.scheme in schemes and is_whole and text.isprintable() and " " not in text


def _is_host(host: str | None) -> bool:
    """Return whether a host's name can be looked up. Raises ValueError if it cannot be encoded, or is too long."""
    if not host:
        return False
    if ":" in host:
        import ipaddress

        return bool(ipaddress.IPv6Address(host))
    if host.isascii():
        return bool(_ASCII_HOST.fullmatch(host) and host.encode("idna"))
    import idna  # as httpx encodes it

    return bool(idna.encode(host))
