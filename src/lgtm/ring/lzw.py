"""LZW as Go's compress/lzw writes it: least significant bit first, 8-bit literals. Slow here, so our senders never compress; everything is read.

Codes: 0–255 literals, 256 clear, 257 end, then what was learned, 9 to 12 bits wide. The writer clears when the next code would be 4095.
"""

from __future__ import annotations

from lgtm.ring.msgpack import MalformedMessage

CLEAR, END, FIRST = 256, 257, 258
WIDTH_MIN, WIDTH_MAX = 9, 12


def compress(data: bytes) -> bytes:
    out, bits, pending = bytearray(), 0, 0

    def write(code: int, width: int) -> None:
        nonlocal bits, pending
        bits |= code << pending
        pending += width
        while pending >= 8:
            out.append(bits & 0xFF)
            bits >>= 8
            pending -= 8

    width, following, table = WIDTH_MIN, FIRST, dict[tuple[int, int], int]()
    write(CLEAR, width)
    last = data[0] if data else None
    for byte in data[1:]:
        assert last is not None
        if (known := table.get((last, byte))) is not None:
            last = known
            continue
        write(last, width)
        table[last, byte] = following
        following += 1
        if following - 1 == 1 << width:
            width += 1
        if following - 1 == (1 << WIDTH_MAX) - 1:
            write(CLEAR, width)
            width, following = WIDTH_MIN, FIRST
            table.clear()
        last = byte
    if last is not None:
        write(last, width)
        # Go counts a code for the last word too, though it teaches none: it may widen, or clear, right before the end.
        if following == (1 << WIDTH_MAX) - 1:
            write(CLEAR, width)
            width = WIDTH_MIN
        elif following == 1 << width:
            width += 1
    write(END, width)
    if pending:
        out.append(bits & 0xFF)
    return bytes(out)


def decompress(data: bytes | memoryview, bytes_max: int) -> bytes:
    """Raises MalformedMessage for a code that is not known yet, an end that is missing, or more than bytes_max bytes."""
    out = bytearray()
    width, bits, pending, last = WIDTH_MIN, 0, 0, b""
    table: list[bytes] = []
    for byte in data:
        bits |= byte << pending
        pending += 8
        if pending < width:
            continue
        code = bits & ((1 << width) - 1)
        bits >>= width
        pending -= width
        if code == END:
            return bytes(out)
        if code == CLEAR:
            width, last = WIDTH_MIN, b""
            table.clear()
            continue
        entry = _entry(code, table, last)
        out += entry
        if len(out) > bytes_max:
            raise MalformedMessage(f"a message that expands to more than {bytes_max} bytes")
        if last and FIRST + len(table) < 1 << WIDTH_MAX:
            table.append(last + entry[:1])
        last = entry
        # The writer is one code ahead of the reader: it widens as soon as the code it would learn next needs it.
        if FIRST + len(table) + 1 > 1 << width and width < WIDTH_MAX:
            width += 1
    raise MalformedMessage("a compressed message without an end")


def _entry(code: int, table: list[bytes], last: bytes) -> bytes:
    if code < CLEAR:
        return bytes([code])
    if code - FIRST < len(table):
        return table[code - FIRST]
    if code - FIRST == len(table) and last:
        return last + last[:1]
    raise MalformedMessage("a compressed message with a code that it did not teach")
