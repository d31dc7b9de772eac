"""Fields of lines: who finds them, what they look like, how many values they have."""

from __future__ import annotations

from typing import Any

import pytest

from api.loki.query_server import QueryServer, Row, labels, log_result
from lgtm.api.loki.detected_fields import detect, json_paths, read_line
from lgtm.model.window import Window

S = 10**9
PATH = "/loki/api/v1/detected_fields"
APP = {"app": "a"}


def fields_of(rows: list[Row], limit: int = 1_000) -> dict[str, tuple[str, int, list[str]]]:
    return {name: (each.type, len(each.values), each.parsers) for name, each in detect(log_result(rows), limit).items()}


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        ('{"status": 200, "took": "5ms", "ok": true}', {"status": ("int", ["json"]), "took": ("duration", ["json"]), "ok": ("boolean", ["json"])}),
        ("status=200 size=10KB", {"status": ("int", ["logfmt"]), "size": ("bytes", ["logfmt"])}),
        ('10.0.0.1 - - "GET / HTTP/1.1" 200', {}),
        ("no fields here", {}),
        ("", {}),
        ('{"app": "other"}', {"app_extracted": ("string", ["json"])}),
        ("app=other", {"app_extracted": ("string", ["logfmt"])}),
    ],
)
def test_lines_are_read_as_json_or_else_as_logfmt(line: str, fields: dict[str, tuple[str, list[str]]]) -> None:
    found = fields_of([(1, line, labels(APP))])
    assert {name: (kind, parsers) for name, (kind, _, parsers) in found.items()} == fields


def test_metadata_has_no_parser_and_parsed_labels_have_that_of_the_line() -> None:
    found = fields_of([(1, "a=1", labels(APP, {"trace_id": "x"}, {"b": "2", "__error__": "e"}))])
    assert found == {"trace_id": ("string", 1, []), "b": ("int", 1, ["logfmt"]), "a": ("int", 1, ["logfmt"])}


def test_values_are_counted_once_and_the_oldest_decides_the_type() -> None:
    rows = [(3, "v=x", labels(APP)), (2, "v=1.5", labels(APP)), (1, "v=2", labels(APP, {"m": "1"})), (4, "v=x", labels(APP))]
    assert fields_of(rows)["v"] == ("int", 3, ["logfmt"])


def test_fields_beyond_the_limit_are_left_out() -> None:
    assert list(fields_of([(1, "a=1 b=2 c=3", labels(APP))], limit=2)) == ["a", "b"]


def test_keys_that_lead_to_a_field_are_told() -> None:
    assert json_paths('{"request": {"headers": {"X-Id": "1"}, "size": 5}, "a": 1}') == {
        "request_headers_X_Id": ["request", "headers", "X-Id"],
        "request_size": ["request", "size"],
        "a": ["a"],
    }
    assert json_paths("{broken") == json_paths("[1]") == {}
    assert read_line('{"app": 1}', frozenset({"app"})).paths == {"app_extracted": ["app"]}


async def test_the_newest_lines_are_read(server: QueryServer) -> None:
    server.engine.rows = [(1, '{"status": 200}', labels(APP))]
    response = await server.get(PATH, {"query": '{app="a"} |= "x"', "start": "10", "end": "20", "line_limit": "7", "limit": "5"})
    asked = server.engine.asked
    assert (asked["expr"], asked["window"], asked["limit"], asked["forward"]) == ('{app="a"} |= "x"', Window(10 * S, 20 * S), 7, False)
    field: dict[str, Any] = {"label": "status", "type": "int", "cardinality": 1, "parsers": ["json"], "jsonPath": ["status"]}
    assert response.json() == {"fields": [field], "limit": 5}


async def test_metadata_is_told_with_null_parsers_and_nothing_is_an_empty_object(server: QueryServer) -> None:
    assert (await server.get(PATH, {"query": '{app="a"}'})).json() == {}
    server.engine.rows = [(1, "x", labels(APP, {"trace_id": "t1"}))]
    answer = (await server.get(PATH, {"query": '{app="a"}', "field_limit": "3"})).json()
    assert answer == {"fields": [{"label": "trace_id", "type": "string", "cardinality": 1, "parsers": None}], "limit": 3}


async def test_values_of_one_field_are_listed_up_to_the_limit(server: QueryServer) -> None:
    server.engine.rows = [(3, "v=c", labels(APP)), (2, "v=b", labels(APP)), (1, "v=c", labels(APP))]
    path = "/loki/api/v1/detected_field/{}/values"
    assert (await server.get(path.format("v"), {"query": '{app="a"}'})).json() == {"values": ["c", "b"], "limit": 1_000}
    assert (await server.get(path.format("v"), {"query": '{app="a"}', "limit": "1"})).json() == {"values": ["c"], "limit": 1}
    assert (await server.get(path.format("none"), {"query": '{app="a"}'})).json() == {}
