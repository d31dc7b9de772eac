"""Repeated numbers of many messages as one flat column of 64 bits, within a bound, and the way back for varints."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lgtm.wire import number_lists
from lgtm.wire.bounds import TooManyRows
from lgtm.wire.fields import Fields, Ints
from lgtm.wire.number_lists import double_lists
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
    _check(fields, number, FIXED64, 8 * most, most)
    offsets, values = double_lists(buffer, fields, number)
    return Lists(values.view(np.uint64), np.diff(offsets))


def varint_lists(buffer: Buffer, fields: Fields, number: int, *, most: int) -> Lists:
    """Of a field of uint64. Raises TruncatedBody for content that ends within a number, MalformedBody for one of more than 10 bytes.

    most: bytes of all of them.
    """
    _check(fields, number, VARINT, most, most)
    offsets, values = number_lists.varint_lists(buffer, fields, number)
    return Lists(values.astype(np.uint64), np.diff(offsets))


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


def _check(fields: Fields, number: int, kind: int, bytes_max: int, most: int) -> None:
    places = fields.merged(tag(number, LENGTH_DELIMITED), tag(number, kind))
    if int((places.end - places.start).sum()) > bytes_max:
        raise TooManyRows(most)
