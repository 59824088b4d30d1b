"""The frames of an event file: each event follows its length, and both are followed by a checksum.

8 bytes   length of the event
4 bytes   masked CRC-32C of the length
N bytes   the event
4 bytes   masked CRC-32C of the event
"""

import struct
from collections.abc import Iterator
from functools import cache
from typing import BinaryIO, NamedTuple

_HEADER = struct.Struct("<QI")
_LENGTH_BYTES = 8
_CHECKSUM = struct.Struct("<I")
_MAX_EVENT_BYTES = 64 << 20
"""Larger events are skipped: a scalar is never in one, and the reader's memory stays small."""


class DamagedError(Exception):
    """The file is damaged or incomplete; nothing after that place can be read."""


class Frame(NamedTuple):
    """An event and where it is in its file. data: None if the event is too large to be read."""

    start: int
    end: int
    data: bytes | None
    checksum: int

    def check(self) -> None:
        """Raise DamagedError if the event is not what was written."""
        if self.data is not None and masked_checksum(self.data) != self.checksum:
            raise DamagedError(f"damaged at byte {self.start}")


def read_frames(file: BinaryIO) -> Iterator[Frame]:
    """Yield the events of a file from its beginning. Raises DamagedError after the last one that is complete.

    The checksum of an event is not computed here, because most bytes of large files are images and histograms.
    """
    start = 0
    while header := file.read(_HEADER.size):
        if len(header) < _HEADER.size:
            raise DamagedError(f"incomplete at byte {start}")
        length, checksum = _HEADER.unpack(header)
        if masked_checksum(header[:_LENGTH_BYTES]) != checksum:
            raise DamagedError(f"damaged at byte {start}")
        data = _read_or_skip(file, length)
        rest = file.read(_CHECKSUM.size)
        if len(rest) < _CHECKSUM.size or (data is not None and len(data) < length):
            raise DamagedError(f"incomplete at byte {start}")
        end = start + _HEADER.size + length + _CHECKSUM.size
        yield Frame(start, end, data, *_CHECKSUM.unpack(rest))
        start = end


def masked_checksum(data: bytes) -> int:
    """Return the CRC-32C of the data in the form that event files contain."""
    table, crc = _table(), 0xFFFFFFFF
    for byte in data:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _read_or_skip(file: BinaryIO, length: int) -> bytes | None:
    if length <= _MAX_EVENT_BYTES:
        return file.read(length)
    if length < 1 << 62:
        file.seek(length, 1)
    return None


@cache
def _table() -> tuple[int, ...]:
    """Return the remainder of each byte for CRC-32C, whose polynomial is 0x82F63B78 in reversed order."""
    remainders = []
    for byte in range(256):
        remainder = byte
        for _ in range(8):
            remainder = remainder >> 1 ^ (0x82F63B78 if remainder & 1 else 0)
        remainders.append(remainder)
    return tuple(remainders)
