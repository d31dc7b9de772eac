"""A sampled span counts for as many as were not sampled beside it."""

from __future__ import annotations

import pytest

from lgtm.spanmetrics.weights import weights
from spanmetrics.given import Span, Value, table_of


@pytest.mark.parametrize(
    ("of_span", "of_resource", "expected"),
    [(0.5, 0.1, 2), (None, 0.1, 10), (0.0, 0.25, 4), (-1.0, None, 1), (2, None, 1), ("0.5", None, 1), (None, None, 1)],
)
def test_the_ratio_of_the_span_comes_before_that_of_the_resource(of_span: Value | None, of_resource: float | None, expected: float) -> None:
    span = Span(attributes={} if of_span is None else {"ratio": of_span}, resource={} if of_resource is None else {"ratio": of_resource})
    found = weights(table_of(span, Span(attributes={"ratio": 0.125})), "ratio", trace_state=False)
    assert found is not None
    assert found.tolist() == [expected, 8]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("ot=th:8", 2),
        ("ot=th:c", 4),
        ("ot=th:0", 1),
        ("ot=th:ff", 256),
        ("ot=rv:12345678901234;th:c", 4),
        ("ot=th:c;rv:12345678901234", 4),
        ("vendor=1, ot=th:c,x=y", 4),
        ("xot=th:c", 1),
        ("vendor=th:c", 1),
        ("ot=th:123456789012345", 1),
        ("ot=th:g", 1),
        ("", 1),
    ],
)
def test_the_threshold_in_the_trace_state_counts_where_asked_for(state: str, expected: float) -> None:
    found = weights(table_of(Span(trace_state=state), Span(trace_state="ot=th:8")), "", trace_state=True)
    assert found is not None
    assert found.tolist() == [expected, 2]


def test_the_trace_state_comes_before_the_attribute() -> None:
    table = table_of(Span(trace_state="ot=th:c", attributes={"ratio": 0.5}), Span(attributes={"ratio": 0.5}))
    found = weights(table, "ratio", trace_state=True)
    assert found is not None
    assert found.tolist() == [4, 2]


def test_where_nothing_is_sampled_there_are_no_weights() -> None:
    assert weights(table_of(Span()), "ratio", trace_state=True) is None
    assert weights(table_of(Span(attributes={"ratio": 0.5}, trace_state="ot=th:c")), "", trace_state=False) is None
