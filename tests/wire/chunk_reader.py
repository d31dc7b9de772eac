"""A reader of XOR chunks, written from the description of the format and slow: bits as text."""

from __future__ import annotations

import struct

Chunk = list[tuple[int, bytes]]
"""Time in milliseconds and the eight bytes of the value, of each sample."""


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._bits = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    def number(self, width: int) -> int:
        self._at += width
        assert self._at <= len(self._bits)
        return int(self._bits[self._at - width : self._at] or "0", 2)

    def varint(self) -> int:
        value = shift = 0
        while True:
            byte = self.number(8)
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def rest(self) -> str:
        return self._bits[self._at :]


def read_xor_chunk(data: bytes) -> Chunk:
    bits = _Bits(data)
    count = bits.number(16)
    zigzag = bits.varint()
    time, value = zigzag >> 1 ^ -(zigzag & 1), bits.number(64)
    found = [(time, value)]
    step = window = 0
    leading = trailing = 0
    for number in range(1, count):
        step = bits.varint() if number == 1 else step + _second_difference(bits)
        time += step
        if bits.number(1):
            if bits.number(1):
                leading, window = bits.number(5), bits.number(6) or 64
                trailing = 64 - leading - window
            value ^= bits.number(window) << trailing
        found.append((time, value))
    assert len(bits.rest()) < 8
    assert "1" not in bits.rest()
    return [(time, struct.pack("<Q", value)) for time, value in found]


def _second_difference(bits: _Bits) -> int:
    for width in (0, 14, 17, 20):
        if not bits.number(1):
            value = bits.number(width)
            return value - (1 << width) if width and value > 1 << width - 1 else value
    value = bits.number(64)
    return value - (1 << 64) if value >= 1 << 63 else value
