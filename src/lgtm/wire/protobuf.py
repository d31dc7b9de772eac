"""Protobuf by columns: the fields of many messages of one type, read in lockstep.

A request holds thousands of messages of one type (entries, log records, key-value pairs). Reading field 1 of all of them, then field 2 of all
of them, is a dozen numpy calls a step whatever their number, where a parser that makes an object for each message spends its time on making
objects. Nothing here allocates more than some 25 bytes a field, and the number of fields is bounded, so no body can do harm by its shape.
What is read of a field is where its content lies; decoders build columns from those places.

Wire format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.wire.bounds import BodyTooLarge, MalformedBody, TooManyRows, TruncatedBody

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
VARINT_BYTES_MAX = 10
FIELDS_OF_MESSAGE_MAX = 20_000
"""A message with more is refused: each step costs the same however few messages still have fields."""
FIELDS_MAX = 10_000_000
"""Fields in one request that are kept, at every level."""
_NOTHING = np.empty(0, np.int64)


class TooManyFields(BodyTooLarge):
    def __str__(self) -> str:
        return "request body too large: too many protobuf fields"


@dataclass(slots=True, frozen=True)
class Places:
    """Where one field stands: row i is that of the message, content is buffer[start:end]. Of one row, in order of the message."""

    row: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.row)

    def last(self, rows: int) -> tuple[Ints, Ints]:
        """(start, end) of the last occurrence for each of `rows` messages, which is the one that counts; start = end = 0 where absent."""
        start, end = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        start[self.row] = self.start
        end[self.row] = self.end
        return start, end


@dataclass(slots=True, frozen=True)
class Messages:
    """Messages of one field in their order, as [starts[i], ends[i]). others: tag → last place of each other field below 16."""

    starts: array[int]
    ends: array[int]
    others: dict[int, tuple[int, int]]


def tag(number: int, kind: int) -> int:
    return number << 3 | kind


class Buffer:
    """The bytes of a request. Steps look at bytes before they know that these are there; an IndexError then means that the body is cut."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.data = data
        self.array: Bytes = np.frombuffer(data, np.uint8)
        self._fields = 0

    def messages(self, number: int, start: int = 0, end: int | None = None, *, most: int) -> Messages:
        """The length-delimited fields `number` of the one message in [start, end); of other fields there may be FIELDS_OF_MESSAGE_MAX.

        Raises TooManyRows when there are more than `most`; TruncatedBody or MalformedBody where the message does not hold together.
        """
        found = Messages(array("q"), array("q"), {})
        try:
            self._find_messages(found, tag(number, LENGTH_DELIMITED), start, self.size if end is None else end, most)
        except IndexError:
            raise TruncatedBody from None
        return found

    def _find_messages(self, found: Messages, wanted: int, position: int, limit: int, most: int) -> None:
        data, starts, ends, strangers = self.data, found.starts, found.ends, 0
        while position < limit:
            size = data[position + 1]
            after = position + 2
            if size >= 0x80:  # written out, since most fields are of 128 bytes to 16 KiB and a call would cost more than all the rest
                size += (data[after] << 7) - 0x80
                after += 1
            if data[position] != wanted or size >= 0x4000:
                other, after, position = next_field(data, position, limit)
                if other != wanted:
                    strangers += 1
                    if strangers > FIELDS_OF_MESSAGE_MAX:
                        raise TooManyFields
                    if other < 0x80:
                        found.others[other] = after, position
                    continue
            else:
                position = after + size
            starts.append(after)
            ends.append(position)
            if len(starts) > most:
                raise TooManyRows(most)
        if position > limit:
            raise TruncatedBody

    def fields(self, starts: Ints, ends: Ints, *wanted: int) -> dict[int, Places]:
        """The places of the `wanted` tags in the messages [starts[i], ends[i]); fields with other tags are passed over."""
        found: dict[int, list[tuple[Ints, Ints, Ints]]] = {w: [] for w in wanted}
        row = np.flatnonzero(starts < ends)
        position, end = starts[row], ends[row]
        for _ in range(FIELDS_OF_MESSAGE_MAX):
            if not len(row):
                return {w: _places(pieces) for w, pieces in found.items()}
            position = self._step(found, row, position, end)
            more = position < end
            if not more.all():
                row, position, end = row[more], position[more], end[more]
        raise TooManyFields

    def _step(self, found: dict[int, list[tuple[Ints, Ints, Ints]]], row: Ints, position: Ints, end: Ints) -> Ints:
        """One field of each message; the positions after them."""
        try:
            tags, content = self._tags(position)
            start, after = self._contents(tags & 7, content, end)
        except IndexError:
            raise TruncatedBody from None
        self._collect(found, tags, row, start, after)
        return after

    def varints(self, places: Places) -> npt.NDArray[np.uint64]:
        """The values at the places of varint fields."""
        return self._varints(places.start)[0]

    def fixed(self, places: Places, dtype: str) -> npt.NDArray[Any]:
        """The values at the places of fixed64 or fixed32 fields; dtype such as `<u8`."""
        width = np.dtype(dtype).itemsize
        raw = self.array[places.start[:, None] + np.arange(width)]
        return np.frombuffer(raw.tobytes(), dtype)

    def binary(self, start: Ints, end: Ints) -> pa.Array:
        """The contents as an array of binary values: one copy. Places must not overlap, unless empty, and are best in order."""
        return _gather(self.data, start, end)

    def _count(self, fields: int) -> None:
        self._fields += fields
        if self._fields > FIELDS_MAX:
            raise TooManyFields

    def _tags(self, position: Ints) -> tuple[Ints, Ints]:
        first = self.array[position]
        if (first < 0x80).all():
            return first.astype(np.int64), position + 1
        tags, content = self._varints(position)
        if (tags >= 1 << 32).any():
            raise MalformedBody("proto: illegal tag")
        return tags.astype(np.int64), content

    def _contents(self, kinds: Ints, content: Ints, limit: Ints) -> tuple[Ints, Ints]:
        """Start and end of the content of fields whose tags end at `content`."""
        kind = int(kinds[0])
        if (kinds == kind).all():
            return self._contents_of_kind(kind, content, limit)
        start, end = content.copy(), content.copy()
        for kind in range(8):
            at = np.flatnonzero(kinds == kind)
            if len(at):
                start[at], end[at] = self._contents_of_kind(kind, content[at], limit[at])
        return start, end

    def _contents_of_kind(self, kind: int, content: Ints, limit: Ints) -> tuple[Ints, Ints]:
        start = content
        if kind == LENGTH_DELIMITED:
            sizes, start = self._varints(content)
            if (sizes > np.uint64(self.size)).any():
                raise TruncatedBody
            end = start + sizes.astype(np.int64)
        elif kind == VARINT:
            end = self._varints(content)[1]
        elif kind in (FIXED64, FIXED32):
            end = content + (8 if kind == FIXED64 else 4)
        else:
            raise MalformedBody(f"proto: illegal wireType {kind}")
        if (end > limit).any():
            raise TruncatedBody
        return start, end

    def _varints(self, position: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
        """Values and the positions after them; bits beyond 64 are lost, as everywhere."""
        byte = self.array[position]
        values = (byte & 0x7F).astype(np.uint64)
        after = position + 1
        more = np.flatnonzero(byte >= 0x80)
        for shift in range(7, 7 * VARINT_BYTES_MAX, 7):
            if not len(more):
                return values, after
            byte = self.array[after[more]]
            values[more] |= (byte & 0x7F).astype(np.uint64) << np.uint64(shift)
            after[more] += 1
            more = more[byte >= 0x80]
        if len(more):
            raise MalformedBody("proto: integer overflow")
        return values, after

    def _collect(self, found: dict[int, list[tuple[Ints, Ints, Ints]]], tags: Ints, row: Ints, start: Ints, end: Ints) -> None:
        first = int(tags[0])
        if (tags == first).all():
            if first >> 3 == 0:
                raise MalformedBody("proto: illegal tag 0")
            if first in found:
                found[first].append((row, start, end))
                self._count(len(row))
            return
        if (tags < 8).any():
            raise MalformedBody("proto: illegal tag 0")
        for wanted, pieces in found.items():
            at = np.flatnonzero(tags == wanted)
            if len(at):
                pieces.append((row[at], start[at], end[at]))
                self._count(len(at))


def _gather(data: bytes, start: Ints, end: Ints) -> pa.Array:
    """Arrow copies the values of an array by indices in one go; so the places, and the gaps between them, are made an array over `data`."""
    order = None
    if len(start) > 1 and (start[1:] < end[:-1]).any():
        order = np.argsort(start, kind="stable")
        start, end = start[order], end[order]
        if (start[1:] < end[:-1]).any():
            empty = start == end
            start, end = np.where(empty, 0, start), np.where(empty, 0, end)
            again = np.argsort(start, kind="stable")
            order, start, end = order[again], start[again], end[again]
    offsets = np.empty(2 * len(start) + 1, np.int32)
    offsets[0:-1:2], offsets[1::2] = start, end
    offsets[-1] = offsets[-2] if len(start) else 0
    spans = pa.Array.from_buffers(pa.binary(), 2 * len(start), [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    wanted = np.arange(0, 2 * len(start), 2, dtype=np.int64)
    if order is not None:
        wanted = wanted[np.argsort(order, kind="stable")]
    return spans.take(pa.array(wanted))


def _places(pieces: list[tuple[Ints, Ints, Ints]]) -> Places:
    if not pieces:
        return Places(_NOTHING, _NOTHING, _NOTHING)
    if len(pieces) == 1:
        return Places(*pieces[0])
    return Places(*(np.concatenate(columns) for columns in zip(*pieces, strict=True)))


def next_field(data: bytes, position: int, limit: int) -> tuple[int, int, int]:
    """(tag, start, end) of the content of the one field at `position`, for messages that are few or nested."""
    found, position = read_varint(data, position, limit)
    kind = found & 7
    if found >> 3 == 0 or found >= 1 << 32:
        raise MalformedBody(f"proto: illegal tag {found}")
    start = position
    if kind == LENGTH_DELIMITED:
        size, start = read_varint(data, position, limit)
        end = start + size
    elif kind == VARINT:
        _, end = read_varint(data, position, limit)
    elif kind in (FIXED64, FIXED32):
        end = position + (8 if kind == FIXED64 else 4)
    else:
        raise MalformedBody(f"proto: illegal wireType {kind}")
    if end > limit:
        raise TruncatedBody
    return found, start, end


def read_varint(data: bytes, position: int, limit: int) -> tuple[int, int]:
    value = 0
    for at in range(position, min(limit, position + VARINT_BYTES_MAX)):
        byte = data[at]
        value |= (byte & 0x7F) << (7 * (at - position))
        if byte < 0x80:
            return value, at + 1
    if limit - position >= VARINT_BYTES_MAX:
        raise MalformedBody("proto: integer overflow")
    raise TruncatedBody
