from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lgtm.ingester.intervals import Intervals, PartIds
from lgtm.model.part import PartId

NUMBERS = st.lists(st.integers(0, 60))


@given(NUMBERS)
def test_intervals_hold_exactly_what_was_added(numbers: list[int]) -> None:
    held = Intervals()
    for number in numbers:
        held.add(number)

    assert [n for n in range(70) if n in held] == sorted(set(numbers))
    assert [n for first, last in held for n in range(first, last + 1)] == sorted(set(numbers))


@given(NUMBERS)
def test_intervals_are_as_few_as_can_be(numbers: list[int]) -> None:
    held = Intervals()
    for number in numbers:
        held.add(number)

    ranges = list(held)
    assert all(later[0] > earlier[1] + 1 for earlier, later in itertools.pairwise(ranges))
    assert len(held) == len(ranges)


@given(NUMBERS, NUMBERS)
def test_part_ids_of_writers_and_epochs_are_kept_apart(first: list[int], second: list[int]) -> None:
    ids, other = PartIds(), PartIds()
    for n in first:
        ids.add(PartId(b"a" * 16, 1, n))
    for n in second:
        other.add(PartId(b"a" * 16, 2, n))
    ids.update(other)

    assert [n for n in range(70) if PartId(b"a" * 16, 1, n) in ids] == sorted(set(first))
    assert [n for n in range(70) if PartId(b"a" * 16, 2, n) in ids] == sorted(set(second))
    assert PartId(b"b" * 16, 1, 0) not in ids
    spans = [(w, e, n) for w, e, low, high in ids.intervals() for n in range(low, high + 1)]
    assert spans == [(b"a" * 16, 1, n) for n in sorted(set(first))] + [(b"a" * 16, 2, n) for n in sorted(set(second))]
