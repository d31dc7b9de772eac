"""Repeated numbers of many messages as one flat column, and the way back for varints.

Writers pack such fields (one length-delimited field holds all numbers), but each number may have a field of its own, and both may be mixed.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lgtm.wire.bounds import MalformedBody, TooManyRows, TruncatedBody
from lgtm.wire.fields import Fields, Ints, Places
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, VARINT_BYTES_MAX, Buffer, tag

Words = npt.NDArray[np.uint64]


class Lists(NamedTuple):
    """The numbers of all messages, and how many each has."""

    values: Words
    lengths: Ints


def fixed64_lists(buffer: Buffer, fields: Fields, number: int, *, most: int) -> Lists:
    """Of a field of fixed64, sfixed64 or double, as bits. Raises MalformedBody for content that is no whole number of them.

    Raises TooManyRows, also below, when the messages together have more than `most`; nothing is allocated for them then.
    """
    row, start, end = _pieces(fields, number, FIXED64)
    sizes = end - start
    if (sizes & 7).any():
        raise MalformedBody("proto: packed field is not made of 8 bytes a number")
    counts = sizes >> 3
    _check(int(counts.sum()), most)
    position = start.repeat(counts) + 8 * within(counts)
    values = buffer.fixed(Places(position, position, position), "<u8")
    return Lists(values, _sums(counts, row, fields.count))


def varint_lists(buffer: Buffer, fields: Fields, number: int, *, most: int) -> Lists:
    """Of a field of uint64. Raises TruncatedBody for content that ends within a number, MalformedBody for one of more than 10 bytes.

    most: bytes of all of them.
    """
    row, start, end = _pieces(fields, number, VARINT)
    sizes = end - start
    _check(int(sizes.sum()), most)
    data = buffer.array[start.repeat(sizes) + within(sizes)]
    last = data < 0x80
    given = sizes > 0
    if not last[sizes.cumsum()[given] - 1].all():
        raise TruncatedBody
    ends = last.nonzero()[0]
    starts = np.concatenate((ends[:0], [0], ends[:-1] + 1)) if len(ends) else ends
    counts = np.diff(np.searchsorted(ends, np.concatenate(([0], sizes.cumsum()))))
    return Lists(_joined(data, starts, ends - starts + 1), _sums(counts, row, fields.count))


def within(lengths: Ints) -> Ints:
    """0, 1, … for each of the lists with these lengths."""
    ends = lengths.cumsum()
    count: Ints = np.arange(ends[-1] if len(ends) else 0, dtype=np.int64) - (ends - lengths).repeat(lengths)
    return count


def encoded_varints(values: Words) -> tuple[bytes, Ints]:
    """All of them one behind the other, and the offsets: value i is at [offsets[i], offsets[i + 1])."""
    sizes = np.ones(len(values), np.int64)
    for shift in range(7, 64, 7):
        sizes += values >> np.uint64(shift) != 0
    offsets = np.concatenate((sizes[:0], [0], sizes.cumsum()))
    data = np.empty(offsets[-1], np.uint8)
    for at in range(VARINT_BYTES_MAX):
        has = sizes > at
        if not has.any():
            break
        low = (values[has] >> np.uint64(7 * at)) & np.uint64(0x7F)
        data[offsets[:-1][has] + at] = low | np.where(sizes[has] > at + 1, np.uint64(0x80), np.uint64(0))
    return data.tobytes(), offsets


def varint_bytes(value: int) -> bytes:
    """value: not negative."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _check(found: int, most: int) -> None:
    if found > most:
        raise TooManyRows(most)


def _pieces(fields: Fields, number: int, kind: int) -> tuple[Ints, Ints, Ints]:
    """(row, start, end) of the field, packed or not, in order of the messages."""
    found = [fields.places(tag(number, LENGTH_DELIMITED)), fields.places(tag(number, kind))]
    found = [places for places in found if len(places)] or found[:1]
    row, start, end = (np.concatenate([getattr(places, name) for places in found]) for name in ("row", "start", "end"))
    order = np.lexsort((start, row))
    return row[order], start[order], end[order]


def _sums(counts: Ints, row: Ints, rows: int) -> Ints:
    sums = np.zeros(rows, np.int64)
    np.add.at(sums, row, counts)
    return sums


def _joined(data: npt.NDArray[np.uint8], starts: Ints, sizes: Ints) -> Words:
    values = np.zeros(len(starts), np.uint64)
    if not len(starts):
        return values
    if sizes.max() > VARINT_BYTES_MAX:
        raise MalformedBody("proto: integer overflow")
    for at in range(int(sizes.max())):
        has = sizes > at
        values[has] |= (data[starts[has] + at] & np.uint8(0x7F)).astype(np.uint64) << np.uint64(7 * at)
    return values
