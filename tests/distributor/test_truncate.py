"""Texts and keys of attributes are cut to a bound, everything else stays."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.distributor.truncate import truncate_attributes, truncate_labels
from support.spans import span, spans_batch


@given(st.text(max_size=12), st.lists(st.none() | st.text(max_size=12), min_size=1, max_size=3), st.integers(1, 12))
def test_no_text_is_longer_than_the_bound_and_none_is_cut_inside_a_character(text: str, of_events: list[str | None], bytes_max: int) -> None:
    attributes = {"span.k": text, "event.k": of_events, "span:any.k": b"x" * 20, "span:int.n": 7}
    events = {"event_time_ns": [1] * len(of_events), "event_name": ["e" * 20] * len(of_events)}
    rows = truncate_attributes(spans_batch([span("a", 1, 1, 1, attributes=attributes, **events)]).rows, bytes_max)
    rows.validate(full=True)
    found = rows.to_pylist()[0]
    assert found["span.k"] == text.encode()[:bytes_max].decode(errors="ignore")
    assert found["event.k"] == [one if one is None else one.encode()[:bytes_max].decode(errors="ignore") for one in of_events]
    assert (found["span:any.k"], found["span:int.n"], found["event_name"]) == (b"x" * 20, 7, ["e" * 20] * len(of_events))


def test_rows_and_labels_with_nothing_long_are_handed_back_as_they_are() -> None:
    batch = spans_batch([span("a", 1, 1, 1, attributes={"span.k": "v"})])
    labels = batch.series[0].labels or ()
    assert truncate_attributes(batch.rows, 100) is batch.rows
    assert truncate_labels(labels, 1_000) is labels
    assert truncate_attributes(batch.rows, 0) is batch.rows
    assert truncate_labels(labels, 0) is labels


@pytest.mark.parametrize(
    ("names", "cut"),
    [
        (["span.abcdef"], ["span.abc"]),
        (["span:int.abcdef"], ["span:int.abc"]),
        (["span.abc", "span.abcdef"], ["span.abc", "span.abcdef"]),
        (["span.abcd", "span.abce"], ["span.abc", "span.abce"]),
    ],
)
def test_a_key_is_cut_unless_another_one_has_what_is_left(names: list[str], cut: list[str]) -> None:
    value = {name: 1 if ":int" in name else "v" for name in names}
    rows = truncate_attributes(spans_batch([span("a", 1, 1, 1, attributes=value)]).rows, 3)
    assert [name for name in rows.schema.names if name.startswith("span") and name != "span_id"] == cut
    labels = truncate_labels(tuple((name, str(number)) for name, number in value.items()), 3)
    assert [name for name, _ in labels] == sorted(cut)
