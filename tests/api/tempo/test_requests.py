"""What is asked is read from parameters."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

import pytest

from lgtm.api.loki.form import Form, parse_form
from lgtm.api.tempo.config import TempoApiConfig
from lgtm.api.tempo.params import Ranges
from lgtm.api.tempo.requests import (
    TAGS_MAX,
    BareTagValuesRequest,
    filter_of,
    read_bare_tag_values,
    read_instant,
    read_range,
    read_search,
    read_tag_names,
    read_tag_values,
)
from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest
from lgtm.model.window import Window
from lgtm.traceql.errors import QUERY_BYTES_MAX
from lgtm.traceql.field_syntax import TRUE, Attribute
from lgtm.traceql.steps import Steps

NOW_NS = 1_700_000_000 * NS_PER_S
RANGES = Ranges(NOW_NS, TempoApiConfig())
RECENT = RANGES.recent()


def form(**parameters: str) -> Form:
    return parse_form(urlencode(parameters))


def refused(read: Callable[[], object], text: str) -> None:
    with pytest.raises(BadRequest, match=f"^{re.escape(text)}$"):
        read()


def test_a_search_by_query() -> None:
    asked = read_search(form(q="{ .a = 1 }", limit="5", spss="2", start="10", end="20", minDuration="1s"), RANGES)
    assert (str(asked.query), asked.plain, asked.limit, asked.spans_max) == ("{ .a = 1 }", False, 5, 2)
    assert asked.window == Window(10 * NS_PER_S, 20 * NS_PER_S + 1)


def test_nothing_asks_for_everything() -> None:
    asked = read_search(form(), RANGES)
    assert (str(asked.query), asked.plain, asked.limit, asked.spans_max, asked.window) == ("{ true }", True, 20, 3, RECENT)


@pytest.mark.parametrize(
    ("parameters", "query"),
    [
        ({"tags": 'status.code=ok a="b c"'}, "({ status = ok }) && ({ (span.a = `b c`) || (resource.a = `b c`) })"),
        ({"a b": "x=y"}, '{ (span."a b" = `x=y`) || (resource."a b" = `x=y`) }'),
        ({"tags": "", "minDuration": "1s", "maxDuration": "2s"}, "({ traceDuration >= 1s }) && ({ traceDuration <= 2s })"),
    ],
)
def test_a_search_by_tags(parameters: dict[str, str], query: str) -> None:
    asked = read_search(form(**parameters), RANGES)
    assert asked.plain
    assert str(asked.query) == query


def test_unknown_parameters_beside_a_query_or_tags_are_ignored() -> None:
    assert str(read_search(form(q="{}", foo="bar"), RANGES).query) == "{ true }"
    assert "foo" not in str(read_search(form(tags="a=b", foo="bar"), RANGES).query)


def test_tags_and_a_query_do_not_go_together() -> None:
    refused(lambda: read_search(form(q="{}", tags="a=b"), RANGES), "invalid request: can't specify tags and q in the same query")
    refused(lambda: read_search(form(tags="a=b a=c"), RANGES), "invalid tags: tag a has been set twice")


def test_tags_are_bounded() -> None:
    many = {f"tag{number}": "x" for number in range(TAGS_MAX)}
    assert str(read_search(form(**many), RANGES).query)
    refused(lambda: read_search(form(one="more", **many), RANGES), "invalid tags: a search is by at most 100 tags")


def test_a_filter_that_is_too_long_to_be_read_is_none() -> None:
    assert filter_of("{ span.a = 1 }") != TRUE
    assert filter_of("{ span.a = 1 }" + " " * QUERY_BYTES_MAX) == TRUE


def test_metrics_at_steps() -> None:
    asked = read_range(form(query="{} | rate()", start="0", end="600", step="1m", exemplars="7", maxSeries="3"), RANGES)
    assert (str(asked.query), asked.exemplars, asked.series_max) == ("{ true } | rate()", 7, 3)
    assert asked.steps == Steps(0, 60 * NS_PER_S, 11)


def test_metrics_as_one() -> None:
    asked = read_instant(form(q="{} | rate()", start="0", end="600", step="nonsense"), RANGES)
    assert asked.steps == Steps(600 * NS_PER_S, 600 * NS_PER_S, 1)


def test_names_of_tags() -> None:
    asked = read_tag_names(form(scope="span", q="{ span.a = 1 && }", limit="5"), RANGES)
    assert (asked.scope, str(asked.condition), asked.most, asked.window) == ("span", "span.a = 1", 5, RECENT)
    asked = read_tag_names(form(scope="none", limit="-1"), RANGES)
    assert (asked.scope, asked.condition, asked.most) == ("", TRUE, None)
    refused(lambda: read_tag_names(form(scope="Span"), RANGES), "invalid scope: Span")


def test_values_of_tags() -> None:
    asked = read_tag_values("span.a.b", form(limit="5", q="{ span.c = 1 }"), RANGES)
    assert (asked.field, str(asked.condition), asked.most, asked.window) == (Attribute("span", "a.b"), "span.c = 1", 5, RECENT)
    assert read_bare_tag_values("a.b", form(), RANGES) == BareTagValuesRequest("a.b", RECENT)
    refused(lambda: read_tag_values("span.a", form(limit="x"), RANGES), 'invalid limit: strconv.ParseUint: parsing "x": invalid syntax')
    wrong = 'invalid maxStaleValues: strconv.ParseUint: parsing "x": invalid syntax'
    refused(lambda: read_bare_tag_values("a", form(maxStaleValues="x"), RANGES), wrong)
    with pytest.raises(BadRequest, match=r"^please provide a valid tagName: failed to parse identifier a\.b: "):
        read_tag_values("a.b", form(), RANGES)
