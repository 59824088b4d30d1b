"""The fields of a message of protocol buffers, without its definition.

https://protobuf.dev/programming-guides/encoding
"""

import struct
from collections.abc import Iterator

from dressage.supervision.event_files.framing import DamagedError

_FIXED64 = struct.Struct("<Q")
_FIXED32 = struct.Struct("<I")
_VARINT, _64_BITS, _BYTES, _32_BITS = 0, 1, 2, 5


def fields_of(message: memoryview) -> Iterator[tuple[int, "int | memoryview"]]:
    """Yield the number and the value of each field: texts, messages and packed lists as bytes, others as an integer.

    Raises DamagedError if it is not a message.
    """
    try:
        yield from _read_fields(message)
    except (IndexError, struct.error) as error:
        raise DamagedError("an event cannot be decoded") from error


def numbers_of(value: "int | memoryview") -> Iterator[int]:
    """Yield the integers of a field that is a list: packed, or one of them."""
    if isinstance(value, int):
        yield value
        return
    position = 0
    try:
        while position < len(value):
            number, position = _read_varint(value, position)
            yield number
    except IndexError as error:
        raise DamagedError("an event cannot be decoded") from error


def signed(number: int) -> int:
    """Return a 64-bit number as a signed one."""
    number &= (1 << 64) - 1
    return number - (1 << 64) if number >> 63 else number


def _read_fields(message: memoryview) -> Iterator[tuple[int, "int | memoryview"]]:
    position, end = 0, len(message)
    while position < end:
        key, position = _read_varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value, position = _read_varint(message, position)
            yield key >> 3, value
        elif kind == _BYTES:
            length, position = _read_varint(message, position)
            if position + length > end:
                raise IndexError(length)
            yield key >> 3, message[position : position + length]
            position += length
        elif kind == _64_BITS:
            yield key >> 3, _FIXED64.unpack_from(message, position)[0]
            position += _FIXED64.size
        elif kind == _32_BITS:
            yield key >> 3, _FIXED32.unpack_from(message, position)[0]
            position += _FIXED32.size
        else:
            raise IndexError(kind)


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    """Return an integer of seven bits per byte, and the position after it."""
    byte = message[position]
    if byte < 0x80:
        return byte, position + 1
    number = shift = 0
    while shift < 70:
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number, position
        shift += 7
    raise IndexError(shift)
