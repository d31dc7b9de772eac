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
from lgtm.wire.fields import Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.otlp_metric_family import Family
from lgtm.wire.otlp_metric_labels import Around
from lgtm.wire.packed import varint_bytes
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, Buffer, tag

START, TIME, COUNT, SUM = tag(2, FIXED64), tag(3, FIXED64), tag(4, FIXED64), tag(5, FIXED64)
NO_RECORDED_VALUE = 1
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
