"""Pieces of a request as one Arrow array of binary values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.wire.fields import Ints

_TAKE, _UNCHECKED = pc.get_function("array_take"), pc.TakeOptions(boundscheck=False)


def gather(data: bytes | pa.Buffer, start: Ints, end: Ints) -> pa.Array:
    """The contents data[start[i]:end[i]]: one copy. Places must not overlap, unless empty, and are best in order.

    Arrow copies the values of an array by indices in one go; so the places, and the gaps between them, are made an array over `data`.
    """
    count = len(start)
    wanted = np.arange(0, 2 * count, 2)
    if count > 1 and b"\1" in (start[1:] < end[:-1]).tobytes():
        # Empty places go first: they may lie within others, and nothing is read of them.
        order = np.where(start < end, start, -1).argsort(kind="stable")
        start, end = start[order], end[order]
        empty = int(np.searchsorted(end > start, True))
        start[:empty] = end[:empty] = 0
        wanted = np.empty(count, np.int64)
        wanted[order] = np.arange(0, 2 * count, 2)
    offsets = np.empty(2 * count + 1, np.int32)
    offsets[0:-1:2], offsets[1::2] = start, end
    offsets[-1] = offsets[-2] if count else 0
    spans = pa.Array.from_buffers(pa.binary(), 2 * count, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    return _TAKE.call([spans, pa.array(wanted)], _UNCHECKED)
