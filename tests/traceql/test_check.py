"""What a query must satisfy to mean something, and what is said when it does not."""

from __future__ import annotations

import pytest

from lgtm.traceql.check import validate
from lgtm.traceql.errors import InvalidQuery, Unsupported
from lgtm.traceql.parser import parse


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "{ span.a }",
        "{ span.a = 1 || span.a = `x` }",
        "{ duration > 1 && duration > 1.5 && 1s < duration }",
        "{ span.a + duration > 1s }",
        "{ status = error && kind != server }",
        "{ status != nil }",
        "{ name = `a` } >> { name =~ `b.*` } | by(resource.c) | count() > 1 | select(status)",
        "{} | avg(duration) > 1s",
        "{} | quantile_over_time(duration, 0, .5, 1) by(name, kind, status, span.a)",
        "{} | rate() by(name, kind, status, span.a, span.b)",
        "{} | compare({ status = error }, 1000, 1, 2)",
        "({} | rate()) / ({} | rate()) | topk(3)",
    ],
)
def test_a_query_that_means_something(text: str) -> None:
    validate(parse(text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ name = 1 }", "binary operations must operate on the same type: name = 1"),
        ("{ status = `error` }", "binary operations must operate on the same type: status = `error`"),
        ("{ name + `x` = `y` }", "illegal operation for the given types: name + `x`"),
        ("{ status > ok }", "illegal operation for the given types: status > ok"),
        ("{ duration =~ 1s }", "illegal operation for the given types: duration =~ 1s"),
        ("{ span.a && 1 }", "illegal operation for the given types: span.a && 1"),
        ("{ -name = `x` }", "illegal operation for the given type: -name"),
        ("{ !duration }", "illegal operation for the given type: !duration"),
        ("{ name =~ span.a }", "invalid type for =~ or !~: span.a"),
        ("{ span.a =~ `[` }", "invalid regex: `[`"),
        ("{ 1 + 1 }", "span filter field expressions must resolve to a boolean: { 2 }"),
        ("{ name }", "span filter field expressions must resolve to a boolean: { name }"),
        ("{ status = nil }", "status=nil is not valid because intrinsics cannot be nil"),
        ("{ resource.service.name = nil }", "resource.service.name=nil is not valid because resource.service.name cannot be nil"),
        ("{ true } > { name = 1 }", "binary operations must operate on the same type: name = 1"),
        ("{} | by(1)", "grouping field expressions must reference the span: by(1)"),
        ("{} | avg(name) > 1", "aggregate field expressions must resolve to a number type: avg(name)"),
        ("{} | avg(1) > 1", "aggregate field expressions must reference the span: avg(1)"),
        ("{ name = 1 } | rate()", "binary operations must operate on the same type: name = 1"),
        ("{} | rate() by(name, kind, status, span.a, span.b, span.c)", "metrics group by 6 values not yet supported"),
        ("{} | histogram_over_time(duration) by(name, kind, status, span.a, span.b)", "metrics group by 5 values not yet supported"),
        ("{} | quantile_over_time(duration, 1.5)", "quantile must be between 0 and 1: 1.5"),
        ("{} | compare({ status = error }, 0)", "compare() top number of values must be an integer between 1 and 1000"),
        ("{} | compare({ status = error }, 1001)", "compare() top number of values must be an integer between 1 and 1000"),
        ("{} | compare({ status = error }, 10, 2, 2)", "compare() end timestamp must be greater than start timestamp"),
        ("{} | compare({ 1 })", "span filter field expressions must resolve to a boolean: { 1 }"),
        ("{} | compare({ true }) | topk(1)", "`compare()` cannot be used with second stage functions"),
        ("({} | compare({ true })) / ({} | rate())", "`compare()` cannot be used with second stage functions"),
        ("{} | rate() | topk(0)", "limit must be greater than 0"),
    ],
)
def test_a_query_that_means_nothing_and_why(text: str, message: str) -> None:
    with pytest.raises(InvalidQuery) as raised:
        validate(parse(text))
    assert str(raised.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{ parent.a = 1 }", "parent not yet supported"),
        ("{ parent = nil }", "intrinsic (parent) not yet supported"),
        ("{} | 1 < count()", "scalar filter lhs of type (1) not yet supported"),
        ("{} | count() > count()", "scalar filter rhs of type (count()) not yet supported"),
        ("{} | count() + 1 > 2", "scalar filter lhs of type ((count()) + (1)) not yet supported"),
    ],
)
def test_what_the_language_has_and_nobody_evaluates(text: str, message: str) -> None:
    with pytest.raises(Unsupported) as raised:
        validate(parse(text))
    assert str(raised.value) == message
