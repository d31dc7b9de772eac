"""Numbers of fingerprints are those that a dictionary would give, however they come."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.fingerprint_index import FingerprintIndex, prints_of
from lgtm.model.labels import Fingerprint

FINGERPRINTS = st.one_of(
    st.integers(0, 40).map(lambda number: number.to_bytes(16)),  # often met again
    st.integers(0, 2**64 - 1).map(lambda number: number.to_bytes(8) + bytes(8)),  # half of them alike
    st.binary(min_size=16, max_size=16),
)
BATCHES = st.lists(st.lists(FINGERPRINTS, max_size=60), max_size=12)


@given(BATCHES, st.lists(FINGERPRINTS, max_size=20))
def test_it_gives_the_numbers_of_a_dictionary(batches: list[list[Fingerprint]], others: list[Fingerprint]) -> None:
    index, numbers = FingerprintIndex(), dict[Fingerprint, int]()
    for batch in batches:
        wanted = [numbers.setdefault(one, len(numbers)) for one in batch]
        assert index.add(prints_of(batch)).tolist() == wanted
        assert len(index) == len(numbers)
    for asked in (others, list(numbers)):
        assert index.find(prints_of(asked)).tolist() == [numbers.get(one, -1) for one in asked]


def test_many_at_once_and_again_keep_their_numbers() -> None:
    rng = np.random.default_rng(7)
    prints = rng.integers(0, 2**64, (100_000, 2), np.uint64)
    twice = np.concatenate((prints, prints[::-1]))
    index = FingerprintIndex()
    wanted = np.concatenate((np.arange(100_000), np.arange(100_000)[::-1]))
    assert (index.add(twice) == wanted).all()
    assert (index.find(twice) == wanted).all()
    assert len(index) == 100_000


@given(st.lists(st.tuples(st.integers(0, 399), st.integers(1, 300), st.booleans()), max_size=6))
def test_stretches_that_came_before_have_the_numbers_that_they_had(stretches: list[tuple[int, int, bool]]) -> None:
    known = np.random.default_rng(7).integers(0, 2**64, (400, 2), np.uint64)
    index = FingerprintIndex()
    index.add(known)
    prints, wanted = [known[:0]], list[int]()
    for start, length, followed_by_another in stretches:
        prints.append(known[start : start + length])
        wanted += range(start, min(start + length, 400))
        if followed_by_another:
            prints.append(np.array([[1, 2]], np.uint64))
            wanted.append(-1)
    assert index.find(np.concatenate(prints)).tolist() == wanted


def test_an_empty_one_knows_nothing_and_takes_nothing() -> None:
    index = FingerprintIndex()
    assert index.find(prints_of([bytes(16)])).tolist() == [-1]
    assert index.add(prints_of([])).tolist() == []
    assert len(index) == 0
