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
from lgtm.wire.fields import OTHER_TAG, Bytes, Fields, Ints, Piece, Places
from lgtm.wire.gather import gather

VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5
VARINT_BYTES_MAX = 10


def tag(number: int, kind: int) -> int:
    return number << 3 | kind


FIELDS_OF_MESSAGE_MAX = 20_000
"""A message with more is refused unless its decoder expects more: fields of long messages are found one by one."""
FIELDS_MAX = 10_000_000
"""Fields in one request, at every level and known or not: each is remembered until its level is read."""
FEW, FEW_LONG = 24, 128
"""If after some steps fewer messages still have fields, these are read field by field, at 0.2 us a field: a step costs 10 to 25 us however few
they are. Of short messages nearly all fields are read before; and a request may be made of very long ones."""
_STEPS, _STEPS_OF_LONG = 8, 64
_PADDING = 16
_LAST_BITS = np.int64(-0x7F7F_7F7F_7F7F_7F80)  # 0x80 in every byte
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_WIDTH_OF_KIND = np.array([_WIDTHS.get(kind, 0) for kind in range(8)])
_ILLEGAL = np.array([kind not in (VARINT, FIXED64, LENGTH_DELIMITED, FIXED32) for kind in range(8)])
_SHORT_LENGTH_TAGS = frozenset(range(tag(1, LENGTH_DELIMITED), 0x80, 8))
_SHORT_TAGS = bytes(tag for tag in range(8, 0x80) if tag & 7 in (VARINT, FIXED64, LENGTH_DELIMITED, FIXED32))


def _of_tags(of_kind: dict[int, int], others: int = 0) -> bytes:
    """For bytes.translate: a number for each tag of one byte by its wire type."""
    return bytes(of_kind.get(tag & 7, others) if tag in _SHORT_TAGS else others for tag in range(256))


# Of a field with a tag of one byte: bytes before its content, bits of the byte after the tag that are the content's size, what is added to
# that size, and bits of the byte after the tag that say that all this is not so.
_HEADS = _of_tags({VARINT: 1, FIXED64: 1, LENGTH_DELIMITED: 2, FIXED32: 1})
_SIZE_MASKS = _of_tags({LENGTH_DELIMITED: 0x7F})
_TAILS = _of_tags({VARINT: 1, **_WIDTHS})
_LONG_MASKS = _of_tags({LENGTH_DELIMITED: 0x80, VARINT: 0x80})
_ODD = _of_tags(dict.fromkeys((VARINT, FIXED64, LENGTH_DELIMITED, FIXED32), 0), 0x80)


class TooManyFields(BodyTooLarge):
    def __str__(self) -> str:
        return "request body too large: too many protobuf fields"


@dataclass(slots=True, frozen=True)
class Messages:
    """Messages of one field in their order, as [starts[i], ends[i]). others: tag → last place of each other field below 16."""

    starts: array[int]
    ends: array[int]
    others: dict[int, tuple[int, int]]


class Buffer:
    """The bytes of a request, and the number of fields that were read of them."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self.data = data
        # Zeros behind the end let a step read ahead; what then reaches beyond its message is refused for that.
        padded = data + bytes(_PADDING)
        self.array: Bytes = np.frombuffer(padded, np.uint8)
        self._words: Ints = np.ndarray((self.size + _PADDING - 7,), np.dtype("<i8"), padded, strides=(1,))
        self._fields = 0

    def messages(self, number: int, start: int = 0, end: int | None = None, *, most: int) -> Messages:
        """The length-delimited fields `number` of the one message in [start, end); of other fields there may be FIELDS_OF_MESSAGE_MAX.

        Raises TooManyRows when there are more than `most`; TruncatedBody or MalformedBody where the message does not hold together.
        """
        starts, ends = array("q"), array("q")
        others = self.add_messages(starts, ends, number, start, self.size if end is None else end, most=most)
        return Messages(starts, ends, others)

    def add_messages(self, starts: array[int], ends: array[int], number: int, start: int, end: int, *, most: int) -> dict[int, tuple[int, int]]:
        """The same, but places are added to `starts` and `ends`, which may hold `most` then. Returns the places of others as in Messages."""
        others: dict[int, tuple[int, int]] = {}
        wanted = tag(number, LENGTH_DELIMITED)
        position, strangers, known = start, 0, len(starts)
        data = self.data
        try:
            while position < end:
                found, size = data[position], data[position + 1]
                after = position + 2
                if size >= 0x80:  # written out, since most fields are of 128 bytes to 16 KiB and a call would cost more than all the rest
                    size += (data[after] << 7) - 0x80
                    after += 1
                if found in _SHORT_LENGTH_TAGS and size < 0x4000:
                    position = after + size
                else:
                    found, after, position = next_field(data, position, end)
                if found == wanted:
                    starts.append(after)
                    ends.append(position)
                    known += 1
                    if known > most:
                        raise TooManyRows(most)
                    continue
                strangers += 1
                if strangers > FIELDS_OF_MESSAGE_MAX:
                    raise TooManyFields
                if found < 0x80:
                    others[found] = after, position
        except IndexError:
            raise TruncatedBody from None
        if position > end:
            raise TruncatedBody
        return others

    def fields(self, starts: Ints, ends: Ints, *wanted: int) -> dict[int, Places]:
        """The places of the `wanted` tags in the messages [starts[i], ends[i]); fields with other tags are passed over."""
        found = self.scan(starts, ends)
        return {tag: found.places(tag) for tag in wanted}

    def scan(self, starts: Ints, ends: Ints, *, most: int = FIELDS_OF_MESSAGE_MAX) -> Fields:
        """All fields of the messages [starts[i], ends[i]). most: fields in one of them.

        Raises TruncatedBody, MalformedBody, TooManyFields.
        """
        pieces: list[Piece] = []
        row = (starts < ends).nonzero()[0]
        position, end = (starts, ends) if len(row) == len(starts) else (starts[row], ends[row])
        for step in range(most):
            if not len(row):
                return Fields(len(starts), pieces)
            if step >= _STEPS and len(row) < (FEW if step < _STEPS_OF_LONG else FEW_LONG):
                pieces.append(self._one_by_one(row, position, end, most=most - step))
                return Fields(len(starts), pieces)
            self.count_fields(len(row))
            codes, start, position = self._step(position)
            pieces.append((codes, row, start, position))
            more = position < end
            if b"\0" in more.tobytes():
                # No step looks at where its messages end: the last field of each shows whether all were within.
                if b"\1" in (position > end).tobytes():
                    raise TruncatedBody
                row, position, end = row[more], position[more], end[more]
        raise TooManyFields

    def scan_one(self, start: int, end: int, *, most: int) -> Fields:
        """The same for a single long message, such as a whole request."""
        return Fields(1, [self._one_by_one(np.zeros(1, np.int64), np.array([start]), np.array([end]), most=most)] if start < end else [])

    def _one_by_one(self, row: Ints, start: Ints, end: Ints, *, most: int) -> Piece:
        """The fields of a few messages that are not empty, of one message after the other."""
        positions = array("q")
        counts = []
        for at, limit in zip(start.tolist(), end.tolist(), strict=True):
            before = len(positions)
            self._add_positions(positions, at, limit, most)
            counts.append(len(positions) - before)
            self.count_fields(counts[-1])
        codes, starts, ends = self._step(np.frombuffer(positions, np.int64))
        return codes, row.repeat(counts), starts, ends

    def _add_positions(self, positions: array[int], position: int, end: int, most: int) -> None:
        """Adds where each field of a message begins. Only what is needed to pass over a field is read of it."""
        data = self.data
        most = min(most, FIELDS_MAX - self._fields)
        try:
            for _ in range(most):
                positions.append(position)
                size = data[position + 1]
                after = position + 2
                if size >= 0x80:
                    size += (data[after] << 7) - 0x80
                    after += 1
                if data[position] in _SHORT_LENGTH_TAGS and size < 0x4000:
                    position = after + size
                else:
                    position = next_field(data, position, end)[2]
                if position >= end:
                    break
            else:
                raise TooManyFields
        except IndexError:
            raise TruncatedBody from None
        if position > end:
            raise TruncatedBody

    def short_contents(self, position: Ints) -> tuple[Ints, Ints]:
        """(start, end) of the contents of length-delimited fields with a tag of one byte and a length below 16 KiB.

        Of any others the end is beyond every message.
        """
        size = self.array[position + 1].astype(np.int64)
        start = position + 2
        longer = (size >= 0x80).nonzero()[0]
        if len(longer):
            high = self.array[start[longer]].astype(np.int64)
            size[longer] += np.where(high < 0x80, (high << 7) - 0x80, 1 << 40)
            start[longer] += 1
        return start, start + size

    def varints(self, places: Places) -> npt.NDArray[np.uint64]:
        """The values at the places of varint fields."""
        return self.varints_at(places.start)

    def varints_at(self, start: Ints) -> npt.NDArray[np.uint64]:
        """The values of the varints that begin there."""
        return self.varints_and_ends(start)[0]

    def doubles_at(self, start: Ints) -> npt.NDArray[np.float64]:
        """The doubles that begin there, bit by bit."""
        return self._words[start].view("<f8")

    def fixed(self, places: Places, dtype: str) -> npt.NDArray[Any]:
        """The values at the places of fixed64 or fixed32 fields; dtype such as `<u8`."""
        if np.dtype(dtype).itemsize == 8:
            return self._words[places.start].view(dtype)
        return self.windows(places.start, np.dtype(dtype).itemsize).reshape(-1).view(dtype)

    def windows(self, start: Ints, width: int) -> Bytes:
        """The `width` bytes from each start on, shaped [start, byte]. All must lie within the buffer."""
        if not len(start):
            return np.empty((0, width), np.uint8)
        every = np.ndarray((self.size - width + 1,), np.dtype((np.void, width)), self.data, strides=(1,))
        return every[start].view(np.uint8).reshape(-1, width)

    def binary(self, start: Ints, end: Ints) -> pa.Array:
        """The contents as an array of binary values: one copy. Places must not overlap, unless empty, and are best in order."""
        return gather(self.data, start, end)

    def count_fields(self, fields: int) -> None:
        """Of those that were read elsewhere. Raises TooManyFields."""
        self._fields += fields
        if self._fields > FIELDS_MAX:
            raise TooManyFields

    def _step(self, position: Ints) -> tuple[bytes, Ints, Ints]:
        """One field of each message: codes, where contents start, and the positions after them.

        The common fields (tag of one byte, length or number below 128) take a handful of numpy calls for all messages together; methods of
        `bytes` decide between the cases, since on a hundred bytes they cost a tenth of a numpy call.
        """
        codes = self.array[position].tobytes()
        if codes.translate(None, _SHORT_TAGS):
            return self._mixed_step(position, codes)
        if codes.count(codes[:1]) < len(codes):
            return self._mixed_step(position, codes)
        kind = codes[0] & 7
        if kind == LENGTH_DELIMITED:
            sizes = self.array[position + 1]
            if sizes.tobytes().isascii():
                start = position + 2
                return codes, start, start + sizes
        return codes, *self._contents(kind, position + 1)

    def _mixed_step(self, position: Ints, codes: bytes) -> tuple[bytes, Ints, Ints]:
        """The same for messages that differ in the kind of their next field. What is long or odd is read again."""
        sizes = self.array[position + 1]
        start = position + np.frombuffer(codes.translate(_HEADS), np.uint8)
        after = start + (sizes & np.frombuffer(codes.translate(_SIZE_MASKS), np.uint8)) + np.frombuffer(codes.translate(_TAILS), np.uint8)
        odd = (sizes & np.frombuffer(codes.translate(_LONG_MASKS), np.uint8)) | np.frombuffer(codes.translate(_ODD), np.uint8)
        at = (odd >= 0x80).nonzero()[0]
        if len(at):
            tags, start[at], after[at] = self._odd_fields(position[at])
            of_all = np.frombuffer(codes, np.uint8).copy()
            of_all[at] = tags
            codes = of_all.tobytes()
        return codes, start, after

    def _odd_fields(self, position: Ints) -> tuple[Bytes, Ints, Ints]:
        """The same for fields with tags of one or two bytes, numbers of up to six and lengths of up to three; others are read again.

        Eight bytes from each position on are looked at as one integer.
        """
        word = self._words[position]
        long_tag = word >> 7 & 1
        longer_tag = word >> 15 & long_tag
        tags = (word & 0x7F) | (word >> 1 & 0x3F80 & -long_tag)
        content = position + 1 + long_tag
        word >>= 8 + 8 * long_tag
        last = ~word & 0x8080_8080_8080
        last &= -last  # the highest bit of the last byte of a varint, 0 if there is none
        varint = word & (2 * last - 1)
        size = (varint & 0x7F) | (varint >> 1 & 0x3F80) | (varint >> 2 & 0x1F_C000)
        width = (np.bitwise_count(last - 1) >> 3) + 1
        kinds = tags & 7
        counted = kinds == LENGTH_DELIMITED
        start = content + width * counted
        end = start + size * counted + width * (kinds == VARINT) + _WIDTH_OF_KIND[kinds]
        odd = (tags < 8) | (longer_tag != 0) | (last == 0) | ((last > 0x80_0000) & counted) | _ILLEGAL[kinds]
        codes = np.minimum(tags, OTHER_TAG).astype(np.uint8)
        if b"\1" in odd.tobytes():
            codes[odd], start[odd], end[odd] = self._any_fields(position[odd])
        return codes, start, end

    def _any_fields(self, position: Ints) -> tuple[Bytes, Ints, Ints]:
        """Fields of any form at the positions: codes, starts and ends of their contents."""
        tags, content = self.varints_and_ends(position)
        if (tags >= 1 << 32).any():
            raise MalformedBody("proto: illegal tag")
        if (tags < 8).any():
            raise MalformedBody("proto: illegal tag 0")
        kinds = (tags & np.uint64(7)).astype(np.uint8)
        start, end = content.copy(), content.copy()
        for kind in set(kinds.tobytes()):
            at = (kinds == kind).nonzero()[0]
            start[at], end[at] = self._contents(kind, content[at])
        return np.minimum(tags, np.uint64(OTHER_TAG)).astype(np.uint8), start, end

    def _contents(self, kind: int, content: Ints) -> tuple[Ints, Ints]:
        """Start and end of the content of fields of one kind whose tags end at `content`."""
        if kind == LENGTH_DELIMITED:
            sizes, start = self.varints_and_ends(content)
            if (sizes > np.uint64(self.size)).any():
                raise TruncatedBody
            return start, start + sizes.astype(np.int64)
        if kind == VARINT:
            return content, self._varint_ends(content)
        if kind in _WIDTHS:
            return content, content + _WIDTHS[kind]
        raise MalformedBody(f"proto: illegal wireType {kind}")

    def varints_and_ends(self, position: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
        """Values and the positions after them; bits beyond 64 are lost, as everywhere."""
        byte = self.array[position]
        if byte.tobytes().isascii():
            return byte.astype(np.uint64), position + 1
        word = self._words[position]
        last = ~word & _LAST_BITS
        last &= -last  # the highest bit of the last byte of a varint, 0 if there is none
        values = _without_flags((word & (last ^ (last - 1))).view(np.uint64))
        after = position + ((np.bitwise_count(last - 1) >> 3) + 1)
        long = (last == 0).nonzero()[0]
        if len(long):
            values[long], after[long] = self._long_varints(position[long])
        return values, after

    def _varint_ends(self, position: Ints) -> Ints:
        """The positions after the varints that begin there."""
        if self.array[position].tobytes().isascii():
            return position + 1
        last = ~self._words[position] & _LAST_BITS
        if not last.all():
            return self.varints_and_ends(position)[1]
        after: Ints = position + ((np.bitwise_count((last & -last) - 1) >> 3) + 1)
        return after

    def _long_varints(self, position: Ints) -> tuple[npt.NDArray[np.uint64], Ints]:
        """Those of more than eight bytes."""
        values = _without_flags(self._words[position].view(np.uint64))
        ninth, tenth = self.array[position + 8], self.array[position + 9]
        more = ninth >= 0x80
        if (more & (tenth >= 0x80)).any():
            raise MalformedBody("proto: integer overflow")
        values |= (ninth & 0x7F).astype(np.uint64) << np.uint64(56)
        values |= (tenth * more).astype(np.uint64) << np.uint64(63)
        return values, position + 9 + more


def _without_flags(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The seven low bits of each of eight bytes, joined: neighbours are brought together three times."""
    for width, low in ((7, 0x007F_007F_007F_007F), (14, 0x0000_3FFF_0000_3FFF), (28, 0x0FFF_FFFF)):
        mask = np.uint64(low)
        words = (words & mask) | (words >> np.uint64(8 * width // 7) & mask) << np.uint64(width)
    return words


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
