from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.vectors.sorting import stable_order


@pytest.mark.parametrize("most", [3, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**62])
@given(data=st.data())
def test_keys_sort_and_equals_keep_their_order(most: int, data: st.DataObject) -> None:
    keys = data.draw(st.lists(st.integers(0, most) | st.sampled_from([0, 1, most]), max_size=30))
    assert stable_order(np.array(keys, dtype=np.int64)).tolist() == sorted(range(len(keys)), key=keys.__getitem__)
