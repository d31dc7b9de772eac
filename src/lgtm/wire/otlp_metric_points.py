"""The points of OTLP metrics of one kind as columns, whichever metrics they are of.

All kinds have these fields, though not all under the same numbers:
{ repeated KeyValue attributes; fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; repeated Exemplar exemplars; uint32 flags }
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from lgtm.wire.arrays import Flags
from lgtm.wire.bounds import TooManyRows, TruncatedBody
from lgtm.wire.fields import Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.otlp_metric_family import Family
from lgtm.wire.otlp_metric_labels import Around
from lgtm.wire.packed import varint_bytes
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, Buffer, read_varint, tag

START, TIME, COUNT, SUM = tag(2, FIXED64), tag(3, FIXED64), tag(4, FIXED64), tag(5, FIXED64)
NO_RECORDED_VALUE = 1
_POINTS, _TEMPORALITY, _MONOTONIC = tag(1, LENGTH_DELIMITED), tag(2, VARINT), tag(3, VARINT)
NS_PER_MS = 1_000_000


@dataclass(slots=True, frozen=True)
class Group:
    """Points of one metric: which resource of the request they are of, and what is said of all of them."""

    resource: int
    around: Around
    family: Family


@dataclass(slots=True)
class FoundPoints:
    """Where the points of one kind lie, and how many there are of each metric, in order."""

    groups: list[Group] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    starts: array[int] = field(default_factory=lambda: array("q"))
    ends: array[int] = field(default_factory=lambda: array("q"))

    def read(self, buffer: Buffer, start: int, end: int, *, most: int) -> tuple[int, int, int]:
        """Adds the points of the message Sum, or another kind of data, in [start, end): how many, their temporality, and whether they are monotonic.

        Raises TooManyRows when there are more than `most` of all metrics together, TruncatedBody, MalformedBody.
        """
        before = len(self.starts)
        numbers: dict[int, int] = {}
        position = self._read_usual(buffer.data, start, end, numbers, most)
        if position > end:
            raise TruncatedBody
        if position < end:
            others = buffer.add_messages(self.starts, self.ends, 1, position, end, most=most)
            numbers |= {number: read_varint(buffer.data, *others[number])[0] for number in (_TEMPORALITY, _MONOTONIC) if number in others}
        return len(self.starts) - before, numbers.get(_TEMPORALITY, 0), numbers.get(_MONOTONIC, 0)

    def _read_usual(self, data: bytes, position: int, end: int, numbers: dict[int, int], most: int) -> int:
        """Where the first field stands that is unusual: a number that comes again or is long, a very long point, or a field of another kind.

        Many metrics have one point, so that the two numbers behind it would cost more than it does where all fields are treated alike.
        """
        try:
            while position < end:
                found, size = data[position], data[position + 1]
                after = position + 2
                if found == _POINTS:
                    if size >= 0x80:
                        size += (data[after] << 7) - 0x80
                        after += 1
                    if size >= 0x4000:
                        break
                    position = after + size
                    self.starts.append(after)
                    self.ends.append(position)
                    if len(self.starts) > most:
                        raise TooManyRows(most)
                elif found in (_TEMPORALITY, _MONOTONIC) and size < 0x80 and found not in numbers:
                    numbers[found] = size
                    position = after
                else:
                    break
        except IndexError:
            raise TruncatedBody from None
        return position

    def drop_last(self, count: int) -> None:
        """Forgets points that belong to no group yet."""
        if count:
            del self.starts[-count:], self.ends[-count:]

    def __len__(self) -> int:
        return len(self.starts)


class Points(MessageColumns):
    """Points of one kind. ts and start in whole milliseconds as ns, start 0 where it is not known."""

    def __init__(
        self, buffer: Buffer, found: FoundPoints, *, attributes: int, flags: int, exemplars: int | None = None, single: tuple[int, ...] = ()
    ):
        """attributes, flags, exemplars: numbers of these fields; single: tags of other fields that are not repeated."""
        flags_tag = tag(flags, VARINT)
        super().__init__(buffer, np.array(found.starts, np.int64), np.array(found.ends, np.int64), START, TIME, flags_tag, *single)
        self.found = found
        self.group = np.arange(len(found.groups)).repeat(np.array(found.counts, np.int64))
        self.ts = self.times(TIME) // NS_PER_MS * NS_PER_MS
        self.start = self.times(START) // NS_PER_MS * NS_PER_MS
        self.stale: Flags = (self.varints(flags_tag) & NO_RECORDED_VALUE) != 0
        self._attributes = tag(attributes, LENGTH_DELIMITED)
        self._exemplars = None if exemplars is None else tag(exemplars, LENGTH_DELIMITED)

    def each(self) -> Iterator[tuple[Group, bytes]]:
        """The group of each point, and its attributes as in `Around.series`."""
        groups = (group for group, count in zip(self.found.groups, self.found.counts, strict=True) for _ in range(count))
        return zip(groups, attribute_bytes(self.buffer, self.fields.places(self._attributes), self.count, self._attributes), strict=True)

    def exemplars(self) -> Places:
        if self._exemplars is None or not self.has(self._exemplars):
            return Places(*np.empty((3, 0), np.int64))
        return self.fields.places(self._exemplars)

    def resources(self) -> Ints:
        """The resource of each point."""
        return np.array([group.resource for group in self.found.groups], np.int64)[self.group]

    def doubles(self, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return self._filled(number, lambda places: self.buffer.fixed(places, "<f8"), np.float64)

    def words(self, number: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint64]]:
        """Of fields of fixed64."""
        return self._filled(number, lambda places: self.buffer.fixed(places, "<u8"), np.uint64)

    def given(self, number: int) -> Flags:
        """Where messages have the field."""
        return np.asarray(self.place(number)[1] != 0)


def attribute_bytes(buffer: Buffer, places: Places, rows: int, number: int) -> list[bytes]:
    """The fields at `places` of each message with their tags and lengths, one behind the other.

    Writers put the attributes of a point one behind the other, so that they are one piece of the request; others are put together.
    """
    sizes = places.end - places.start
    heads = np.full(len(sizes), 2, np.int64)
    for shift in (7, 14, 21, 28):
        heads += sizes >> shift != 0
    first, last, total = np.zeros((3, rows), np.int64)
    first[places.row[::-1]] = (places.start - heads)[::-1]
    last[places.row] = places.end
    np.add.at(total, places.row, sizes + heads)
    data = buffer.data
    found = [data[start:end] for start, end in zip(first.tolist(), last.tolist(), strict=True)]
    apart = ((last - first != total) | (buffer.array[first] != number) & (total > 0)).nonzero()[0]
    if len(apart):
        order = places.row.argsort(kind="stable")
        starts, ends, rows_of = (column[order] for column in (places.start, places.end, places.row))
        bounds = zip(apart.tolist(), *(rows_of.searchsorted(apart, side).tolist() for side in ("left", "right")), strict=True)
        for row, low, high in bounds:
            pieces = zip(starts[low:high].tolist(), ends[low:high].tolist(), strict=True)
            found[row] = b"".join(bytes((number,)) + varint_bytes(end - start) + data[start:end] for start, end in pieces)
    return found
