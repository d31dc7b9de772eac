"""Messages ask what parameters ask."""

from __future__ import annotations

import re
from typing import Any

import pytest

from lgtm.api.loki.form import parse_form
from lgtm.api.tempo import requests, streamed_requests
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.params import Ranges
from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.traceql.steps import Steps
from lgtm.wire.tempo_messages import message_bytes, read_message

RANGES = Ranges(1_700_000_000 * NS_PER_S, TempoApiConfig())


def message(name: str, **fields: Any) -> Any:
    return read_message(name, message_bytes(name, fields))


@pytest.mark.parametrize(
    ("fields", "form"),
    [
        ({}, ""),
        ({"query": "{ .a = 1 }", "limit": 5, "spansPerSpanSet": 2, "start": 10, "end": 20}, "q={.a%3D1}&limit=5&spss=2&start=10&end=20"),
        ({"query": "{}", "tags": [{"key": "a", "value": "b"}]}, "q={}"),
        (
            {"tags": [{"key": "a", "value": "b c"}], "minDurationMs": 5, "maxDurationMs": 6},
            "tags=a%3D%22b+c%22&minDuration=5ms&maxDuration=6ms",
        ),
    ],
)
def test_a_search(fields: dict[str, Any], form: str) -> None:
    assert streamed_requests.search_asked(message("SearchRequest", **fields), RANGES) == requests.read_search(parse_form(form), RANGES)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"query": "{"}, "invalid TraceQL query: parse error"),
        ({"limit": 262_145}, "limit 262145 exceeds max limit 262144"),
        ({"spansPerSpanSet": 101}, "spans per span set exceeds 100. received 101"),
        ({"start": 20, "end": 10}, "http parameter start must be before end. received start=20 end=10"),
    ],
)
def test_a_search_is_checked(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=f"^{re.escape(told)}"):
        streamed_requests.search_asked(message("SearchRequest", **fields), RANGES)


def test_tags() -> None:
    asked = message("SearchTagsRequest", scope="span", query="{ span.a = 1 }", start=10, end=20, maxTagsPerScope=3)
    form = parse_form("scope=span&q={span.a%3D1}&start=10&end=20&limit=3")
    assert streamed_requests.tag_names_asked(asked, RANGES) == requests.read_tag_names(form, RANGES)
    asked = message("SearchTagValuesRequest", tagName="span.a", query="{ span.b = 1 }", start=10, end=20, maxTagValues=3)
    form = parse_form("q={span.b%3D1}&start=10&end=20&limit=3")
    assert streamed_requests.tag_values_asked(asked, RANGES) == requests.read_tag_values("span.a", form, RANGES)
    assert streamed_requests.bare_tag_values_asked(asked, RANGES) == requests.read_bare_tag_values("span.a", form, RANGES)


def test_metrics() -> None:
    asked = message("QueryRangeRequest", query="{} | rate()", start=10 * NS_PER_S, end=20 * NS_PER_S, step=NS_PER_S, exemplars=5, maxSeries=2)
    form = parse_form("q={}|rate()&start=10&end=20&step=1s&exemplars=5&maxSeries=2")
    assert streamed_requests.range_asked(asked, RANGES) == requests.read_range(form, RANGES)
    asked = message("QueryRangeRequest", query="{} | rate()")
    assert streamed_requests.range_asked(asked, RANGES) == requests.read_range(parse_form("q={}|rate()"), RANGES)
    asked = message("QueryInstantRequest", query="{} | rate()", start=10 * NS_PER_S, end=20 * NS_PER_S)
    assert streamed_requests.instant_asked(asked, RANGES) == requests.read_instant(parse_form("q={}|rate()&start=10&end=20"), RANGES)


def test_a_range_may_be_asked_as_an_instant() -> None:
    asked = message("QueryRangeRequest", query="{} | rate()", start=10 * NS_PER_S, end=20 * NS_PER_S, step=NS_PER_S, instant=True)
    assert streamed_requests.range_asked(asked, RANGES).steps == Steps.instant(10 * NS_PER_S, 20 * NS_PER_S)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"start": 5, "end": 5}, "end must be greater than start"),
        ({"start": 2**64 - 2, "end": 2**64 - 1}, "end must be greater than start"),
        ({"end": 600 * NS_PER_S, "step": 1}, "step of 1ns is too small, minimum step for given range is 60ms"),
        ({"query": "{}"}, "not a metrics query"),
    ],
)
def test_metrics_are_checked(fields: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest, match=f"^{re.escape(told)}$"):
        streamed_requests.range_asked(message("QueryRangeRequest", **({"query": "{} | rate()"} | fields)), RANGES)
