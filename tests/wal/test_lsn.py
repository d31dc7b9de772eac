import itertools

from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.lsn import LsnRange, coarsen, count, intersect, merge, subtract

RANGES = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 8)).map(lambda pair: LsnRange(pair[0], pair[0] + pair[1])), max_size=8)


def members(ranges: object) -> set[int]:
    return {lsn for item in ranges for lsn in range(item.first, item.last + 1)}  # type: ignore[attr-defined]


@given(RANGES, RANGES)
def test_ranges_are_sets(some: list[LsnRange], others: list[LsnRange]) -> None:
    assert members(merge(some)) == members(some)
    assert members(subtract(some, others)) == members(some) - members(others)
    assert members(intersect(some, others)) == members(some) & members(others)
    assert count(some) == len(members(some))


@given(RANGES)
def test_merged_ranges_are_sorted_and_apart(some: list[LsnRange]) -> None:
    merged = merge(some)
    assert all(left.last + 1 < right.first for left, right in itertools.pairwise(merged))


@given(RANGES)
def test_coarsening_halves_and_covers(some: list[LsnRange]) -> None:
    merged = merge(some)
    assert members(coarsen(merged)) >= members(merged)
    assert len(coarsen(merged)) == (len(merged) + 1) // 2


def test_a_range_prints_as_people_say_it() -> None:
    assert [str(LsnRange(3, 3)), str(LsnRange(3, 5))] == ["3", "3-5"]
