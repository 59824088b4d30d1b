"""Check addresses that users write."""

from collections.abc import Container
from urllib.parse import urlsplit


def is_address(text: str, schemes: Container[str] = ("http", "https")) -> bool:
    """Return whether the text is a complete address with one of the schemes.

    It has a host, or a path if its scheme is "file". A port that it names can be used.
    """
    try:
        parts = urlsplit(text)
        is_whole = bool(parts.path if parts.scheme == "file" else parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number, for example
        return False
    return parts.scheme in schemes and is_whole and not any(letter.isspace() for letter in text)
