"""What a query reads and what it may skip: columns that are not needed change no answer, and conditions leave out no trace that is found."""

from __future__ import annotations

from dataclasses import fields, replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.traceql.check import validate
from lgtm.traceql.columns import Bool, Column, constant
from lgtm.traceql.evaluate import truth
from lgtm.traceql.field_syntax import NIL, TRUE, Attribute, Binary, Exists, Intrinsic, Static
from lgtm.traceql.metrics import Metrics
from lgtm.traceql.parser import parse
from lgtm.traceql.plan import EVERYTHING, NOTHING, AllOf, AnyOf, Condition, Conditions, Needs, all_of, any_of, columns_needed, conditions
from lgtm.traceql.search import Search
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.steps import Steps
from lgtm.traceql.syntax import Query, queries
from lgtm.traceql.types import Type
from traceql.dataset import T0_NS, read_lines, tables

WINDOW = T0_NS - 10 * NS_PER_S, T0_NS + 1_850 * NS_PER_S


@cache
def recorded(*, metrics: bool) -> list[str]:
    """Queries of the recordings that are valid."""
    texts = {case["params"].get("q", "") for case in read_lines("cases.jsonl.gz") if case["status"] == 200 and "/tag" not in case["path"]}
    return sorted(text for text in texts if _has_metrics(text) is metrics)


@cache
def _has_metrics(text: str) -> bool | None:
    """None for a query that is not valid."""
    try:
        query = parse(text)
        validate(query)
    except BadRequest:
        return None
    return bool(queries(query.root))


def only(spans: SpanTable, needs: Needs) -> SpanTable:
    """The table as if storage had read no more than is needed."""
    blank: dict[str, Any] = {}
    for each in fields(spans):
        value = getattr(spans, each.name)
        if each.name in needs.columns or each.name in ("attributes", "events", "links"):
            continue
        blank[each.name] = constant(Type.STRING, "", len(spans)) if isinstance(value, Column) else np.zeros_like(value)
    every = ("span", "resource") if needs.every_attribute else ()
    blank["attributes"] = {key: found for key, found in spans.attributes.items() if key in needs.attributes or key[0] in every}
    for name, scope in (("events", "event"), ("links", "link")):
        children: Children = getattr(spans, name)
        kept = {key: found for key, found in children.attributes.items() if (scope, key) in needs.attributes}
        fixed = {key: column for key, column in children.fixed.items() if f"{name}.{key}" in needs.columns}
        blank[name] = Children(children.rows_of, kept, fixed)
    return replace(spans, **blank)


def searched(query: Query, spans: SpanTable) -> list[Any]:
    search = Search(query, limit=1_000, spans_max=5, window=WINDOW)
    search.add(spans)
    return list(search.results())


def counted(query: Query, spans: SpanTable) -> dict[str, list[float]]:
    """By the text of the labels: one of them may be NaN, which equals nothing."""
    metrics = Metrics(query, Steps.ranging(*WINDOW, 600 * NS_PER_S), exemplars=0)
    metrics.add(spans)
    return {str(series.labels): np.where(series.present, series.values, np.nan).tolist() for series in metrics.results()}


@given(st.sampled_from(recorded(metrics=False)))
def test_a_search_tells_the_same_of_what_it_needs(text: str) -> None:
    """By the text of the answer: an attribute may be NaN, which equals nothing."""
    query, (spans,) = parse(text), tables()
    assert repr(searched(query, only(spans, columns_needed(query)))) == repr(searched(query, spans))


@given(st.sampled_from(recorded(metrics=True)))
def test_a_metric_counts_the_same_of_what_it_needs(text: str) -> None:
    query, (spans,) = parse(text), tables()
    found, expected = counted(query, only(spans, columns_needed(query))), counted(query, spans)
    assert found.keys() == expected.keys()
    for labels, values in expected.items():
        np.testing.assert_array_equal(found[labels], values)


def met(spans: SpanTable, wanted: Conditions) -> Bool:
    """Which traces meet the conditions."""
    match wanted:
        case AllOf():
            return np.asarray(np.logical_and.reduce([np.ones(spans.traces, bool), *(met(spans, each) for each in wanted.conditions)]))
        case AnyOf():
            return np.asarray(np.logical_or.reduce([np.zeros(spans.traces, bool), *(met(spans, each) for each in wanted.conditions)]))
        case Condition(field, operator, literal):
            expr = Exists(field, absent=operator == "=") if literal == NIL else Binary(operator, field, literal)
            return np.logical_or.reduceat(truth(spans, expr), spans.offsets[:-1])


@given(st.sampled_from(recorded(metrics=False)))
def test_every_trace_that_is_found_meets_the_conditions(text: str) -> None:
    query, (spans,) = parse(text), tables()
    kept = met(spans, conditions(query))
    found = searched(query, spans.take(np.flatnonzero(kept)))
    assert repr(found) == repr(searched(query, spans))  # by text, for a NaN is none


A, B = Attribute("span", "a"), Attribute("span", "b")
ONE, X = Static(Type.INT, 1), Static(Type.STRING, "x")
A_IS_1, B_IS_X = Condition(A, "=", ONE), Condition(B, "=", X)
SOME_A, SOME_B = Condition(A, "!=", NIL), Condition(B, "!=", NIL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", EVERYTHING),
        ("{ false }", NOTHING),
        ("{ span.a = 1 }", A_IS_1),
        ("{ 1 = span.a }", A_IS_1),
        ("{ 1 < span.a }", Condition(A, ">", ONE)),
        ("{ span.a }", Condition(A, "=", TRUE)),
        ("{ !span.a }", EVERYTHING),
        ("{ span.a != nil }", SOME_A),
        ("{ span.a = nil }", EVERYTHING),
        ("{ span.a = span.b }", AllOf((SOME_A, SOME_B))),
        ("{ span.a + 1 > span.b * 2 }", AllOf((SOME_A, SOME_B))),
        ('{ span.a = 1 && span.b = "x" }', AllOf((A_IS_1, B_IS_X))),
        ('{ span.a = 1 || span.b = "x" }', AnyOf((A_IS_1, B_IS_X))),
        ("{ span.a = 1 || true }", EVERYTHING),
        ("{ span.a = 1 && false }", NOTHING),
        ("{ .a = 1 }", AnyOf((A_IS_1, Condition(Attribute("resource", "a"), "=", ONE)))),
        ('{ span.a = 1 } && { span.b = "x" }', AllOf((A_IS_1, B_IS_X))),
        ('{ span.a = 1 } || { span.b = "x" }', AnyOf((A_IS_1, B_IS_X))),
        ('{ span.a = 1 } >> { span.b = "x" }', AllOf((A_IS_1, B_IS_X))),
        ('{ span.a = 1 } !>> { span.b = "x" }', B_IS_X),
        ('{ span.a = 1 } | count() > 2 | { span.b = "x" }', AllOf((A_IS_1, B_IS_X))),
        ("{ span.a = 1 } | by(span.b) | rate()", A_IS_1),
        ('({ span.a = 1 } | rate()) / ({ span.b = "x" } | rate())', AnyOf((A_IS_1, B_IS_X))),
        ("{ status = error }", Condition(Intrinsic("status"), "=", Static(Type.STATUS, 2))),
    ],
)
def test_what_every_trace_meets_that_can_match(text: str, expected: Conditions) -> None:
    assert conditions(parse(text)) == expected


@pytest.mark.parametrize(
    ("parts", "both", "either"),
    [
        ([], EVERYTHING, NOTHING),
        ([A_IS_1], A_IS_1, A_IS_1),
        ([A_IS_1, A_IS_1], A_IS_1, A_IS_1),
        ([A_IS_1, EVERYTHING], A_IS_1, EVERYTHING),
        ([A_IS_1, NOTHING], NOTHING, A_IS_1),
        ([A_IS_1, AllOf((SOME_A, SOME_B))], AllOf((A_IS_1, SOME_A, SOME_B)), AnyOf((A_IS_1, AllOf((SOME_A, SOME_B))))),
    ],
)
def test_conditions_are_joined_and_said_once(parts: list[Conditions], both: Conditions, either: Conditions) -> None:
    assert all_of(parts) == both
    assert any_of(parts) == either


@pytest.mark.parametrize(
    ("text", "columns", "attributes"),
    [
        ("{} | rate()", set(), set()),
        ("{ span.a = 1 } | rate()", set(), {("span", "a")}),
        ("{ .a = 1 } | rate()", set(), {("span", "a"), ("resource", "a")}),
        ("{ resource.service.name = `x` } | rate()", {"service_name"}, set()),
        ("{ .service.name = `x` } | rate()", {"service_name"}, {("span", "service.name"), ("resource", "service.name")}),
        ("{} | rate() by(name, event.e)", {"name"}, {("event", "e")}),
        ("{ event:name = `x` } | rate()", {"events.name"}, set()),
        ("{} > {} | rate()", {"span_id", "parent_id", "kind"}, set()),
        ("({} | rate()) / ({ status = error } | rate())", {"status"}, set()),
    ],
)
def test_what_a_metric_reads_besides_ids_and_times(text: str, columns: set[str], attributes: set[tuple[str, str]]) -> None:
    always = columns_needed(parse("{} | rate()")).columns
    assert columns_needed(parse(text)) == Needs(always | columns, frozenset(attributes))


def test_a_comparison_counts_every_attribute() -> None:
    needs = columns_needed(parse("{} | compare({ span.a = 1 })"))
    assert needs.every_attribute
    assert ("span", "a") in needs.attributes
