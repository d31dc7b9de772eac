"""What `lgtm query metrics` asks and prints. The server's answers are given; the requests are real."""

from __future__ import annotations

import json
from collections.abc import Callable

from cli.command import lgtm
from cli.web import Asked, Reply, serving

RANGE = ("--from", "1779962400", "--to", "1779962460")
MATRIX = [
    {"metric": {"__name__": "up", "job": "a"}, "values": [[1779962400, "1"], [1779962430, "0"]]},
    {"metric": {"job": "b"}, "histograms": [[1779962430, {"count": "7", "sum": "1.5"}]]},
]


def answering(kind: str, result: object, **more: object) -> Callable[[Asked], Reply]:
    document = {"status": "success", "data": {"resultType": kind, "result": result}, **more}
    return lambda _: Reply(body=json.dumps(document).encode())


def test_a_range_is_drawn_as_bars_and_native_histograms_by_their_count() -> None:
    with serving(answering("matrix", MATRIX)) as web:
        ran = lgtm("query", "metrics", "up", *RANGE, "--step", "30s", "--addr", web.addr, "--tenant", "team-a")
    assert ran.out.splitlines() == ['█▁  max 1  last 0  {__name__="up", job="a"}', ' █  max 7  last 7  {job="b"}']
    (asked,) = web.asked
    assert (asked.path, asked.headers["x-scope-orgid"]) == ("/prometheus/api/v1/query_range", "team-a")
    assert asked.parameters == {"query": ["up"], "start": ["1779962400.0"], "end": ["1779962460.0"], "step": ["30s"]}


def test_a_range_without_a_step_has_as_many_steps_as_bars() -> None:
    with serving(answering("matrix", [])) as web:
        lgtm("query", "metrics", "up", "--from", "1779962400", "--to", "1779966000", "--addr", web.addr)
        lgtm("query", "metrics", "up", *RANGE, "--addr", web.addr)
    assert [asked.parameters["step"] for asked in web.asked] == [["90s"], ["1s"]]


def test_a_moment_has_one_value_a_series() -> None:
    vector = [{"metric": {"job": "a"}, "value": [1779962400, "1.5"]}, {"metric": {"job": "b"}, "histogram": [1779962400, {"count": "7"}]}]
    with serving(answering("vector", vector)) as web:
        ran = lgtm("query", "metrics", "x", "--at", "1779962400", "--addr", web.addr)
    assert [line.split(maxsplit=1)[0] for line in ran.out.splitlines()] == ["2026-05-28T10:00:00Z"] * 2
    assert "1.5" in ran.out
    assert '{"count": "7"}' in ran.out
    assert web.asked[0].parameters == {"query": ["x"], "time": ["1779962400.0"]}


def test_scalars_and_strings_are_values_too() -> None:
    with serving(answering("scalar", [1779962400, "3"])) as web:
        assert "3" in lgtm("query", "metrics", "1 + 2", "--at", "now", "--addr", web.addr).out.split()
        assert web.asked[0].parameters == {"query": ["1 + 2"]}
    with serving(answering("string", [1779962400, "text"])) as web:
        assert lgtm("query", "metrics", '"text"', "--at", "now", "--addr", web.addr).out == "text\n"


def test_programs_get_an_object_for_each_series_as_it_was_answered() -> None:
    with serving(answering("matrix", MATRIX)) as web:
        ran = lgtm("query", "metrics", "up", "-o", "jsonl", "--addr", web.addr)
    assert [json.loads(line) for line in ran.out.splitlines()] == MATRIX


def test_warnings_and_remarks_go_to_standard_error() -> None:
    with serving(answering("matrix", [], warnings=["partial: b is away"], infos=["metric might not be a counter"])) as web:
        ran = lgtm("query", "metrics", "up", "--addr", web.addr)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == ["lgtm: warning: partial: b is away", "lgtm: info: metric might not be a counter"]
