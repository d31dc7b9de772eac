"""Messages are the same in both their forms, and read back by another library."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given as for_all
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.tempo_messages import PARTIAL, Long, Status, any_value, double, given, json_bytes, key_values, message_bytes, read_message

SCALARS = st.text(max_size=5) | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Long(2**63), b'"9223372036854775808"'),
        (7, b"7"),
        (PARTIAL, b'"PARTIAL"'),
        (Status(0), b'"COMPLETE"'),
        (double(1.5), b"1.5"),
        (double(math.nan), b'"NaN"'),
        (double(math.inf), b'"Infinity"'),
        (double(-math.inf), b'"-Infinity"'),
        ("ключ", '"ключ"'.encode()),
    ],
)
def test_values_are_written_as_jsonpb_writes_them(value: object, text: bytes) -> None:
    assert json_bytes({"a": value}) == b'{"a":' + text + b"}"


def test_what_has_no_form_in_json_is_a_mistake() -> None:
    with pytest.raises(TypeError, match="not JSON serializable: set"):
        json_bytes({"a": set()})


def test_what_is_zero_or_empty_is_left_out() -> None:
    assert given({"a": 0, "b": "", "c": [], "d": {}, "e": None, "f": 1}) == {"f": 1}
    assert list(given({"nan": double(math.nan)})) == ["nan"]


@for_all(SCALARS | st.lists(SCALARS, max_size=3))
def test_a_value_is_opentelemetrys_any_value(value: object) -> None:
    written = message_bytes("KeyValue", {"key": "k", "value": any_value(value)})
    read = AnyValue.FromString(read_message("KeyValue", written).value.SerializeToString())
    assert _plain(read) == value
    if not isinstance(value, str):
        assert type(_plain(read)) is type(value)


def _plain(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    assert kind is not None
    return [_plain(member) for member in value.array_value.values] if kind == "array_value" else getattr(value, kind)


@for_all(st.lists(st.floats(), max_size=4), st.integers(0, 2**63 - 1), st.dictionaries(st.text(max_size=3), SCALARS, max_size=3))
def test_both_forms_say_the_same(values: list[float], time: int, labels: dict[str, object]) -> None:
    samples = [given({"value": double(value), "timestampMs": Long(time)}) for value in values]
    fields = given({"series": [given({"labels": key_values(labels.items()), "samples": samples})], "status": PARTIAL, "message": "why"})
    told = json.loads(json_bytes(fields))
    read = MessageToDict(read_message("QueryRangeResponse", message_bytes("QueryRangeResponse", fields)))
    assert read.pop("status") == 1
    assert told.pop("status") == "PARTIAL"
    assert read == told


def test_maps_are_objects_in_json_and_entries_in_protobuf() -> None:
    fields = {"traces": [{"traceID": "1", "serviceStats": {"a": {"spanCount": 2}, "b": {}}}, {"traceID": "2"}]}
    assert json.loads(json_bytes(fields)) == fields
    entries = read_message("SearchResponse", message_bytes("SearchResponse", fields)).traces[0].serviceStats
    assert [(entry.key, entry.value.spanCount) for entry in entries] == [("a", 2), ("b", 0)]


def test_an_empty_trace_is_written() -> None:
    assert message_bytes("TraceByIDResponse", {"trace": b""}) == b"\x0a\x00"


def test_a_request_that_is_none_is_refused() -> None:
    with pytest.raises(MalformedBody, match="proto: "):
        read_message("SearchRequest", b"\xff\xff\xff")
