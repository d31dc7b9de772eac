"""Expressions over the fields of spans: which spans they are true for."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.traceql.evaluate import truth
from lgtm.traceql.parser import parse
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.syntax import Pipeline, SpansetFilter
from traceql.tables import span, table


def true_for(expr: str, spans: SpanTable) -> list[bool]:
    root = parse(f"{{ {expr} }}").root
    assert isinstance(root, Pipeline)
    (stage,) = root.stages
    assert isinstance(stage, SpansetFilter)
    return [bool(each) for each in truth(spans, stage.expr)]


TERMS = st.sampled_from(["span.a = 1", "span.a > 0", "span.b", "span.b = true", "span.a != nil", "span.c = nil", "name = `x`", "span.a + 1 = 2"])
SPANS = st.lists(
    st.builds(
        lambda name, attrs: {"name": name, "attrs": attrs},
        st.sampled_from("xy"),
        st.dictionaries(st.sampled_from("abc"), st.sampled_from([0, 1, True, False, "s"])),
    ),
    min_size=1,
    max_size=6,
)


def of_spans(spans: list[dict[str, Any]]) -> SpanTable:
    return table([span(own, **each) for own, each in enumerate(spans, 1)])


@given(SPANS, TERMS, TERMS)
def test_terms_are_joined_truth_by_truth(spans: list[dict[str, Any]], a: str, b: str) -> None:
    every = of_spans(spans)
    pairs = list(zip(true_for(a, every), true_for(b, every), strict=True))
    assert true_for(f"({a}) && ({b})", every) == [x and y for x, y in pairs]
    assert true_for(f"({a}) || ({b})", every) == [x or y for x, y in pairs]
    assert true_for(f"!({a})", every) == [not x for x, _ in pairs]


ONE = table(
    [
        span(1, name="root", kind=2, status=[2, "no"], attrs={"i": 3, "f": {"float": 3.0}, "s": "x", "t": True, "l": ["x", "y"]}),
        span(2, 1, name="child", events=[{"t": 1, "name": "a", "attrs": {"n": 1}}, {"t": 2, "name": "b", "attrs": {"n": 2}}]),
    ],
    resource={"i": 4, "r": "eu"},
)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ("true", [True, True]),
        ("span.t", [True, False]),
        ("span.i", [False, False]),
        ("span.i = 3", [True, False]),
        ("3 = span.i", [True, False]),
        ("2 < span.i", [True, False]),
        ("span.i = 3.0", [False, False]),
        ("span.f = 3", [False, False]),
        ("span.i + 0 = 3.0", [True, False]),
        ("span.i = span.f", [True, False]),
        ("span.i != 4", [True, False]),
        ("span.s != 1", [False, False]),
        ("span.nosuch != 1", [False, False]),
        ("span.nosuch = nil", [True, True]),
        ("span.i != nil", [True, False]),
        (".i = 3", [True, False]),
        (".i = 4", [False, True]),
        ("resource.i = 4", [True, True]),
        ('.r = "eu"', [True, True]),
        ('.service.name = "api"', [True, True]),
        ('span.s =~ "X|x"', [True, False]),
        ('span.s !~ "X"', [True, False]),
        ('span.l = "y"', [True, False]),
        ('span.l != "y"', [True, False]),
        ("-span.i < -2", [True, False]),
        ("span.i ^ 2 % 5 = 4", [True, False]),
        ("status = error && kind = server", [True, False]),
        ('statusMessage = "no"', [True, False]),
        ("nestedSetParent < 0", [True, False]),
        ("nestedSetParent = 1", [False, True]),
        ("span:childCount = 1", [True, False]),
        ("span:id = `0000000000000002`", [False, True]),
        ("trace:id = `0001`", [True, True]),
        ('rootName = "root" && rootServiceName = "api"', [True, True]),
        ('event:name = "b"', [False, True]),
        ('event:name = "b" && event.n = 2', [False, True]),
        ('event:name = "b" && event.n = 1', [False, False]),
        ('event:name = "b" || event.n = 3', [False, True]),
        ("event.n != nil", [False, True]),
    ],
)
def test_which_spans_an_expression_is_true_for(expr: str, expected: list[bool]) -> None:
    assert true_for(expr, ONE) == expected
