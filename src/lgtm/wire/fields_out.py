"""Protobuf out: fields of a few messages, and the samples of a series by columns."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from lgtm.wire.fields import Ints
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, VARINT, tag

_HEAD_BYTES, _VALUE_BYTES = 2, 9
_U64_MASK = 2**64 - 1


def varint(value: int) -> bytes:
    """value: signed or unsigned, of 64 bits."""
    value &= _U64_MASK
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def message(number: int, content: bytes) -> bytes:
    """A field of bytes, text or a nested message."""
    return varint(tag(number, LENGTH_DELIMITED)) + varint(len(content)) + content


def integer(number: int, value: int) -> bytes:
    """A varint field, left out if it is 0."""
    return varint(tag(number, VARINT)) + varint(value) if value else b""


def labels(number: int, pairs: tuple[tuple[str, str], ...]) -> bytes:
    """The repeated field `number` of messages { string name = 1; string value = 2 }."""
    return b"".join(message(number, message(1, name.encode()) + message(2, value.encode())) for name, value in pairs)


def samples(number: int, ts_ms: Ints, values: npt.NDArray[np.float64]) -> bytes:
    """The repeated field `number` of messages { double value = 1; int64 timestamp = 2 }, values bit by bit.

    All samples whose time takes as many bytes are written together; in a series that is nearly always all of them.
    """
    widths = _widths(ts_ms)
    cuts = [0, *(np.flatnonzero(np.diff(widths)) + 1).tolist(), len(ts_ms)]
    return b"".join(_equal_samples(number, ts_ms[a:b], values[a:b], int(widths[a])) for a, b in pairwise(cuts) if a < b)


def _widths(ts_ms: Ints) -> Ints:
    """Bytes of each as a varint."""
    rest = ts_ms.view(np.uint64) >> np.uint64(7)
    widths = np.ones(len(ts_ms), np.int64)
    while rest.any():
        widths += rest > 0
        rest >>= np.uint64(7)
    return widths


def _equal_samples(number: int, ts_ms: Ints, values: npt.NDArray[np.float64], width: int) -> bytes:
    size = _VALUE_BYTES + 1 + width
    out = np.empty((len(ts_ms), _HEAD_BYTES + size), np.uint8)
    out[:, :3] = tag(number, LENGTH_DELIMITED), size, tag(1, FIXED64)
    out[:, 3:11] = np.ascontiguousarray(values, "<f8").view(np.uint8).reshape(-1, 8)
    out[:, 11] = tag(2, VARINT)
    rest = ts_ms.view(np.uint64)
    for at in range(width):
        more = 0x80 if at + 1 < width else 0
        out[:, 12 + at] = (rest >> np.uint64(7 * at) & np.uint64(0x7F)) | np.uint64(more)
    return out.tobytes()
