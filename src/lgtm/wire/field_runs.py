"""The fields of one long message, such as a request of thousands of series, without a loop over them where they come in long runs of one tag.

Where a field begins is known only from the one before it; but the byte of a tag is rare, and a candidate is right if the chain from the first
field leads to it. So all bytes that may be tags are looked at together, and a loop is needed only where a candidate is wrong.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from lgtm.wire.fields import Bytes, Fields, Ints
from lgtm.wire.protobuf import LENGTH_DELIMITED, Buffer, TooManyFields

_RUNS_MAX = 8
"""Of a message with more runs, the rest is read field by field."""
_RUN_BYTES_MIN = 4_096

_FIELD_1, _LONG_TAG = 8, 0x80
"""Tags of one byte; there is no field 0."""
_LOOK_BYTES = 65_536
"""Looked at together: masks of a whole request would be fresh memory each time, which costs more than looking."""
_WRONG_SHARE_MIN = 16
"""Where one candidate in so many is followed by another than it leads to, they are sorted out together."""

NO_MINIMA: Mapping[int, int] = MappingProxyType({})


def scan_long(buffer: Buffer, start: int, end: int, *, most: int, bytes_min: Mapping[int, int] = NO_MINIMA) -> Fields:
    """As `Buffer.scan_one`. bytes_min: for tags that fields of nested messages have too, what is smaller is taken for one of these.

    Where that is wrong, what follows is read field by field.
    """
    pieces = []
    position, left = start, most
    for _ in range(_RUNS_MAX):
        first = buffer.data[position] if end - position >= _RUN_BYTES_MIN else 0
        if first & 7 != LENGTH_DELIMITED or not _FIELD_1 <= first < _LONG_TAG:
            break
        starts, ends = _run(buffer, position, end, bytes_min.get(buffer.data[position], 0))
        if not len(starts):
            break
        left -= len(starts)
        if left < 0:
            raise TooManyFields
        buffer.count_fields(len(starts))
        pieces.append((buffer.data[position : position + 1] * len(starts), np.zeros(len(starts), np.int64), starts, ends))
        position = int(ends[-1])
    return Fields(1, [*pieces, *buffer.scan_one(position, end, most=left).pieces])


def _run(buffer: Buffer, position: int, end: int, bytes_min: int) -> tuple[Ints, Ints]:
    """(starts, ends) of the contents of the fields from `position` on that have the tag of the first and lie within the message."""
    wanted = buffer.array[position]
    at = np.concatenate(
        [
            _candidates(buffer.array[first : min(first + _LOOK_BYTES, end) + 1], wanted, bytes_min) + first
            for first in range(position, end, _LOOK_BYTES)
        ]
    )
    starts, ends = buffer.short_contents(at)
    held = ends <= end
    if bytes_min or np.count_nonzero(ends[:-1] != at[1:]) * _WRONG_SHARE_MIN > len(at):
        # Few wrong ones lead to another candidate. The last of the run may be lost by this, and is read after it.
        after = np.minimum(ends, end)
        held &= (ends == end) | ((buffer.array[after] == wanted) & (buffer.array[after + 1] >= bytes_min))
    if not held.all():
        at, starts, ends = at[held], starts[held], ends[held]
    chain = _chain(at, ends, position)
    return starts[chain], ends[chain]


def _candidates(data: Bytes, wanted: np.uint8, bytes_min: int) -> Ints:
    """Where the wanted tag may be, and the byte after it is no length below the minimum."""
    found = data[:-1] == wanted
    if bytes_min:
        found &= data[1:] >= bytes_min
    at: Ints = found.nonzero()[0]
    return at


def _chain(at: Ints, ends: Ints, position: int) -> Ints:
    """Indices of the candidates that are reached from the one at `position`, each from the one before it; none if that is no candidate."""
    if not len(at) or at[0] != position:
        return np.empty(0, np.int64)
    kept = np.ones(len(at), np.bool_)
    wrong = np.flatnonzero(ends[:-1] != at[1:]).tolist()
    places = at.tolist() if wrong else []
    reached = 0
    for index in wrong:
        if index < reached:
            continue
        place = int(ends[index])
        reached = bisect_left(places, place, index + 1)
        kept[index + 1 : reached] = False
        if reached == len(places) or places[reached] != place:
            kept[reached:] = False
            break
    return np.flatnonzero(kept)
