"""Zipkin v1 JSON to columns of spans, by way of v2.

{"traceId": "…", "id": "…", "annotations": [{"timestamp": 1, "value": "cs", "endpoint": {}}], "binaryAnnotations": [{"key": "k", "value": "v"}]}

What v2 has fields for, v1 says by annotations: "cs" and "cr" (client sent, received), "sr" and "ss" (server), "ms" and "mr" (message) tell the kind
and, where there is no timestamp, start and end. The endpoint of the first of them is the local one, or else the first that a binary annotation
names. Binary annotations are tags, but "sa", "ca" and "ma" with an endpoint, which is the remote one; "lc" is the tag `component`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lgtm.wire.any_value import json_text
from lgtm.wire.bounds import BOUNDS, BodyBounds
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.zipkin import Fields, Json, decode_spans, span_objects

_KINDS = {"cs": "CLIENT", "cr": "CLIENT", "sr": "SERVER", "ss": "SERVER", "ms": "PRODUCER", "mr": "CONSUMER"}
_ADDRESSES = ("sa", "ca", "ma")
_LOCAL_COMPONENT = "lc"
_COPIED = ("traceId", "id", "parentId", "name", "debug")


def decode_zipkin_v1_spans(data: bytes, *, bounds: BodyBounds = BOUNDS) -> DecodedSpans:
    """Pure. Raises as `decode_zipkin_spans`."""
    return decode_spans([_to_v2(span) for span in span_objects(data, bounds)], bounds)


def _to_v2(span: Fields) -> Fields:
    annotations, binary = list(span.objects("annotations")), list(span.objects("binaryAnnotations"))
    core = [each for each in annotations if each.text("value") in _KINDS]
    start, duration = _times(span, annotations)
    found: Json = {name: span.values.get(name) for name in _COPIED}
    found |= {"timestamp": start, "duration": duration, "kind": _KINDS[core[0].text("value")] if core else None}
    found["annotations"] = [each.values for each in annotations if each.text("value") not in (*_KINDS, "")]
    found["localEndpoint"] = _named_endpoint([*core, *(each for each in binary if each.text("key") not in _ADDRESSES)])
    found["remoteEndpoint"] = next((each.values.get("endpoint") for each in binary if _is_address(each)), None)
    found["tags"] = _tags(binary)
    return Fields(found, span.where)


def _times(span: Fields, annotations: Sequence[Fields]) -> tuple[int, int]:
    """Start and duration in microseconds; those of the annotations where the span has none."""
    start = span.microseconds("timestamp")
    if start or not annotations:
        return start, span.microseconds("duration")
    times = [each.microseconds("timestamp") for each in annotations]
    return min(times), max(times) - min(times)


def _named_endpoint(annotations: Sequence[Fields]) -> Any:
    return next((each.values["endpoint"] for each in annotations if each.object("endpoint").text("serviceName")), None)


def _is_address(annotation: Fields) -> bool:
    return annotation.text("key") in _ADDRESSES and bool(annotation.object("endpoint").values)


def _tags(binary: Sequence[Fields]) -> dict[str, str]:
    tags: dict[str, str] = {}
    for each in binary:
        key, value = each.text("key"), each.values.get("value")
        if _is_address(each):
            continue
        if isinstance(value, list | dict):
            each.expected("a string, a number, true or false", "value")
        text = value if isinstance(value, str) else "" if value is None else json_text(value)
        tags.setdefault("component" if key == _LOCAL_COMPONENT else key, text)
    return tags
