"""Labels of many series stand once each, whoever sends them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wire.sent import pairs_of, sent_together

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SERIES = st.lists(st.lists(st.tuples(TEXTS, TEXTS), max_size=4), max_size=6)


@given(SERIES)
def test_pairs_are_what_was_sent(series: Sequence[Sequence[tuple[str, str]]]) -> None:
    assert pairs_of(sent_together(series)) == [tuple(one) for one in series]


@given(SERIES)
def test_sizes_and_ended_texts_are_those_of_the_pairs(series: Sequence[Sequence[tuple[str, str]]]) -> None:
    sent = sent_together(series)
    assert sent.value_sizes.tolist() == [len(value.encode()) for _, value in sent.pairs]
    assert sent.ended(b"|") == [name.encode() + b"|" + value.encode() + b"|" for name, value in sent.pairs]
    assert np.array_equal(sent.bounds, np.cumsum([0, *map(len, series)]))
