"""Passwords, tokens and signatures in addresses. Records have `***` in their place."""

import re
from collections.abc import Iterator
from typing import Any

HIDDEN = "***"
_ADDRESS = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*://)(?P<user>[^/?#\s'\"<>`]*@)?(?P<path>[^?#\s'\"<>`]*)(?P<query>\?[^#\s'\"<>`]*)?"
)
_SECRET = re.compile(
    r"sig|signature|sas|(\w+[_-])?token|api[_-]?key|apikey|auth|authorization|passw(or)?d|pwd|(client[_-])?secret"
    r"|x-(amz|goog)-signature",
    re.IGNORECASE,
)
"""Names of parameters whose values are secret."""
_QUERY = re.compile(r"([?#]).+")
_SIGNED = re.compile(
    r"s[vsrpetik]|srt|spr|sip|sdd|skoid|sktid|skt|ske|sks|skv|saoid|suoid|scid|ses"  # of Azure's signatures
    r"|x-(amz|goog)-.*|expires|policy|key-pair-id|awsaccesskeyid|googleaccessid",
    re.IGNORECASE,
)
"""Names of parameters that belong to a signature, and change with it."""


def hide_credentials(text: str) -> str:
    """Return the text with `***` in place of what is secret in its addresses.

    The result is the same whatever the secret is, so it can be compared, and takes the place of the address in keys.
    """
    return _ADDRESS.sub(_hide, text) if "://" in text else text


def hide_in_unreadable(address: str) -> str:
    """Return an address that cannot be used, without all that may be secret: a password may have a '/' or a '#'."""
    before, at, after = address.rpartition("@")
    scheme, slashes, _ = before.partition("://")
    user = f"{scheme}{slashes}{HIDDEN}@" if at else ""
    return user + _QUERY.sub(rf"\1{HIDDEN}", after)


def hide_in_values(value: Any) -> Any:
    """Return a JSON value with what is secret hidden in all its texts."""
    if isinstance(value, str):
        return hide_credentials(value)
    if isinstance(value, dict):
        return {name: hide_in_values(one) for name, one in value.items()}
    return [hide_in_values(one) for one in value] if isinstance(value, list | tuple) else value


def has_credentials(text: str) -> bool:
    """Return whether an address in the text has a secret that is not hidden."""
    return hide_credentials(text) != text


_VARIABLE = re.compile(r"\$\{\w+\}")
"""What requirements have in place of a secret."""


def _hide(found: re.Match[str]) -> str:
    user, query = found["user"] or "", found["query"] or ""
    if not _VARIABLE.fullmatch(user[:-1].rpartition(":")[2]) and not _is_plain_user(user, found["scheme"]):
        name, colon, _ = user[:-1].partition(":")
        user = f"{name}:{HIDDEN}@" if colon else f"{HIDDEN}@"
    if query:
        kept = list(_hide_parameters(query[1:].split("&")))
        query = f"?{'&'.join(kept)}" if kept else ""
    return f"{found['scheme']}{user}{found['path']}{query}"


def _is_plain_user(user: str, scheme: str) -> bool:
    """Return whether the part before the host is empty, or a name without a password, as in ssh://git@host."""
    return not user or (":" not in user and not scheme.startswith(("http", "git+http")))


def _is_known_to_all(value: str) -> bool:
    return value.startswith(HIDDEN) or _VARIABLE.fullmatch(value) is not None


def _hide_parameters(parameters: list[str]) -> Iterator[str]:
    names = [parameter.partition("=")[0] for parameter in parameters]
    is_signed = any(re.fullmatch(r"(?i)sig|signature|x-(amz|goog)-signature", name) for name in names)
    for name, parameter in zip(names, parameters, strict=True):
        if is_signed and _SIGNED.fullmatch(name) and not _SECRET.fullmatch(name):
            continue
        value = parameter.partition("=")[2]
        is_secret = _SECRET.fullmatch(name) and value and not _is_known_to_all(value)
        yield f"{name}={HIDDEN}" if is_secret else parameter
