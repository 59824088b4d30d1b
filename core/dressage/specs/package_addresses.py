"""Read the addresses of package indexes. They may contain credentials, so no message here shows one."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dressage.errors import SettingsError
from dressage.specs.addresses import is_address

TABLES: Mapping[str, str] = {"indexes": "DRESSAGE_INDEX_", "find_links": "DRESSAGE_FIND_LINKS_"}
"""The tables of a settings file, each with the prefix of the variables that override it."""
_SCHEMES = ("http", "https", "file")

Files = Iterable[tuple[Path, Mapping[str, Any]]]


def package_addresses(table: str, files: Files, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the addresses in one of `TABLES` by name. files: earlier files override later ones.

    A variable for a name that is in no file adds it: DRESSAGE_INDEX_OUR_LAB is the index "our-lab".
    Raises SettingsError for a wrong address.
    """
    found: dict[str, str] = {}
    for path, content in reversed(tuple(files)):
        for name, address in content.get(table, {}).items():
            found[name] = _check_address(f"{str(path)!r}: {table}.{name}", table, address, path.parent)
    by_variable = {variable_of(table, name): name for name in found}
    for variable, address in _set_variables(TABLES[table], environ):
        fallback = variable.removeprefix(TABLES[table]).replace("_", "-").lower()
        found[by_variable.get(variable, fallback)] = _check_address(variable, table, address, None)
    return found


def variable_of(table: str, name: str) -> str:
    """Return the variable that overrides the address of a name in a settings file."""
    return TABLES[table] + name.replace("-", "_").replace(".", "_").upper()


def _set_variables(prefix: str, environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return (
        (name, text) for name, text in environ.items() if name.startswith(prefix) and name != prefix and text
    )


def _check_address(origin: str, table: str, address: Any, folder: Path | None) -> str:
    """Return the address, with an absolute path. folder: what a relative path is relative to; None if not allowed."""
    if isinstance(address, str) and is_address(address, _SCHEMES):
        return address
    path = Path(address).expanduser() if table == "find_links" and isinstance(address, str) else None
    if path is not None and "://" not in str(address) and (folder or path.is_absolute()):
        return str((folder or path) / path)
    kinds = "an http(s) address or a folder's path" if table == "find_links" else "an http(s) address"
    raise SettingsError(f'{origin} is not {kinds}; write it like "https://packages.example/simple"')
