"""An XOR chunk holds its samples bit by bit, in the bytes that Prometheus would write."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.xor_chunk import xor_chunk
from wire.chunk_reader import read_xor_chunk

T = 1_795_168_860_000
edges = st.sampled_from([0, 1, 14_999, 15_000, 15_001, 8_191, 8_192, 8_193, 65_535, 65_536, 65_537, 524_288, 524_289, 2**40])
steps = st.one_of(edges, st.integers(0, 2**41))
values = st.one_of(st.floats(width=64), st.sampled_from([0.0, 1.0, 1.5]), st.integers(-5, 5).map(float))


@given(st.integers(-(2**42), 2**42), st.lists(st.tuples(steps, values), min_size=1, max_size=60))
def test_samples_are_read_back(start: int, samples: list[tuple[int, float]]) -> None:
    ts_ms = start + np.cumsum([step for step, _ in samples])
    held = np.array([value for _, value in samples])
    assert read_xor_chunk(xor_chunk(ts_ms, held)) == [(ts, struct.pack("<d", value)) for ts, value in zip(ts_ms.tolist(), held.tolist(), strict=True)]


def test_regular_samples_of_one_value_need_two_bits_each() -> None:
    assert len(xor_chunk(T + 15_000 * np.arange(120), np.full(120, 1.0))) == 2 + 6 + 8 + 2 + 30


@pytest.mark.parametrize(
    ("ts_ms", "values", "expected"),
    [
        ([1], [1.0], "0001 02 3ff0000000000000"),
        ([1, 2], [1.0, 1.0], "0002 02 3ff0000000000000 01 00"),
        # 1 1, 11 leading zeros, a window of 1 bit (the change is 1 << 52); 0 for a step as before, 1 0 and the same window.
        ([1, 2, 3], [1.0, 0.5, 1.0], "0003 02 3ff0000000000000 01 d60d 40"),
    ],
)
def test_bytes(ts_ms: list[int], values: list[float], expected: str) -> None:
    encoded = xor_chunk(np.array(ts_ms), np.array(values))
    assert encoded.hex() == expected.replace(" ", "")
