"""The addresses of MLflow servers and stores, as users write them."""

from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit, urlunsplit

from dressage.errors import SettingsError
from dressage.specs.addresses import is_address

_SQLITE = "sqlite:///"
_FORM = "give https://HOST, http://HOST:PORT or sqlite:///FILE"


class Address(NamedTuple):
    """An address without its credentials, which are separate: [user, password]."""

    plain: str
    credentials: tuple[str, str] | None


def parse_address(text: str, folder: Path) -> Address:
    """Split an address. folder: what the path of a SQLite file is relative to.

    Raises SettingsError, without the address, if it cannot be used.
    """
    if text.startswith(_SQLITE) and len(text) > len(_SQLITE):
        return Address(_SQLITE + str(folder / text.removeprefix(_SQLITE)), None)
    if not is_address(text):
        raise SettingsError(f"the address of the MLflow server cannot be used; {_FORM}")
    parts = urlsplit(text)
    host = parts.netloc.rpartition("@")[2]
    plain = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    has_credentials = parts.username is not None
    credentials = (unquote(parts.username or ""), unquote(parts.password or "")) if has_credentials else None
    return Address(plain, credentials)
