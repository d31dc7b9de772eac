"""What single spans tell of the traces that a query has to look at."""

from __future__ import annotations

import pytest

from lgtm.traceql.candidates import condition_needs, of_single_spans, series_matchers, span_conditions, speaks_of_traces
from lgtm.traceql.field_syntax import TRUE
from lgtm.traceql.lenient import parse_filter
from lgtm.traceql.parser import parse


@pytest.mark.parametrize(
    ("query", "conditions"),
    [
        ("{}", ["true"]),
        ("{ span.a = 1 && name = `x` }", ["(span.a = 1) && (name = `x`)"]),
        ("{ span.a = 1 && traceDuration > 1s }", ["span.a = 1"]),
        ("{ rootName = `x` }", ["true"]),
        ("{ nestedSetParent < 0 && span.a = 1 }", ["(span:parentID = ``) && (span.a = 1)"]),
        ("{ span.a = 1 || rootName = `x` }", ["true"]),
        ("{ !(rootName = `x`) }", ["true"]),
        ("{ span.a = 1 } >> { span.b = 2 }", ["span.a = 1", "span.b = 2"]),
        ("{ span.a = 1 } !>> { span.b = 2 }", ["span.b = 2"]),
        ("{ span.a = 1 } &>> { span.b = 2 }", ["span.a = 1", "span.b = 2"]),
        ("{ span.a = 1 } || { span.b = 2 }", ["(span.a = 1) || (span.b = 2)"]),
        ("{ span.a = 1 } | count() > 2", ["span.a = 1"]),
        ("{ span.a = 1 } | rate()", ["span.a = 1"]),
        ("({ span.a = 1 } | rate()) / ({ span.b = 2 } | rate())", ["(span.a = 1) || (span.b = 2)"]),
    ],
)
def test_conditions_on_single_spans(query: str, conditions: list[str]) -> None:
    assert [str(one) for one in span_conditions(parse(query))] == conditions


@pytest.mark.parametrize(
    ("query", "single"),
    [
        ("{ span.a = 1 } | rate() by(resource.service.name)", True),
        ("{ nestedSetParent < 0 } | rate()", True),
        ("{ nestedSetParent = 5 } | rate()", False),
        ("{} | rate() by(rootName)", False),
        ("{ traceDuration > 1s } | rate()", False),
        ("{ span.a = 1 } >> { span.b = 2 } | rate()", False),
        ("{} | by(name) | rate()", False),
        ("{} | compare({ status = error })", False),
        ("{ span.a = 1 }", False),
    ],
)
def test_metrics_that_are_decided_span_by_span(query: str, single: bool) -> None:
    assert of_single_spans(parse(query)) is single


def test_a_condition_needs_no_more_than_it_speaks_of() -> None:
    needs = condition_needs(parse_filter("{ span.a = 1 && name = `x` }"))
    assert needs.columns == {"trace_id", "offsets", "start_ns", "duration_ns", "name", "service_name"}
    assert needs.attributes == {("span", "a")}
    assert "span_id" not in condition_needs(TRUE).columns


@pytest.mark.parametrize(("text", "speaks"), [("{ rootName = `x` && span.a = 1 }", True), ("{ span.a = 1 }", False), ("{ rootName != nil }", True)])
def test_conditions_that_speak_of_traces(text: str, speaks: bool) -> None:
    assert speaks_of_traces(parse_filter(text)) is speaks


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ("{ resource.service.name = `shop` }", ['resource.service.name="shop"']),
        ("{ `shop` = resource.service.name && span.a = 1 }", ['resource.service.name="shop"']),
        ("{ resource.a = `x` && (resource.b = `y` && name = `z`) }", ['resource.a="x"', 'resource.b="y"']),
        ("{ resource.a = `` }", []),
        ("{ resource.a = 1 }", []),
        ("{ resource.a != `x` }", []),
        ("{ resource.a = `x` || resource.b = `y` }", []),
        ("{ .service.name = `x` }", []),
        ("{}", []),
    ],
)
def test_what_of_a_condition_the_series_tell(text: str, matchers: list[str]) -> None:
    (condition,) = span_conditions(parse(text))
    assert [str(one) for one in series_matchers(condition)] == matchers
