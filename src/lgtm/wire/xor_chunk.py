"""Samples as XOR chunks, the encoding of Prometheus's blocks that streamed remote read sends.

Big endian, first bits first: 16 bits number of samples; then of the first sample its time (zigzag varint) and value (64 bits), of the second the
difference of times (varint) and its value, of each later one the difference of differences and its value.
A value is written as what differs from the one before: 0 if nothing does; 1 0 and the bits in the window of the last that was set; or 1 1,
5 bits leading zeros, 6 bits size of the window (0 stands for 64) and its bits.
Method: Pelkonen et al., Gorilla, 2015, section 4.1; widths as Prometheus documents them in tsdb/docs/format.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from lgtm.wire.fields import Ints
from lgtm.wire.fields_out import varint

SAMPLES_OF_CHUNK = 120
_SAMPLES_MAX = 2**16 - 1
_TIME_WIDTHS = ((14, 0b10, 2), (17, 0b110, 3), (20, 0b1110, 4))
"""Bits of a difference of differences, and the prefix that says so with its own bits."""
_LEADING_MAX = 31


def xor_chunk(ts_ms: Ints, values: npt.NDArray[np.float64]) -> bytes:
    """One chunk of one to 65,535 samples, ascending in time; values bit by bit."""
    assert 0 < len(ts_ms) <= _SAMPLES_MAX
    bits = np.ascontiguousarray(values).view(np.uint64)
    steps = np.diff(ts_ms)
    head = len(ts_ms).to_bytes(2, "big") + varint(_zigzag(int(ts_ms[0]))) + int(bits[0]).to_bytes(8, "big")
    if len(ts_ms) == 1:
        return head
    of_values = _values((bits[1:] ^ bits[:-1]).tolist())
    of_times = _times(np.diff(steps).tolist())
    # One integer takes the bits of all samples: appending to it costs less than filling bytes one by one.
    stream, width = next(of_values)
    for (time, time_width), (value, value_width) in zip(of_times, of_values, strict=True):
        stream = (stream << time_width | time) << value_width | value
        width += time_width + value_width
    return head + varint(int(steps[0])) + (stream << -width % 8).to_bytes(-(-width // 8), "big")


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else ~(value << 1)


def _times(differences: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Bits and their number for each difference of differences."""
    for difference in differences:
        if not difference:
            yield 0, 1
            continue
        for width, prefix, prefix_width in _TIME_WIDTHS:
            if -(1 << width - 1) < difference <= 1 << width - 1:
                yield prefix << width | difference & (1 << width) - 1, prefix_width + width
                break
        else:
            yield 0b1111 << 64 | difference & 2**64 - 1, 68


def _values(changes: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Bits and their number for each value but the first; changes: of each, what differs from the one before."""
    leading, trailing = 65, 0  # no window yet: nothing has so many leading zeros
    for change in changes:
        if not change:
            yield 0, 1
            continue
        zeros_before, zeros_after = min(64 - change.bit_length(), _LEADING_MAX), (change & -change).bit_length() - 1
        if zeros_before >= leading and zeros_after >= trailing:
            size = 64 - leading - trailing
            yield 0b10 << size | change >> trailing, 2 + size
            continue
        leading, trailing = zeros_before, zeros_after
        size = 64 - leading - trailing
        yield ((0b11 << 5 | leading) << 6 | size & 0x3F) << size | change >> trailing, 13 + size
