"""The scalars in an event file, as TensorBoard shows them.

The definitions are TensorBoard's: event.proto, summary.proto and tensor.proto. Numbers of fields never change there.
"""

import math
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from dressage.supervision.event_files.framing import DamagedError, Frame, read_frames
from dressage.supervision.event_files.messages import fields_of, numbers_of, signed

_WALL_TIME, _STEP, _SUMMARY = 1, 2, 5
_VALUE = 1
_TAG, _SIMPLE_VALUE, _TENSOR, _METADATA = 1, 2, 8, 9
_PLUGIN, _CLASS = 1, 4
_PLUGIN_NAME = 1
_SCALARS = memoryview(b"scalars")
_SCALAR_CLASS = 1
_TYPE, _CONTENT = 1, 4
_FORMATS = {
    1: "f",
    2: "d",
    3: "i",
    4: "B",
    5: "h",
    6: "b",
    9: "q",
    10: "?",
    17: "H",
    19: "e",
    22: "I",
    23: "Q",
}
"""How one number of each type of tensor is written, in the notation of `struct`."""
_PACKED = {5: "f", 6: "d"}
_HALVES, _INTEGERS = 13, (7, 10, 11, 16)
_LATEST_S = 1e15
_SMALL_BYTES = 4096
"""Events below this size are always compared with their checksum, and larger ones if they contain scalars."""


class Scalar(NamedTuple):
    """One value. timestamp: milliseconds since 1970, UTC."""

    tag: str
    value: float
    step: int
    timestamp: int


class EventFile:
    """Reads one file. Only a tag's first event may say that the tag is a scalar, so a file is read from its start."""

    def __init__(self) -> None:
        self._is_scalar: dict[str, bool] = {}

    def read(self, file: BinaryIO) -> Iterator[tuple[Frame, list[Scalar]]]:
        """Yield the scalars of each event. Raises DamagedError where the file is damaged."""
        for frame in read_frames(file):
            try:
                found = list(self._scalars(memoryview(frame.data or b"")))
            except (struct.error, OverflowError) as error:  # a field of another type
                raise DamagedError(f"damaged at byte {frame.start}") from error
            if found or frame.end - frame.start < _SMALL_BYTES:
                frame.check()
            yield frame, found

    def _scalars(self, event: memoryview) -> Iterator[Scalar]:
        wall_time, step, summaries = 0.0, 0, []
        for number, value in fields_of(event):
            if number == _SUMMARY and isinstance(value, memoryview):
                summaries.append(value)
            elif number == _STEP and isinstance(value, int):
                step = signed(value)
            elif number == _WALL_TIME and isinstance(value, int):
                (wall_time,) = struct.unpack("<d", struct.pack("<Q", value))
        for summary in summaries:
            for number, value in fields_of(summary):
                if number == _VALUE and isinstance(value, memoryview):
                    tag, scalar = self._value(value)
                    if scalar is not None:
                        yield Scalar(tag, scalar, step, _milliseconds(wall_time))

    def _value(self, message: memoryview) -> tuple[str, float | None]:
        """Return a tag and its value; None if it is not a scalar."""
        tag, scalar, tensor = "", None, None
        is_scalar: bool | None = None
        for number, value in fields_of(message):
            if number == _SIMPLE_VALUE and isinstance(value, int):
                (scalar,) = struct.unpack("<f", struct.pack("<I", value))
            elif not isinstance(value, memoryview):
                continue
            elif number == _TAG:
                tag = bytes(value).decode(errors="replace")
            elif number == _TENSOR:
                tensor = value
            elif number == _METADATA:
                is_scalar = _describes_scalar(value)
        is_scalar = self._is_scalar.setdefault(tag, bool(is_scalar)) if tensor is not None else None
        return tag, _number(tensor) if tensor is not None and is_scalar else scalar


def _describes_scalar(metadata: memoryview) -> bool:
    """Return whether the metadata of a tag says that its tensors are scalars."""
    for number, value in fields_of(metadata):
        if number == _CLASS and value == _SCALAR_CLASS:
            return True
        if number == _PLUGIN and isinstance(value, memoryview):
            names = [name for number, name in fields_of(value) if number == _PLUGIN_NAME]
            return names == [_SCALARS]
    return False


def _number(tensor: memoryview) -> float | None:
    """Return the number in a tensor; None if it holds none or several."""
    kind, found = 0, None
    for number, value in fields_of(tensor):
        if number == _TYPE and isinstance(value, int):
            kind = value
        elif number == _CONTENT:
            found = _unpack(_FORMATS.get(kind), value)
        elif number in _PACKED:
            found = _unpack(_PACKED[number], value)
        elif number == _HALVES or number in _INTEGERS:
            numbers = [signed(each) for each in numbers_of(value)]
            found = float(numbers[0]) if len(numbers) == 1 else None
            if number == _HALVES and found is not None:  # its bits
                found = _unpack(_FORMATS.get(kind), numbers[0])
    return found


def _unpack(form: str | None, value: int | memoryview) -> float | None:
    """Return the only number in the bytes. form: of the number, as in `struct`; None if it is not known."""
    if form is None:
        return None
    data = value.to_bytes(struct.calcsize(form), "little") if isinstance(value, int) else value
    return float(struct.unpack(f"<{form}", data)[0]) if len(data) == struct.calcsize(form) else None


def _milliseconds(seconds: float) -> int:
    return int(seconds * 1000) if math.isfinite(seconds) and abs(seconds) < _LATEST_S else 0
