"""What all entries of a journal have in common."""

from typing import Annotated

from msgspec import Meta, Struct

Attempt = Annotated[int, Meta(ge=1)]
Time = Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")]


class Entry(Struct, frozen=True, kw_only=True, tag_field="event"):
    """What all entries have. time: ISO 8601, UTC. attempt: the attempt that wrote it, if it matters."""

    time: str = ""
    attempt: Attempt | None = None

    @property
    def event(self) -> str:
        """What the journal calls this kind of entry."""
        return str(self.__struct_config__.tag)


class UnknownEntry(Entry, frozen=True, kw_only=True, tag=""):
    """An event that a later version of dressage has written, or a line without a meaning for this reader."""


class UnreadableEntry(Entry, frozen=True, kw_only=True, tag=""):
    """A damaged line. problem: what is wrong with it, in one line."""

    problem: str
