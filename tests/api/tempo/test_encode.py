"""Answers are written as Tempo writes them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from lgtm.api.tempo.encode import (
    instant_fields,
    metadata_metrics,
    partial,
    range_fields,
    scoped_tag_names_fields,
    search_fields,
    search_metrics,
    tag_names_fields,
    tag_values_fields,
    trace_fields,
)
from lgtm.api.tempo.engine import SearchAnswer, TagNamesAnswer, TagValuesAnswer, TraceMetricsAnswer
from lgtm.api.tempo.requests import TagNamesRequest
from lgtm.model.window import ALWAYS
from lgtm.query.select import QueryStats
from lgtm.traceql.exemplars import Exemplar
from lgtm.traceql.field_syntax import TRUE
from lgtm.traceql.metrics import Series
from lgtm.traceql.search import FoundSpan, FoundSpanset, FoundTrace
from lgtm.traceql.steps import Steps
from lgtm.wire.tempo_messages import PARTIAL, Fields, json_bytes

S = 10**9
STATS = QueryStats(bytes_processed=7, lines_processed=8, blocks=2, head_runs=1)
SPAN = FoundSpan("00000000000000ab", "GET /", 5 * S, 0, (("status", "error"), ("n", 1)))
TRACE = FoundTrace("00" * 15 + "0a", "shop", "root", 5 * S, 3, {"shop": (2, 1), "cart": (1, 0)}, (FoundSpanset(9, (SPAN,), (("by(name)", "x"),)),))


def text(fields: Fields) -> str:
    return json_bytes(fields).decode()


def test_a_found_trace() -> None:
    spanset = (
        '{"spans":[{"spanID":"00000000000000ab","name":"GET /","startTimeUnixNano":"5000000000",'
        '"attributes":[{"key":"status","value":{"stringValue":"error"}},{"key":"n","value":{"intValue":"1"}}]}],"matched":9,'
        '"attributes":[{"key":"by(name)","value":{"stringValue":"x"}}]}'
    )
    assert text(search_fields(SearchAnswer([TRACE], STATS), plain=False)) == (
        '{"traces":[{"traceID":"a","rootServiceName":"shop","rootTraceName":"root","startTimeUnixNano":"5000000000","durationMs":3,'
        f'"spanSet":{spanset},"spanSets":[{spanset}],"serviceStats":{{"shop":{{"spanCount":2,"errorCount":1}},"cart":{{"spanCount":1}}}}}}],'
        '"metrics":{"inspectedBytes":"7","totalBlocks":2,"completedJobs":3,"totalJobs":3,"inspectedSpans":"8"}}'
    )


def test_a_plain_search_tells_only_which_traces_there_are() -> None:
    found = trace_fields(TRACE, plain=True)
    assert list(found) == ["traceID", "rootServiceName", "rootTraceName", "startTimeUnixNano", "durationMs"]


def test_what_is_zero_is_left_out_and_nothing_is_beyond_its_type() -> None:
    odd = replace(TRACE, start_ns=-5, duration_ms=2**40, root_name="", spansets=(), service_stats={})
    assert trace_fields(odd, plain=False) == {"traceID": "a", "rootServiceName": "shop", "durationMs": 2**32 - 1}
    assert text(search_fields(SearchAnswer([]), plain=False)) == '{"metrics":{}}'


def test_what_was_read() -> None:
    assert search_metrics(QueryStats()) == {}
    assert text(metadata_metrics(STATS)) == '{"inspectedBytes":"7","totalJobs":3,"completedJobs":3,"totalBlocks":2}'


def test_names_of_tags() -> None:
    answer = TagNamesAnswer({"span": ["b", "c"], "resource": ["a", "b"], "link": []}, STATS)
    asked = TagNamesRequest("", TRUE, ALWAYS)
    assert tag_names_fields(answer, asked)["tagNames"] == ["a", "b", "c"]
    assert tag_names_fields(answer, replace(asked, scope="span", most=1))["tagNames"] == ["b"]
    assert "tagNames" not in tag_names_fields(answer, replace(asked, scope="trace"))
    assert "duration" in tag_names_fields(answer, replace(asked, scope="intrinsic"))["tagNames"]
    scopes = scoped_tag_names_fields(answer, replace(asked, most=1))["scopes"]
    assert scopes == [{"name": "resource", "tags": ["a"]}, {"name": "span", "tags": ["b"]}, {"name": "intrinsic", "tags": ["duration"]}]
    assert scoped_tag_names_fields(answer, replace(asked, scope="span"))["scopes"] == [{"name": "span", "tags": ["b", "c"]}]


def test_values_of_tags() -> None:
    assert text(tag_values_fields(TagValuesAnswer([("int", "1"), ("string", "")]))) == (
        '{"tagValues":[{"type":"int","value":"1"},{"type":"string"}],"metrics":{}}'
    )


def series(*values: float, present: tuple[bool, ...] | None = None, exemplars: tuple[Exemplar, ...] = ()) -> Series:
    return Series((("a", 1),), np.array(values), np.array(present or (True,) * len(values)), exemplars)


def test_samples_have_times_and_zeros_no_value() -> None:
    exemplar = Exemplar((("trace:id", "1"),), 0.5, 1_500_000_000, 0)
    one = series(0.0, 1.5, math.nan, 9.0, present=(True, True, True, False), exemplars=(exemplar,))
    told = range_fields(TraceMetricsAnswer([one]), Steps(S, S, 4), 10)
    assert text(told) == (
        '{"series":[{"labels":[{"key":"a","value":{"intValue":"1"}}],'
        '"samples":[{"timestampMs":"1000"},{"value":1.5,"timestampMs":"2000"},{"value":"NaN","timestampMs":"3000"}],'
        '"exemplars":[{"labels":[{"key":"trace:id","value":{"stringValue":"1"}}],"value":0.5,"timestampMs":"1500"}]}],"metrics":{}}'
    )


def test_one_value_of_each_series() -> None:
    told = instant_fields(TraceMetricsAnswer([series(2.0), series(0.0), series(1.0, present=(False,))]), 10)
    labels = [{"key": "a", "value": {"intValue": 1}}]
    assert told["series"] == [{"labels": labels, "value": 2.0}, {"labels": labels}]


def test_what_is_cut_or_may_be_missing_is_told() -> None:
    told = instant_fields(TraceMetricsAnswer([series(1.0), series(2.0)], warnings=("node-2 could not be asked",)), 1)
    assert len(told["series"]) == 1
    assert told["status"] == PARTIAL
    assert told["message"] == (
        "Response exceeds maximum series limit of 1, a partial response is returned. Warning: the accuracy of each individual value is not "
        "guaranteed.; node-2 could not be asked"
    )
    assert partial(()) == {}
    assert partial(("a", "b", "a"))["message"] == "a; b"
