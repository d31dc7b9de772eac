"""What `lgtm query traces` and its like ask and print. The server's answers are given; the requests are real."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.command import lgtm
from cli.trace_documents import BEGIN_NS, MS, TRACE_ID, span, trace
from cli.web import Asked, Reply, serving
from lgtm.cli.traces import is_trace_id

RANGE = ("--from", "1779962399.5", "--to", "1779962460")
SECONDS = {"start": ["1779962399"], "end": ["1779962460"]}


def answering(document: object, **headers: str) -> Callable[[Asked], Reply]:
    return lambda _: Reply(body=json.dumps(document).encode(), headers=headers)


def found(trace_id: str, at_ms: int, **more: Any) -> dict[str, Any]:
    start = {"startTimeUnixNano": str(BEGIN_NS + at_ms * MS), "rootServiceName": "shop", "rootTraceName": "GET /"}
    return {"traceID": trace_id, **start, "durationMs": 1_250, "spanSets": [{"matched": 3}], "serviceStats": {"shop": {"spanCount": 4}}, **more}


FOUND = {"traces": [found("1f", 0), found(TRACE_ID, 5, serviceStats={"shop": {"errorCount": 2}}, durationMs=7, rootTraceName="a\nb")]}


def test_traces_that_match_are_listed_newest_first() -> None:
    with serving(answering(FOUND)) as web:
        ran = lgtm("query", "traces", "{status=error}", *RANGE, "--limit", "5", "--addr", web.addr, "--tenant", "team-a")
    assert ran.out.splitlines() == [
        f"2026-05-28T10:00:00.005Z       7ms  {TRACE_ID}  shop: a\\x0ab  3 matched, ✗ 2",
        f"2026-05-28T10:00:00Z         1.25s  {'1f'.zfill(32)}  shop: GET /  3 matched",
    ]
    (asked,) = web.asked
    assert (asked.path, asked.headers["x-scope-orgid"]) == ("/api/search", "team-a")
    assert asked.parameters == {"q": ["{status=error}"], "limit": ["5"], **SECONDS}


def test_found_traces_are_ids_or_objects_for_programs() -> None:
    with serving(answering(FOUND)) as web:
        assert lgtm("query", "traces", "{}", "-o", "raw", "--addr", web.addr).out.split() == [TRACE_ID, "1f".zfill(32)]
        objects = [json.loads(line) for line in lgtm("query", "traces", "{}", "-o", "jsonl", "--addr", web.addr).out.splitlines()]
    assert [each["traceID"] for each in objects] == [TRACE_ID, "1f".zfill(32)]


def test_nothing_found_prints_nothing() -> None:
    with serving(answering({"metrics": {}})) as web:
        ran = lgtm("query", "traces", "{}", "--addr", web.addr)
    assert (ran.code, ran.out, ran.err) == (0, "", "")


@pytest.mark.parametrize(
    ("text", "is_id"),
    [(TRACE_ID, True), (TRACE_ID.upper(), True), ("1f", True), ("", False), ("{}", False), (TRACE_ID + "0", False), ("1g", False)],
)
def test_hex_digits_are_a_trace_id(text: str, is_id: bool) -> None:
    assert is_trace_id(text) == is_id


def test_an_id_draws_its_trace_whenever_it_was() -> None:
    with serving(answering({"trace": trace(span(1), span(2, 1, error="bad"))})) as web:
        ran = lgtm("query", "traces", TRACE_ID, "--addr", web.addr, environ={"COLUMNS": "80"})
    assert (web.asked[0].path, web.asked[0].parameters) == (f"/api/v2/traces/{TRACE_ID}", {})
    title, *rows = ran.out.splitlines()
    assert title.startswith(f"trace {TRACE_ID}  2026-05-28T10:00:00Z  10ms  2 spans")
    assert [row.split("  ")[0] for row in rows[:2]] == ["shop: span 1", "└ ✗ shop: span 2"]
    assert "\x1b" not in ran.out


def test_an_id_with_a_range_is_looked_for_in_it() -> None:
    with serving(answering({"trace": trace(span(1))})) as web:
        lgtm("query", "traces", "1f", *RANGE, "--addr", web.addr)
    assert web.asked[0].parameters == SECONDS


def test_a_trace_is_cut_at_the_limit_and_it_is_said() -> None:
    with serving(answering({"trace": trace(*(span(n) for n in range(1, 2_001)))})) as web:
        whole = lgtm("query", "traces", "1f", "--addr", web.addr)
        cut = lgtm("query", "traces", "1f", "--limit", "3", "-o", "jsonl", "--addr", web.addr)
    assert (len(whole.out.splitlines()), whole.err) == (1_001, "lgtm: 1,000 more spans are not shown; raise --limit\n")
    assert (len(cut.out.splitlines()), cut.err) == (3, "lgtm: 1,997 more spans are not shown; raise --limit\n")


def test_spans_are_objects_for_programs_and_raw_is_what_came() -> None:
    document = trace(span(1, error="bad"))
    with serving(answering({"trace": document})) as web:
        (line,) = lgtm("query", "traces", "1f", "-o", "jsonl", "--addr", web.addr).out.splitlines()
        raw = lgtm("query", "traces", "1f", "-o", "raw", "--addr", web.addr)
    assert json.loads(raw.out) == document
    assert json.loads(line) == {
        "trace_id": TRACE_ID, "span_id": f"{1:016x}", "parent_span_id": "", "service": "shop", "name": "span 1", "kind": "server",
        "start": "2026-05-28T10:00:00Z", "duration_ns": 10 * MS, "status": "error", "status_message": "bad", "attributes": {},
        "resource": {"service.name": "shop"}, "events": [],
    }  # fmt: skip


def test_a_trace_that_nobody_has_is_an_error() -> None:
    with serving(answering({"trace": {}, "metrics": {}})) as web:
        ran = lgtm("query", "traces", "abc", "--addr", web.addr)
    assert (ran.code, ran.out, ran.err) == (1, "", "lgtm: no span of trace abc was found\n")


METRICS = {
    "series": [
        {
            "labels": [{"key": "resource.service.name", "value": {"stringValue": "shop"}}, {"key": "span.n", "value": {"intValue": "5"}}],
            "samples": [{"timestampMs": "1779962400000"}, {"timestampMs": "1779962415500", "value": 2.5}],
        }
    ]
}


def test_metrics_are_a_row_a_series_and_samples_for_programs() -> None:
    with serving(answering(METRICS)) as web:
        shown = lgtm("query", "traces", "{} | rate()", "--metrics", *RANGE, "--step", "15s", "--addr", web.addr)
        lines = lgtm("query", "traces", "{} | rate()", "--metrics", *RANGE, "-o", "jsonl", "--addr", web.addr)
    assert shown.out == '▁█  max 2.5  last 2.5  {resource.service.name="shop", span.n="5"}\n'
    expected = {"metric": {"resource.service.name": "shop", "span.n": "5"}, "values": [[1_779_962_400, "0"], [1_779_962_415.5, "2.5"]]}
    assert json.loads(lines.out) == expected
    assert web.asked[0].path == "/api/metrics/query_range"
    asked = {"q": ["{} | rate()"], "start": ["1779962399500000000"], "end": ["1779962460000000000"], "step": ["15s"]}
    assert web.asked[0].parameters == asked


def test_names_of_tags_are_written_as_queries_write_them() -> None:
    scopes = [{"name": "resource", "tags": ["service.name"]}, {"name": "span", "tags": ["http.route"]}, {"name": "intrinsic", "tags": ["status"]}]
    with serving(answering({"scopes": scopes})) as web:
        ran = lgtm("query", "tags", "--query", "{status=error}", *RANGE, "--addr", web.addr)
    assert ran.out == "resource.service.name\nspan.http.route\nstatus\n"
    assert web.asked[0].parameters == {"q": ["{status=error}"], **SECONDS}


def test_values_of_a_tag_are_printed() -> None:
    with serving(answering({"tagValues": [{"type": "string", "value": "shop"}, {"type": "int"}]})) as web:
        ran = lgtm("query", "tag-values", "span.a/b", "-o", "jsonl", "--addr", web.addr)
    assert (ran.out, web.asked[0].path) == ('"shop"\n""\n', "/api/v2/search/tag/span.a%2Fb/values")


@pytest.mark.parametrize(
    ("document", "headers"),
    [({"traces": []}, {"X-Lgtm-Warning": "node b is away"}), ({"status": "PARTIAL", "message": "node b is away"}, {})],
)
def test_what_an_answer_may_lack_is_told(document: object, headers: dict[str, str]) -> None:
    with serving(answering(document, **headers)) as web:
        ran = lgtm("query", "traces", "{}", "--addr", web.addr)
    assert (ran.code, ran.err) == (0, "lgtm: warning: node b is away\n")


def test_an_error_of_the_server_is_told_in_its_words() -> None:
    with serving(lambda _: Reply(400, b"invalid TraceQL query: parse error")) as web:
        ran = lgtm("query", "traces", "{", "--addr", web.addr)
    assert (ran.code, ran.out, ran.err) == (1, "", "lgtm: invalid TraceQL query: parse error (status 400)\n")
