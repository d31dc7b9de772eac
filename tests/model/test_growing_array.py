"""An array that grows holds what was appended, and leaves alone what it gave away."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.growing_array import GrowingArray


@given(st.lists(st.lists(st.integers(0, 255), max_size=90), max_size=8))
def test_it_is_the_array_of_all_that_was_appended(pieces: list[list[int]]) -> None:
    growing, pairs, before = GrowingArray(np.uint8), GrowingArray(np.int64, 2), list[tuple[bytes, np.ndarray[tuple[int], np.dtype[np.uint8]]]]()
    for piece in pieces:
        growing.extend(np.array(piece, np.uint8))
        pairs.extend(np.array([(each, -each) for each in piece], np.int64).reshape(-1, 2))
        before.append((growing.items.tobytes(), growing.items))
    flat = [each for piece in pieces for each in piece]
    assert growing.items.tolist() == flat
    assert pairs.items.tolist() == [[each, -each] for each in flat]
    assert len(growing) == len(flat)
    assert all(was == items.tobytes() for was, items in before)
