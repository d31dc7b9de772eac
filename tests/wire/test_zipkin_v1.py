"""Zipkin v1 says by annotations what v2 says by fields."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.zipkin import decode_zipkin_spans
from lgtm.wire.zipkin_v1 import decode_zipkin_v1_spans

IDS = {"traceId": "48485a3953bb6124", "id": "1", "parentId": "2", "name": "get"}
SHOP, DB = {"serviceName": "shop", "ipv4": "10.0.0.1"}, {"serviceName": "db", "port": 5432}


def check(v1: dict[str, Any], v2: dict[str, Any]) -> None:
    first, second = decode_zipkin_v1_spans(json.dumps([IDS | v1]).encode()), decode_zipkin_spans(json.dumps([IDS | v2]).encode())
    assert (first.series, first.rows.to_pylist()) == (second.series, second.rows.to_pylist())


def test_a_whole_span_is_read() -> None:
    annotations = [
        {"timestamp": 5, "value": "cs", "endpoint": SHOP},
        {"timestamp": 6, "value": "ws"},
        {"timestamp": 9, "value": "cr", "endpoint": SHOP},
    ]
    binary = [{"key": "sa", "value": True, "endpoint": DB}, {"key": "http.path", "value": "/", "endpoint": SHOP}, {"key": "n", "value": 1.5}]
    v2 = {"timestamp": 5, "duration": 4, "kind": "CLIENT", "localEndpoint": SHOP, "remoteEndpoint": DB}
    v2 |= {"annotations": [{"timestamp": 6, "value": "ws"}], "tags": {"http.path": "/", "n": "1.5"}, "debug": True}
    check({"annotations": annotations, "binaryAnnotations": binary, "debug": True}, v2)


@pytest.mark.parametrize(
    ("value", "kind"), [("cs", "CLIENT"), ("cr", "CLIENT"), ("sr", "SERVER"), ("ss", "SERVER"), ("ms", "PRODUCER"), ("mr", "CONSUMER")]
)
def test_the_first_core_annotation_tells_the_kind(value: str, kind: str) -> None:
    annotations = [{"timestamp": 5, "value": value, "endpoint": SHOP}, {"timestamp": 6, "value": "cs", "endpoint": DB}]
    check({"timestamp": 3, "duration": 9, "annotations": annotations}, {"timestamp": 3, "duration": 9, "kind": kind, "localEndpoint": SHOP})


def test_a_local_component_names_itself_and_its_service() -> None:
    binary = [{"key": "lc", "value": "worker", "endpoint": SHOP}, {"key": "error", "value": "true"}]
    check({"timestamp": 3, "binaryAnnotations": binary}, {"timestamp": 3, "localEndpoint": SHOP, "tags": {"component": "worker", "error": "true"}})


def test_an_address_without_an_endpoint_is_a_tag() -> None:
    check({"timestamp": 3, "binaryAnnotations": [{"key": "sa", "value": "x"}]}, {"timestamp": 3, "tags": {"sa": "x"}})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"annotations": [{"timestamp": "x", "value": "cs"}]}, r"spans\[0\].annotations\[0\].timestamp must be an integer"),
        ({"binaryAnnotations": [{"key": "k", "value": {}}]}, r"spans\[0\].binaryAnnotations\[0\].value must be a string, a number"),
        ({"binaryAnnotations": [{"key": "k", "endpoint": 5}]}, r"spans\[0\].binaryAnnotations\[0\].endpoint must be an object"),
        ({"id": "x"}, r"spans\[0\].id must be at most 16 hexadecimal digits"),
    ],
)
def test_a_wrong_field_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(MalformedBody, match=message):
        decode_zipkin_v1_spans(json.dumps([IDS | fields]).encode())
