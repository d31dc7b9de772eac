"""What is too old is what one would say who looks at one sample after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.distributor.sample_order import too_old
from lgtm.model.window import TS_NS_MAX, TS_NS_MIN

TIMES = st.one_of(st.integers(-20, 20), st.sampled_from([TS_NS_MIN + 1, TS_NS_MAX]))
KNOWN = st.one_of(TIMES, st.just(TS_NS_MIN))


@given(st.lists(st.tuples(st.integers(0, 3), TIMES), min_size=1, max_size=12), st.lists(KNOWN, min_size=4, max_size=4), KNOWN, st.integers(1, 15))
def test_samples_are_judged_in_the_order_in_which_they_came(samples: list[tuple[int, int]], newest: list[int], of_all: int, window: int) -> None:
    of_series, wanted = dict(enumerate(newest)), list[bool]()
    latest = of_all
    for series, ts in samples:
        is_late = of_series[series] == TS_NS_MIN or ts < of_series[series]
        wanted.append(is_late and ts < latest - window)
        of_series[series], latest = max(of_series[series], ts), max(latest, ts)
    columns = np.array(samples, np.int64)
    assert too_old(columns[:, 0].copy(), columns[:, 1].copy(), np.array(newest, np.int64), of_all, window).tolist() == wanted
