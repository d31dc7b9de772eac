"""Pipelines, against going from stage to stage with lists of spans."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.errors import ManySpansets
from lgtm.traceql.parser import parse
from lgtm.traceql.pipeline import run
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.spansets import Spansets
from lgtm.traceql.syntax import Pipeline
from traceql.tables import span, table

Traces = list[list[int | None]]
"""`span.a` of each span of each trace."""
TRACES = st.lists(st.lists(st.none() | st.integers(0, 2), min_size=1, max_size=4), min_size=1, max_size=4)


def of_traces(traces: Traces) -> SpanTable:
    return table(*([span(own, attrs={} if a is None else {"a": a}) for own, a in enumerate(values, 1)] for values in traces))


def answer(text: str, spans: SpanTable) -> Spansets:
    root = parse(text).root
    assert isinstance(root, Pipeline)
    return run(spans, root)


def listed(sets: Spansets) -> list[tuple[int, list[int]]]:
    return [(int(trace), sets.rows[a:b].tolist()) for trace, a, b in zip(sets.traces, sets.offsets, sets.offsets[1:], strict=False)]


def rows_by_trace(traces: Traces) -> list[list[tuple[int, int | None]]]:
    numbered = iter(range(sum(map(len, traces))))
    return [[(next(numbered), a) for a in values] for values in traces]


@given(TRACES, st.integers(0, 2))
def test_filters_behind_each_other_keep_what_both_keep(traces: Traces, a: int) -> None:
    found = listed(answer(f"{{ span.a >= {a} }} | {{ span.a != 2 }}", of_traces(traces)))
    kept = [(trace, [row for row, each in rows if each is not None and a <= each != 2]) for trace, rows in enumerate(rows_by_trace(traces))]
    assert found == [(trace, rows) for trace, rows in kept if rows]


def grouped(traces: Traces) -> list[tuple[int, list[int]]]:
    found: list[tuple[int, list[int]]] = []
    for trace, rows in enumerate(rows_by_trace(traces)):
        groups: dict[Any, list[int]] = defaultdict(list)
        for row, a in rows:
            groups[a].append(row)
        found += [(trace, group) for group in groups.values()]
    return found


@given(TRACES)
def test_by_splits_each_trace_by_values_in_the_order_in_which_they_occur(traces: Traces) -> None:
    assert listed(answer("{} | by(span.a)", of_traces(traces))) == grouped(traces)


@given(TRACES, st.integers(0, 3))
def test_aggregates_are_of_each_group(traces: Traces, count: int) -> None:
    expected = [(trace, rows) for trace, rows in grouped(traces) if len(rows) > count]
    assert listed(answer(f"{{}} | by(span.a) | count() > {count}", of_traces(traces))) == expected


@given(TRACES)
def test_coalesce_forgets_the_groups(traces: Traces) -> None:
    spans = of_traces(traces)
    assert listed(answer("{} | by(span.a) | coalesce()", spans)) == listed(answer("{}", spans))


@given(TRACES)
def test_select_changes_no_spanset(traces: Traces) -> None:
    spans = of_traces(traces)
    assert listed(answer("{ span.a > 0 } | select(name, span.a)", spans)) == listed(answer("{ span.a > 0 }", spans))


def test_groups_and_aggregates_are_told_of_their_sets() -> None:
    found = answer("{} | by(span.a) | max(span.a) > 0", of_traces([[1, 2, 1], [0]]))
    assert [name for name, _ in found.attributes] == ["by(span.a)", "max(span.a)"]
    assert [column.items() for _, columns in found.attributes for column in columns] == [[1, 2], [1, 2]]


def test_only_chosen_traces_are_looked_at() -> None:
    root = parse("{}").root
    assert isinstance(root, Pipeline)
    assert listed(run(of_traces([[1], [2], [0]]), root, np.array([True, False, True]))) == [(0, [0]), (2, [2])]


def test_relations_within_groups_do_not_leave_them() -> None:
    spans = table([span(1, attrs={"a": 1}), span(2, 1, attrs={"a": 1}), span(3, 1, attrs={"a": 2})])
    assert listed(answer("{} | by(span.a) | { true } >> { true }", spans)) == [(0, [1])]


def test_groups_on_a_side_of_a_relation_are_refused() -> None:
    with pytest.raises(ManySpansets):
        answer("({} | by(span.a)) > ({})", of_traces([[1, 2]]))
