"""A table made of rows, in whatever batches they came, is the table of the same spans made by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.traceql.columns import Column, Columns
from lgtm.traceql.from_rows import columns_to_read, first_of_traces, rows_by_trace, span_table
from lgtm.traceql.parser import parse
from lgtm.traceql.plan import Needs, columns_needed
from lgtm.traceql.span_table import Children, SpanTable
from support.spans import span, spans_batch
from traceql.dataset import tables
from traceql.dataset_otlp import batches

EVERY_COLUMN = frozenset(
    {"trace_id", "offsets", "start_ns", "duration_ns", "span_id", "parent_id", "name", "kind", "status", "status_message", "service_name"}
    | {"scope_name", "scope_version", "child_of_link", "events.name", "events.time_ns", "links.trace_id", "links.span_id"}
)
EVERYTHING = Needs(EVERY_COLUMN, frozenset(), every_attribute=True)


def told(table: SpanTable) -> Counter[str]:
    """Everything of each span as text, whatever the order of rows."""
    events, links = told_children(table.events), told_children(table.links)
    found: Counter[str] = Counter()
    for row in range(len(table)):
        own = {name: getattr(table, name).item(row) for name in ("name", "status_message", "service_name", "scope_name", "scope_version")}
        numbers = {name: int(getattr(table, name)[row]) for name in ("span_id", "parent_id", "start_ns", "duration_ns", "kind", "status")}
        held = sorted((key, told_value(columns, row)) for key, columns in table.attributes.items() if told_value(columns, row))
        child = bool(table.child_of_link is not None and table.child_of_link[row])
        trace = table.trace_id[table.trace_of[row]].tobytes().hex()
        found[repr((trace, own, numbers, held, child, events.get(row), links.get(row)))] += 1
    return found


def told_children(children: Children) -> Mapping[int, list[str]]:
    found: dict[int, list[str]] = {}
    for at, row in enumerate(children.rows_of.tolist()):
        held = sorted((key, told_value(columns, at)) for key, columns in children.attributes.items() if told_value(columns, at))
        fixed = sorted((name, column.item(at)) for name, column in children.fixed.items())
        found.setdefault(row, []).append(repr((held, fixed)))
    return found


def told_value(columns: Columns, row: int) -> list[Any]:
    return [(column.type.name, repr(column.item(row))) for column in columns if holds(column, row)]


def holds(column: Column, row: int) -> bool:
    """Empty lists are nothing that a query can ask for."""
    return bool(column.held[row])


@pytest.mark.parametrize("requests", [1, 3])
def test_the_recorded_data_set_comes_through_the_decoder_as_it_was_told(requests: int) -> None:
    (expected,) = tables()
    assert told(span_table(batches(requests=requests), EVERYTHING)) == told(expected)


def test_spans_of_a_trace_lie_together_by_time() -> None:
    table = span_table(batches(), EVERYTHING)
    assert table.traces == len({one.tobytes() for one in table.trace_id})
    for begin, end in zip(table.offsets[:-1].tolist(), table.offsets[1:].tolist(), strict=True):
        assert (np.diff(table.start_ns[begin:end]) >= 0).all()


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), max_size=12))
def test_rows_are_ordered_by_trace_and_time(spans: list[tuple[int, int]]) -> None:
    ids = np.array([list(trace.to_bytes(16)) for trace, _ in spans], np.uint8).reshape(-1, 16)
    order, offsets = rows_by_trace(ids, np.array([ts for _, ts in spans], np.int64))
    groups = [[spans[row] for row in order[begin:end]] for begin, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]
    assert sorted(one for group in groups for one in group) == sorted(spans)
    assert all(len({trace for trace, _ in group}) == 1 and group == sorted(group, key=lambda one: one[1]) for group in groups)
    assert len(groups) == len({trace for trace, _ in spans})


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 5)), max_size=12))
def test_each_trace_has_its_first_time(spans: list[tuple[int, int]]) -> None:
    ids = np.array([list(trace.to_bytes(16)) for trace, _ in spans], np.uint8).reshape(-1, 16)
    found, ts = first_of_traces(ids, np.array([ts for _, ts in spans], np.int64))
    expected = {trace: min(ts for other, ts in spans if other == trace) for trace, _ in spans}
    assert dict(zip([int(one[-1]) for one in found], ts.tolist(), strict=True)) == expected
    assert len(found) == len(expected)


def needed(query: str, batch: Batch) -> SpanTable:
    needs = columns_needed(parse(query))
    fixed, dynamic = columns_to_read(needs)
    assert dynamic is not None
    names = [name for name in batch.rows.schema.names if name in {"series", "ts", "rest"} | fixed | dynamic]
    return span_table([Batch(batch.signal, batch.tenant, batch.series, batch.rows.select(names))], needs)


ATTRIBUTES = {"span.a": "x", "span:int.n": 7, "event.e": ["one", None], "link:bool.l": [True], "link.opentracing.ref_type": ["child_of"]}
FIXED = {"event_time_ns": [1, 2], "event_name": ["f", "g"], "link_trace_id": [b"t" * 16], "link_span_id": [b"s" * 8]}


@pytest.mark.parametrize("in_rest", [frozenset[str](), frozenset(ATTRIBUTES)])
def test_columns_that_a_query_does_not_need_need_not_be_read(in_rest: frozenset[str]) -> None:
    batch = spans_batch([span("shop", 1, 1, 1, attributes=ATTRIBUTES, **FIXED), span("shop", 2, 1, 2)], in_rest=in_rest)
    table = needed('{ span.a = "x" && .n = 7 && event.e = "one" && link.l = true && event:name = "f" }', batch)
    assert told_value(table.attributes["span", "a"], 0) == [("STRING", "'x'")]
    assert told_value(table.attributes["span", "n"], 0) == [("INT", "7")]
    assert [told_value(table.events.attributes["e"], at) for at in (0, 1)] == [[("STRING", "'one'")], []]
    assert told_value(table.links.attributes["l"], 0) == [("BOOL", "True")]
    assert table.child_of_link is not None
    assert table.child_of_link.tolist() == [True, False]
    assert needed("{ resource.x = 1 }", batch).attributes == {}


def test_spans_apart_are_traces_of_their_own_in_their_order() -> None:
    batch = spans_batch([span("shop", 9, 2, 1), span("shop", 1, 1, 2), span("shop", 5, 2, 3)])
    table = span_table([batch], EVERYTHING, apart=True)
    assert table.span_id.tolist() == [1, 2, 3]
    assert [int(one[-1]) for one in table.trace_id] == [2, 1, 2]
    assert table.offsets.tolist() == [0, 1, 2, 3]
