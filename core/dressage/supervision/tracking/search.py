"""MLflow's search: filters, order and pages, for runs, experiments, models, versions and traces.

Source: https://mlflow.org/docs/latest/search-runs, and mlflow/utils/search_utils.py for refusals. MLflow uses
sqlparse for the tokens only, which are a small part of the work, so sqlparse is not used here.
"""

import base64
import binascii
import json
import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

from dressage.supervision.tracking.errors import invalid

T = TypeVar("T")
Value = str | float | tuple[str, ...] | None

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<name>[A-Za-z_]\w*\s*\.\s*(?:`[^`]*`|"[^"]*"|[\w.]+(?:-[\w.]+)*) | `[^`]*` | [A-Za-z_]\w*)
    | (?P<number>[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<text>'(?:[^']|'')*' | "(?:[^"]|"")*")
    | (?P<sign><=|>=|!=|=|<|>)
    | (?P<mark>[(),])
    )\s*""",
    re.VERBOSE,
)
_ORDER = re.compile(r"\s*(?P<name>.+?)(?:\s+(?P<way>asc|desc))?\s*", re.IGNORECASE | re.DOTALL)
_NUMBERS = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TEXTS = {"=", "!=", "LIKE", "ILIKE"}


class Clause(NamedTuple):
    """One comparison. kind: "attribute", "metric", "param", "tag" or "dataset"."""

    kind: str
    key: str
    sign: str
    value: Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Searchable(Generic[T]):
    """How things of one type are searched.

    texts, numbers: getters of their attributes. kinds: the prefixes before a dot in a filter, each with its kind.
    values: getters of the mapping that belongs to a kind. lists: attributes that can be compared with IN.
    aliases: other names of attributes. many: getters for kinds with several values per key; one match is enough.
    dataset_keys: the keys of the kind "dataset". orders: getters of the sort key, if it is not the attribute's value.
    default: whether a comparison holds if the value is missing; None: it does not.
    """

    texts: Mapping[str, Callable[[T], str | None]]
    numbers: Mapping[str, Callable[[T], float | None]] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Callable[[T], Mapping[str, Any]]] = field(default_factory=dict)
    many: Mapping[str, Callable[[T, str], Iterable[Any]]] = field(default_factory=dict)
    dataset_keys: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    aliases: Mapping[str, str] = field(default_factory=dict)
    default: Callable[[T, str, str, str], bool] | None = None
    orders: Mapping[str, Callable[[T], Any]] = field(default_factory=dict)

    def clauses(self, condition: str | None) -> list[Clause]:
        """Parse and check the clauses of a filter. Raises RefusedError if it is invalid."""
        return [self._check(clause) for clause in parse(condition or "", self._kind)]

    def filter(self, things: Iterable[T], condition: str | None) -> list[T]:
        """Return the things that satisfy every clause. Raises RefusedError if the filter is invalid."""
        clauses = self.clauses(condition)
        return [thing for thing in things if all(self._matches(thing, clause) for clause in clauses)]

    def sort(self, things: Iterable[T], orders: Sequence[str]) -> list[T]:
        """Sort by the given orders; NaN and missing values come last."""
        found = list(things)
        for order in reversed(orders):
            found = self._sort_by(found, order)
        return found

    def _sort_by(self, things: list[T], order: str) -> list[T]:
        split = _ORDER.fullmatch(order)
        named = _TOKEN.fullmatch(split["name"]) if split else None
        if split is None or named is None or named["name"] is None:
            raise invalid(f"Invalid order_by clause '{order}'. Could not be parsed.")
        kind, key = self._kind(named["name"])
        self._check_attribute(kind, key)
        if kind != "attribute" and kind not in self.values:
            raise invalid(f"Invalid order_by entity type '{kind}'")
        own = self.orders.get(key) if kind == "attribute" else None
        value = own or (lambda thing: self._value(thing, kind, key))
        return sort_by(things, value, descending=_descends(split["way"]))

    def _kind(self, name: str) -> tuple[str, str]:
        prefix, dot, key = name.partition(".")
        if not dot:
            prefix, key = "attribute", prefix
        kind = self.kinds.get(_bare(prefix)) or ("attribute" if _bare(prefix) == "attribute" else None)
        if kind is None:
            raise invalid(f"Invalid entity type '{_bare(prefix)}'. Valid values are {sorted({*self.kinds})}")
        key = _bare(key)
        return kind, self.aliases.get(key, key) if kind == "attribute" else key

    def _check(self, clause: Clause) -> Clause:
        kind, key, sign, value = clause
        number = kind == "metric" or (kind == "attribute" and key in self.numbers)
        self._check_attribute(kind, key)
        if kind == "dataset" and key not in self.dataset_keys:
            raise invalid(
                f"Invalid {kind} key '{key}' specified. Valid keys are '{sorted(self.dataset_keys)}'"
            )
        if sign in ("IS NULL", "IS NOT NULL") and kind in ("tag", "param"):
            return clause
        if number and sign in _NUMBERS:
            if not isinstance(value, float):
                raise invalid(f"Expected numeric value type for {kind}. Found {value!r}")
            return clause
        if not number and sign in ("IN", "NOT IN") and (kind == "dataset" or key in self.lists):
            return clause
        if number or sign not in _TEXTS:
            raise invalid(f"Invalid comparator '{sign}' for {kind} '{key}'")
        if not isinstance(value, str):
            raise invalid(f"Expected a quoted string value for {kind} (e.g. 'my-value'). Got value {value!r}")
        return clause

    def _check_attribute(self, kind: str, key: str) -> None:
        known = {*self.texts, *self.numbers}
        if kind == "attribute" and key not in known:
            raise invalid(f"Invalid attribute key '{key}' specified. Valid keys are '{sorted(known)}'")

    def _matches(self, thing: T, clause: Clause) -> bool:
        kind, key, sign, value = clause
        if kind in self.many:
            return any(_compares(each, sign, value) for each in self.many[kind](thing, key))
        found = self._value(thing, kind, key)
        if found is None and self.default and isinstance(value, str):
            return self.default(thing, key, sign, value)
        return _compares(found, sign, value)

    def _value(self, thing: T, kind: str, key: str) -> Any:
        if kind == "attribute":
            return (self.texts.get(key) or self.numbers[key])(thing)
        return self.values[kind](thing).get(key)


def parse(condition: str, kind_of: Callable[[str], tuple[str, str]]) -> Iterator[Clause]:
    """Parse a filter: clauses joined by AND. kind_of: returns the kind and key of a name. Raises RefusedError."""
    tokens = _tokens(condition)
    while tokens:
        name = tokens.pop(0)
        if name[0] != "name":
            raise invalid(f"Invalid clause(s) in filter string: '{name[1]}'; a clause must begin with a name")
        kind, key = kind_of(name[1])
        sign = _sign(tokens, condition)
        yield Clause(kind, key, sign, None if sign.startswith("IS ") else _read_value(tokens, condition))
        if tokens and (_word(tokens.pop(0)) != "AND" or not tokens):
            raise invalid(
                f"Invalid clause(s) in filter string: {condition!r}; comparisons must be joined by AND"
            )


def page(
    things: Sequence[T], token: str | None, most: int | None, default: int, limit: int
) -> tuple[list[T], str]:
    """Return one page, and the token of the next page; "" if there is none."""
    count = default if most is None else most
    if not 0 < count <= limit:
        raise invalid(
            f"Invalid value {count} for parameter 'max_results' supplied. It must be at least 1 and at most {limit}."
        )
    start = _offset(token) if token else 0
    more = start + count < len(things)
    following = base64.b64encode(json.dumps({"offset": start + count}).encode()).decode() if more else ""
    return list(things[start : start + count]), following


def sort_by(things: list[T], value: Callable[[T], Any], *, descending: bool) -> list[T]:
    """Sort by a value; NaN, then missing values, come last."""

    def without(thing: T) -> int:
        found = value(thing)
        return 2 if found is None else 1 if isinstance(found, float) and math.isnan(found) else 0

    plain = [thing for thing in things if without(thing) == 0]
    rest = sorted((thing for thing in things if without(thing)), key=without)
    return sorted(plain, key=value, reverse=descending) + rest


def _tokens(condition: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while place < len(condition.rstrip()):
        token = _TOKEN.match(condition, place)
        if token is None or token.end() == place:
            raise invalid(
                f"Invalid filter '{condition}'. Could not be parsed at {condition[place : place + 20]!r}."
            )
        kind = str(token.lastgroup)
        found.append((kind, token[kind]))
        place = token.end()
    return found


def _word(token: tuple[str, str]) -> str:
    """Return a keyword or sign in upper case; "" for a quoted text."""
    return "" if token[0] == "text" else token[1].upper()


def _sign(tokens: list[tuple[str, str]], condition: str) -> str:
    word = _word(tokens.pop(0)) if tokens else ""
    if word in _NUMBERS or word in ("LIKE", "ILIKE", "RLIKE", "IN"):
        return word
    following = [_word(token) for token in tokens[:2]]
    for words in (("IS", "NOT", "NULL"), ("IS", "NULL"), ("NOT", "IN")):
        if (word, *following)[: len(words)] == words:
            del tokens[: len(words) - 1]
            return " ".join(words)
    raise invalid(f"Invalid comparison clause in filter {condition!r}: expected a comparator, got {word!r}")


def _read_value(tokens: list[tuple[str, str]], condition: str) -> Value:
    """Read the value of a comparison: a text, a number, or a list of texts in parentheses."""
    kind, text = tokens.pop(0) if tokens else ("", "")
    if kind == "text":
        return text[1:-1]
    if kind == "number":
        return float(text)
    if text != "(":
        raise invalid(
            f"Expected a quoted string value or a number in filter {condition!r}. Got value {text!r}"
        )
    given: list[str] = []
    while tokens and tokens[0][1] != ")":
        kind, text = tokens.pop(0)
        if kind != "text":
            raise invalid(f"While parsing a list in the query, expected string value, got {text!r}")
        given.append(text[1:-1])
        if tokens and tokens[0][1] == ",":
            tokens.pop(0)
    if not tokens or not given:
        raise invalid(f"Invalid filter {condition!r}: a list is empty or is not closed")
    tokens.pop(0)
    return tuple(given)


def _compares(found: Any, sign: str, value: Value) -> bool:
    if sign in ("IS NULL", "IS NOT NULL"):
        return (found is None) == (sign == "IS NULL")
    if found is None:
        return False
    if sign in ("LIKE", "ILIKE"):
        return _is_like(str(found), str(value), ignore_case=sign == "ILIKE")
    if isinstance(value, tuple):
        return (found in value) == (sign == "IN")
    compare: Any = _NUMBERS[sign]
    return bool(compare(found, value))


def _is_like(found: str, pattern: str, *, ignore_case: bool) -> bool:
    """Compare with a LIKE pattern. The time is linear in the text's length for each piece between two '%'."""
    if ignore_case:
        found, pattern = found.lower(), pattern.lower()
    pieces = pattern.split("%")
    compiled = [
        re.compile("".join("." if c == "_" else re.escape(c) for c in piece), re.DOTALL) for piece in pieces
    ]
    if len(pieces) == 1:
        return compiled[0].fullmatch(found) is not None
    if not compiled[0].match(found):
        return False
    place = len(pieces[0])
    for piece in compiled[1:-1]:
        next_one = piece.search(found, place)
        if next_one is None:
            return False
        place = next_one.end()
    last = len(found) - len(pieces[-1])
    return last >= place and compiled[-1].fullmatch(found, last) is not None


def _offset(token: str) -> int:
    try:
        offset = int(json.loads(base64.b64decode(token, validate=True))["offset"])
    except (binascii.Error, ValueError, TypeError, KeyError, RecursionError, OverflowError) as error:
        raise invalid(f"Invalid page token {token[:40]!r}: {error}") from error
    if offset <= 0:
        raise invalid(f"Invalid page token {token[:40]!r}")
    return offset


def _bare(name: str) -> str:
    name = name.strip()
    return name[1:-1] if len(name) > 1 and name[0] == name[-1] and name[0] in "`\"'" else name


def _descends(way: str | None) -> bool:
    return (way or "").lower() == "desc"
