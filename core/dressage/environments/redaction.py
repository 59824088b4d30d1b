"""Remove credentials from addresses in logs and messages."""

import re
from collections.abc import Mapping

from dressage.specs.credentials import hide_credentials

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?:[^/\s]*@)?(?P<host>[^/\s?#`'\"<>(),;]+)(?P<rest>[^\s`'\"<>(),;]*)"
)


def without_credentials(text: str, named: Mapping[str, str] | None = None) -> str:
    """Return the text without users and passwords in its URLs.

    named: addresses by name. Their URLs become "<NAME>/...", because a path or a query may also contain a token.
    """
    known = [(name, _URL.match(address)) for name, address in (named or {}).items()]
    known.sort(key=lambda pair: -len(pair[1]["rest"]) if pair[1] else 0)
    return hide_credentials(_URL.sub(lambda url: _redact(url, known), text))


def _redact(url: re.Match[str], known: list[tuple[str, re.Match[str] | None]]) -> str:
    same_host = [(name, address) for name, address in known if address and _host(address) == _host(url)]
    for name, address in same_host:
        path, base = _path(url), _path(address)
        if path.startswith(base):
            return f"<{name}>{path.removeprefix(base)}"
    if same_host:
        return f"<{same_host[0][0]}>/..."
    return f"{url['scheme']}://{url['host']}{url['rest']}"


def _host(url: re.Match[str]) -> str:
    default_port = ":443" if url["scheme"].lower().endswith("https") else ":80"
    return url["host"].lower().removesuffix(default_port)


def _path(url: re.Match[str]) -> str:
    return re.split(r"[?#]", url["rest"])[0].rstrip("/")
