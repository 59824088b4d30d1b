"""Converts Poetry's dependencies to requirements: `^1.2` becomes `>=1.2,<2`."""

import re
from typing import Any

_RANGE = re.compile(r"(?P<operator>[\^~])\s*(?P<version>\d+(?:\.\d+)*)")
_EXACT = re.compile(r"\d[\w.]*")
_KNOWN = {"version", "extras", "optional", "markers", "python", "git", "rev", "tag", "branch", "url"}


def to_requirement(name: str, wanted: Any) -> str:
    """Return the requirement of a dependency. Raises ValueError for a form that has no equivalent."""
    table = {"version": wanted} if isinstance(wanted, str) else wanted
    if not isinstance(table, dict) or not table.keys() <= _KNOWN:
        raise ValueError(name)
    extras = f"[{','.join(table['extras'])}]" if table.get("extras") else ""
    markers = [f"({table['markers']})"] if "markers" in table else []
    if "python" in table:
        clauses = filter(None, to_versions(table["python"]).split(","))
        markers += [f"python_version {_spaced(clause)}" for clause in clauses]
    marker = f" ; {' and '.join(markers)}" if markers else ""
    if address := table.get("url") or table.get("git"):
        revision = table.get("rev") or table.get("tag") or table.get("branch")
        at = f"@{revision}" if revision else ""
        return f"{name}{extras} @ {'git+' if 'git' in table else ''}{address}{at}{marker}"
    return f"{name}{extras}{to_versions(table.get('version', '*'))}{marker}"


def to_versions(text: str) -> str:
    """Return Poetry's version constraint as in PEP 440. Raises ValueError for alternatives (`||`)."""
    if "|" in text:
        raise ValueError(text)
    clauses = [part.strip() for part in re.split(r",|\s+(?=[<>=!^~])", text) if part.strip() not in ("", "*")]
    return ",".join(map(_clause, clauses))


def _clause(clause: str) -> str:
    if match := _RANGE.fullmatch(clause):
        return _range(match["operator"], [int(part) for part in match["version"].split(".")])
    if _EXACT.fullmatch(clause):
        return f"=={clause}"
    return re.sub(r"\s", "", clause)


def _range(operator: str, version: list[int]) -> str:
    """`^` keeps the first part that is not 0; `~` keeps the second part, if it is given."""
    if operator == "~":
        kept = min(len(version), 2)
    else:
        kept = next((place for place, part in enumerate(version, 1) if part), len(version))
    bound = [*version[: kept - 1], version[kept - 1] + 1]
    return f">={'.'.join(map(str, version))},<{'.'.join(map(str, bound))}"


def _spaced(clause: str) -> str:
    return re.sub(r"^([<>=!~]+)(.*)$", r'\1 "\2"', clause)
