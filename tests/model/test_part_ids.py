from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.part import PartId
from lgtm.model.part_ids import Intervals, PartIds

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


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 10)).map(lambda pair: (pair[0], pair[0] + pair[1])))


@given(RANGES, RANGES)
def test_ranges_are_as_if_every_number_was_added(ranges: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    held, dumb = Intervals(), Intervals()
    for first, last in ranges:
        held.add_range(first, last)
        for number in range(first, last + 1):
            dumb.add(number)
    assert list(held) == list(dumb)
    assert [held.covers(*each) for each in others] == [all(n in dumb for n in range(low, high + 1)) for low, high in others]


@given(RANGES, RANGES)
def test_a_set_covers_another_when_it_has_all_of_it(ranges: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    writer = b"a" * 16
    held, other = (PartIds((writer, 1, first, last) for first, last in each) for each in (ranges, others))
    numbers = {n for first, last in others for n in range(first, last + 1)}
    assert held.covers(other) == all(PartId(writer, 1, n) in held for n in numbers)
    assert bool(held) == bool(ranges)
    left = {n for first, last in ranges for n in range(first, last + 1)} - numbers
    assert [n for n in range(80) if PartId(writer, 1, n) in held.without(other)] == sorted(left)
    assert bool(held.without(other)) == bool(left)
    assert not PartIds().covers(PartIds([(writer, 2, 0, 0)]))


@given(RANGES, RANGES)
def test_sets_overlap_when_they_have_a_part_in_common(ranges: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    writer = b"a" * 16
    held, other = (PartIds((writer, 1, first, last) for first, last in each) for each in (ranges, others))
    mine, theirs = ({n for first, last in each for n in range(first, last + 1)} for each in (ranges, others))
    assert held.overlaps(other) == other.overlaps(held) == bool(mine & theirs)
    assert not held.overlaps(PartIds((writer, 2, first, last) for first, last in ranges))
