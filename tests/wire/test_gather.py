"""Pieces of a request become one array, whatever their order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.gather import gather


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=20).map(lambda p: [(a * 10, a * 10 + n) for a, n in p]))
def test_contents_are_gathered_whatever_the_order_of_their_places(places: list[tuple[int, int]]) -> None:
    places = list(dict.fromkeys(places))
    places = [place for i, place in enumerate(places) if place[0] == place[1] or place[0] not in {p[0] for p in places[:i] if p[0] != p[1]}]
    data = bytes(range(256)) * 2
    starts, ends = np.array([s for s, _ in places], np.int64), np.array([e for _, e in places], np.int64)
    gathered = gather(data, starts, ends)
    assert gathered.type == pa.binary()
    assert gathered.to_pylist() == [data[s:e] for s, e in places]
