"""Where the running dressage was installed from, so that a new plugin gets the same one."""

import json
from collections.abc import Mapping
from importlib.metadata import distribution
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit


class Installation(NamedTuple):
    """version: of dressage. source: the value of uv's source, as TOML; None if it came from a package index.

    arguments: what `pip install` needs to install the same; () if it came from a package index.
    """

    version: str
    source: str | None = None
    arguments: tuple[str, ...] = ()


def find_installation() -> Installation:
    """Read how dressage was installed. Installers record it in `direct_url.json` (PEP 610)."""
    installed = distribution("dressage")
    return describe(installed.version, json.loads(installed.read_text("direct_url.json") or "{}"))


def describe(version: str, direct_url: Mapping[str, Any]) -> Installation:
    """Return the installation that a `direct_url.json` describes. direct_url: empty for a package index.

    >>> describe("1.0", {"url": "file:///src/dressage", "dir_info": {"editable": True}}).source
    '{ path = "/src/dressage", editable = true }'
    """
    if not direct_url:
        return Installation(version)
    url, within = direct_url["url"], direct_url.get("subdirectory")
    if version_control := direct_url.get("vcs_info"):
        fields = {"git": url, "rev": version_control["commit_id"], "subdirectory": within}
        place = f"#subdirectory={within}" if within else ""
        return Installation(version, _toml(fields), (f"dressage @ git+{url}@{fields['rev']}{place}",))
    if urlsplit(url).scheme != "file":
        return Installation(version, _toml({"url": url, "subdirectory": within}), (f"dressage @ {url}",))
    path = unquote(urlsplit(url).path)
    is_editable = direct_url.get("dir_info", {}).get("editable") or None
    arguments = ("-e", path) if is_editable else (path,)
    return Installation(version, _toml({"path": path, "editable": is_editable}), arguments)


def _toml(fields: Mapping[str, str | bool | None]) -> str:
    """Return an inline table of the fields that are not None. TOML writes strings and booleans as JSON does."""
    given = {key: value for key, value in fields.items() if value is not None}
    return f"{{ {', '.join(f'{key} = {json.dumps(value)}' for key, value in given.items())} }}"
