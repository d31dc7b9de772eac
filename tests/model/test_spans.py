"""Spans say which part each row came with."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.part import PartId
from lgtm.model.part_ids import PartIds
from lgtm.model.spans import PartSpans

IDS = st.builds(PartId, st.sampled_from([b"a" * 16, b"b" * 16]), st.integers(1, 2), st.integers(0, 12))
PARTS = st.lists(st.tuples(IDS, st.integers(1, 4), st.booleans()), min_size=1, max_size=15)


def spans_of(parts: list[tuple[PartId, int, bool]]) -> PartSpans:
    return PartSpans.joined([PartSpans.of(part_id, rows, primary=primary) for part_id, rows, primary in parts])


@given(PARTS, st.lists(IDS))
def test_the_rows_of_chosen_parts_are_found(parts: list[tuple[PartId, int, bool]], chosen: list[PartId]) -> None:
    wanted = PartIds()
    for part_id in chosen:
        wanted.add(part_id)
    spans = spans_of(parts)
    assert spans.rows_of(spans.within(wanted)).tolist() == [part_id in chosen for part_id, rows, _ in parts for _ in range(rows)]
    assert spans.row_count == sum(rows for _, rows, _ in parts)


@given(PARTS)
def test_ids_are_those_of_the_parts_joined(parts: list[tuple[PartId, int, bool]]) -> None:
    expected, primaries = PartIds(), PartIds()
    for part_id, _, primary in parts:
        expected.add(part_id)
        if primary:
            primaries.add(part_id)
    spans = spans_of(parts)
    assert list(spans.ids().intervals()) == list(expected.intervals())
    assert list(spans.ids(spans.primary).intervals()) == list(primaries.intervals())


@given(PARTS, PARTS)
def test_joining_twice_is_joining_once(first: list[tuple[PartId, int, bool]], second: list[tuple[PartId, int, bool]]) -> None:
    once, twice = spans_of(first + second), PartSpans.joined([spans_of(first), spans_of(second)])
    assert [once.writers[at] for at in once.writer_of] == [twice.writers[at] for at in twice.writer_of]
    assert once.sequences.tolist() == twice.sequences.tolist()
    assert once.primary.tolist() == twice.primary.tolist()
