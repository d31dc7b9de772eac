"""A query is refused in the words of the endpoint that was asked."""

from __future__ import annotations

import pytest

from lgtm.api.loki.params import InvalidParameter
from lgtm.api.tempo.queries import metrics_query, search_query
from lgtm.errors import BadRequest
from lgtm.traceql.errors import NotMetrics


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{ status }", "invalid TraceQL query: span filter field expressions must resolve to a boolean: { status }"),
        ("", "invalid TraceQL query: parse error : syntax error: unexpected $end"),
        ("({} | rate()) + ({} | rate())", "invalid TraceQL query: metrics math and scalar expressions select no spans"),
        ("{}" + " " * 131_072, "TraceQL expression exceeds the configured maximum size of 131072 bytes, reduce the query expression size or "
         "contact your system administrator"),
    ],
)  # fmt: skip
def test_a_search_that_means_nothing_is_refused(text: str, told: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        search_query(text)
    assert str(caught.value) == told


def test_a_search_may_be_a_metrics_query() -> None:
    assert str(search_query("{} | rate()")) == "{ true } | rate()"


@pytest.mark.parametrize(
    ("text", "range_told", "instant_told"),
    [
        ("", "parse error : syntax error: unexpected $end", "compiling query: parse error : syntax error: unexpected $end"),
        ("{} | rate() | topk(0)", "compiling query: limit must be greater than 0", "compiling query: limit must be greater than 0"),
        ("{}", "not a metrics query", "not a metrics query"),
        ("{} | count() > 1", "not a metrics query", "not a metrics query"),
    ],
)
def test_a_metrics_query_that_means_nothing_is_refused(text: str, range_told: str, instant_told: str) -> None:
    for instant, told in ((False, range_told), (True, instant_told)):
        with pytest.raises(BadRequest) as caught:
            metrics_query(text, instant=instant)
        assert str(caught.value) == told
        assert isinstance(caught.value, InvalidParameter | NotMetrics)


def test_metrics_may_be_calculated() -> None:
    assert metrics_query("({} | rate()) / 2 ", instant=True)
