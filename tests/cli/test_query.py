"""What `lgtm query` asks and prints. The server's answers are given; the requests are real."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from cli.command import lgtm
from cli.web import Asked, Reply, serving

HOUR_NS = 3_600 * 10**9


def data(document: object) -> Callable[[Asked], Reply]:
    return lambda _: Reply(body=json.dumps({"status": "success", "data": document}).encode())


def lines(first: int, last: int) -> list[list[str]]:
    return [[str(n), f"line {n}"] for n in range(last, first - 1, -1)]


def stored_lines(asked: Asked) -> Reply:
    """A server that holds a line at each ns from 1 to 5,000."""
    start, end, limit = (int(asked.parameters[name][0]) for name in ("start", "end", "limit"))
    found = [value for value in lines(1, 5_000) if start <= int(value[0]) < end]
    if asked.parameters["direction"] == ["forward"]:
        found.reverse()
    streams = [{"stream": {"app": "a"}, "values": found[:limit]}]
    return Reply(body=json.dumps({"status": "success", "data": {"resultType": "streams", "result": streams}}).encode())


@pytest.mark.parametrize(
    ("options", "first", "last", "count"),
    [
        ([], "line 5000", "line 4971", 30),
        (["--limit", "2500"], "line 5000", "line 2501", 2_500),
        (["--limit", "2", "--forward"], "line 1", "line 2", 2),
    ],
)
def test_lines_come_page_after_page_newest_first(options: list[str], first: str, last: str, count: int) -> None:
    with serving(stored_lines) as web:
        ran = lgtm("query", "logs", '{app="a"}', "--from", "0", "--to", "1", "-o", "raw", "--addr", web.addr, *options)
    assert ran.code == 0
    assert (ran.out.splitlines()[0], ran.out.splitlines()[-1], len(ran.out.splitlines())) == (first, last, count)


def test_the_question_reaches_the_server_as_it_was_put() -> None:
    with serving(stored_lines) as web:
        lgtm("query", "logs", '{app="a"} |= "x"', "--since", "1h", "--to", "1779962400", "--addr", web.addr, "--tenant", "team-a")
    (asked,) = web.asked
    end_ns = 1_779_962_400 * 10**9
    assert (asked.path, asked.headers["x-scope-orgid"]) == ("/loki/api/v1/query_range", "team-a")
    assert asked.parameters == {
        "query": ['{app="a"} |= "x"'], "start": [str(end_ns - HOUR_NS)], "end": [str(end_ns)], "limit": ["30"], "direction": ["backward"],
    }  # fmt: skip


def test_a_metric_query_prints_samples() -> None:
    matrix = {"resultType": "matrix", "result": [{"metric": {"app": "a"}, "values": [[1_779_962_400, "3"]]}]}
    with serving(data(matrix)) as web:
        ran = lgtm("query", "logs", 'rate({app="a"}[1m])', "--step", "1m", "--addr", web.addr)
    assert ran.out == '2026-05-28T10:00:00Z  3  {app="a"}\n'
    assert web.asked[0].parameters["step"] == ["1m"]


@pytest.mark.parametrize(
    ("arguments", "answer", "path", "asked", "out"),
    [
        (["labels"], ["app", "env"], "/loki/api/v1/labels", {}, "app\nenv\n"),
        (["label-values", "a/b"], ["x"], "/loki/api/v1/label/a%2Fb/values", {}, "x\n"),
        (["label-values", "a", "--query", '{b="c"}', "-o", "jsonl"], ["x"], "/loki/api/v1/label/a/values", {"query": ['{b="c"}']}, '"x"\n'),
        (["series", '{a="b"}'], [{"a": "b", "c": "d"}], "/loki/api/v1/series", {"match[]": ['{a="b"}']}, '{a="b", c="d"}\n'),
        (
            ["volume", '{a=~".+"}', "--by", "a", "--by", "c"],
            {"resultType": "vector", "result": [{"metric": {"a": "b"}, "value": [1_779_962_400, "77"]}]},
            "/loki/api/v1/index/volume",
            {"query": ['{a=~".+"}'], "limit": ["30"], "targetLabels": ["a,c"]},
            '2026-05-28T10:00:00Z  77  {a="b"}\n',
        ),
    ],
)
def test_questions_about_labels_and_volumes(arguments: list[str], answer: object, path: str, asked: dict[str, list[str]], out: str) -> None:
    with serving(data(answer)) as web:
        ran = lgtm("query", *arguments, "--addr", web.addr)
    assert (ran.code, ran.out, web.asked[0].path) == (0, out, path)
    assert {name: value for name, value in web.asked[0].parameters.items() if name not in ("start", "end")} == asked


def test_an_instant_query_is_one_sample_a_series() -> None:
    with serving(data({"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]})) as web:
        ran = lgtm("query", "instant", 'count_over_time({a="b"}[1m])', "--at", "1", "-o", "jsonl", "--addr", web.addr)
    assert json.loads(ran.out) == {"metric": {}, "value": [1, "2"]}
    assert web.asked[0].parameters["time"] == ["1000000000"]


def test_stats_are_printed_by_name() -> None:
    with serving(lambda _: Reply(body=b'{"streams": 2, "entries": 30}')) as web:
        assert lgtm("query", "stats", "{}", "--addr", web.addr).out == "streams  2\nentries  30\n"


def test_an_error_of_the_server_is_told_in_its_words() -> None:
    with serving(lambda _: Reply(400, b"parse error at line 1, col 1: syntax error")) as web:
        ran = lgtm("query", "logs", "nonsense", "--addr", web.addr)
    assert (ran.code, ran.out, ran.err) == (1, "", "lgtm: parse error at line 1, col 1: syntax error (status 400)\n")


def test_a_warning_of_the_server_is_not_lost() -> None:
    body = {"warnings": ["may be incomplete"], "data": []}
    with serving(lambda _: Reply(body=json.dumps(body).encode())) as web:
        ran = lgtm("query", "labels", "--addr", web.addr)
    assert (ran.code, ran.err) == (0, "lgtm: warning: may be incomplete\n")


def test_a_range_that_ends_before_it_begins_is_a_usage_error() -> None:
    ran = lgtm("query", "labels", "--from", "2", "--to", "1")
    assert ran.code == 2
    assert "the range ends before it begins" in ran.err
