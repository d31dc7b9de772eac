"""Tables of spans: parts of a table are the tables of its parts, and what is answered quickly is what the tree says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.span_table import SpanTable
from traceql.tables import span, table
from traceql.trees import FORESTS, Span


def of_forest(spans: list[Span]) -> SpanTable:
    traces = sorted({each.trace for each in spans})
    return table(*([span(each.id, each.parent, kind=each.kind) for each in spans if each.trace == trace] for trace in traces))


EVENTS = st.lists(st.integers(1, 9), max_size=3).map(lambda times: [{"t": at, "name": f"e{at}", "attrs": {"n": at}} for at in times])
TRACES = st.lists(st.lists(st.tuples(st.integers(1, 9), EVENTS), min_size=1, max_size=3), min_size=1, max_size=4)


def of_events(traces: list[list[tuple[int, list[dict[str, Any]]]]]) -> SpanTable:
    return table(*([span(own, events=events, attrs={"n": own}) for own, events in spans] for spans in traces))


def told(spans: SpanTable) -> list[Any]:
    """Of each span its trace, its id, its attribute and its events."""
    events = spans.events
    names = events.fixed["name"]
    (number,) = spans.attributes["span", "n"]
    return [
        (
            spans.trace_id[spans.trace_of[row]].tobytes(),
            int(spans.span_id[row]),
            number.item(row),
            [names.item(at) for at in np.flatnonzero(events.rows_of == row).tolist()],
        )
        for row in range(len(spans))
    ]


@given(TRACES, st.data())
def test_some_of_the_traces_are_a_table_of_their_own(traces: list[list[tuple[int, list[dict[str, Any]]]]], data: st.DataObject) -> None:
    every = of_events(traces)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(traces) - 1))))
    rows = every.rows_of(np.array(chosen, np.int64)).tolist()
    assert rows == [row for row in range(len(every)) if every.trace_of[row] in chosen]
    assert told(every.take(np.array(chosen, np.int64))) == [told(every)[row] for row in rows]


@given(FORESTS.filter(bool), st.data())
def test_the_tree_of_some_traces_has_their_numbers(spans: list[Span], data: st.DataObject) -> None:
    count = of_forest(spans).traces
    chosen = np.array(sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1))), np.int64)
    part, whole = of_forest(spans).tree_of(chosen), of_forest(spans).tree
    rows = of_forest(spans).rows_of(chosen)
    for name in ("left", "right", "parent", "parent_row"):
        assert getattr(part, name)[rows].tolist() == getattr(whole, name)[rows].tolist()


@given(FORESTS.filter(bool))
def test_roots_are_those_of_the_tree(spans: list[Span]) -> None:
    assert of_forest(spans).is_root.tolist() == (of_forest(spans).tree.parent == -1).tolist()


@given(FORESTS.filter(bool))
def test_children_are_counted_by_their_parents(spans: list[Span]) -> None:
    parents = of_forest(spans).tree.parent_row.tolist()
    assert of_forest(spans).child_count.tolist() == [parents.count(row) for row in range(len(spans))]


def test_a_trace_lasts_from_its_first_start_to_its_last_end() -> None:
    spans = table([span(1, start=5, end=9), span(2, 1, start=3, end=4)], [span(3, start=1, end=20)])
    first = int(spans.start_ns[1]) - 3
    assert (spans.trace_start_ns - first).tolist() == [3, 1]
    assert (spans.trace_end_ns - first).tolist() == [9, 20]
    assert spans.overlapping(first + 9, first + 10).tolist() == [True, True]
    assert spans.overlapping(first + 10, first + 10).tolist() == [False, True]


CHILD_OF = [{"trace": "01", "span": "09", "attrs": {"opentracing.ref_type": "child_of"}}]


@pytest.mark.parametrize(
    ("spans", "name"),
    [
        ([span(1, name="a"), span(2, 1, name="b")], "a"),
        ([span(1, name="a"), span(2, name="b")], "b"),
        ([span(1, name="a"), span(2, name="b", links=CHILD_OF)], "a"),
        ([span(2, 1, name="b")], ""),
    ],
)
def test_the_last_root_that_no_link_declares_a_child_names_the_trace(spans: list[dict[str, Any]], name: str) -> None:
    assert table(spans).root_name.item(0) == name
    assert table(spans).root_service_name.item(0) == ("api" if name else "")


def test_services_are_counted_with_their_errors() -> None:
    assert table([span(1, status=[2, ""]), span(2, 1, status=[1, ""]), span(3, 1)]).service_stats(0) == {"api": (3, 1)}
