"""Repeated numbers of many messages in CSR form: the values of message i are values[offsets[i]:offsets[i + 1]].

They may be packed into one field, into several, or stand one in a field; a reader must accept every mixture:
https://protobuf.dev/programming-guides/encoding/#packed
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lgtm.wire.arrays import Flags
from lgtm.wire.bounds import MalformedBody, TruncatedBody
from lgtm.wire.fields import Bytes, Fields, Ints, Places
from lgtm.wire.protobuf import FIELDS_MAX, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, TooManyFields, tag

Unsigned = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.uint64]
F64 = npt.NDArray[np.float64]


def varint_lists(buffer: Buffer, fields: Fields, number: int) -> tuple[Ints, Unsigned]:
    """(offsets, values) of the repeated field `number` of integers, in the least type that is at hand.

    Raises MalformedBody, TruncatedBody, TooManyFields.
    """
    places = fields.merged(tag(number, LENGTH_DELIMITED), tag(number, VARINT))
    content = _content(buffer, places)
    last = content < 0x80
    count = int(np.count_nonzero(last))
    if count > FIELDS_MAX:
        raise TooManyFields
    return _offsets(fields.count, places.row, _counts(places, last)), _varints(content, last, count)


def _counts(places: Places, last: Flags) -> Ints:
    """How many varints each of the places holds. last: of each byte of their contents, joined, whether a varint ends there."""
    sizes = places.end - places.start
    ends = sizes.cumsum()
    counts = np.zeros(len(places), np.int64)
    held = (sizes > 0).nonzero()[0]
    if len(held):
        if not last[ends[held] - 1].all():
            raise TruncatedBody
        counts[held] = np.add.reduceat(last.view(np.uint8), (ends - sizes)[held], dtype=np.int64)
    return counts


def _varints(content: Bytes, last: Flags, count: int) -> Unsigned:
    """All varints of the content; the last byte ends one."""
    if count == len(content):
        return content
    if not (last[1:] | last[:-1]).all():
        ends = last.nonzero()[0] + 1
        return Buffer(content.tobytes()).varints_at(np.concatenate((np.zeros(1, np.int64), ends[:-1])))
    # None is longer than two bytes, which is so while a request has no more than 16,384 symbols: half as dear.
    values = content.astype(np.uint16)
    values[1:] = np.where(last[:-1], values[1:], (values[1:] << np.uint16(7)) | (values[:-1] & np.uint16(0x7F)))
    return values[last]


def double_lists(buffer: Buffer, fields: Fields, number: int) -> tuple[Ints, F64]:
    """(offsets, values) of the repeated field `number` of doubles. Raises MalformedBody."""
    places = fields.merged(tag(number, LENGTH_DELIMITED), tag(number, FIXED64))
    sizes = places.end - places.start
    if (sizes % 8).any():
        raise MalformedBody("proto: doubles of less than 8 bytes")
    return _offsets(fields.count, places.row, sizes // 8), _content(buffer, places).view("<f8")


def zigzag(values: Unsigned) -> Ints:
    """Signed numbers from sint32 or sint64."""
    values = values.astype(np.uint64)
    return (values >> np.uint64(1)).view(np.int64) ^ -(values & np.uint64(1)).view(np.int64)


def _content(buffer: Buffer, places: Places) -> Bytes:
    """What stands at the places, joined."""
    data = buffer.binary(places.start, places.end).buffers()[2]
    size = int((places.end - places.start).sum())
    return np.frombuffer(data, np.uint8, size) if size else np.empty(0, np.uint8)


def _offsets(rows: int, row: Ints, counts: Ints) -> Ints:
    offsets = np.zeros(rows + 1, np.int64)
    np.bincount(row, counts, rows).astype(np.int64).cumsum(out=offsets[1:])
    return offsets
