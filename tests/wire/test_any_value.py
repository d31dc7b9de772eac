"""Values of OTLP as text: as the OpenTelemetry Collector prints them."""

from __future__ import annotations

import base64
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire import any_value as module
from lgtm.wire.any_value import DEPTH_MAX, MAP, Value, Values, flatten, read_key_value, text_of
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.protobuf import Buffer
from wire.messages import any_value, field_bytes

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
int64 = st.integers(-(2**63), 2**63 - 1)
values = st.recursive(
    st.none() | texts | st.booleans() | int64 | st.floats(allow_nan=False) | st.binary(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=10,
)


def read(encoded: list[bytes]) -> Values:
    ends = np.cumsum([len(each) for each in encoded])
    return Values.read(Buffer(b"".join(encoded)), ends - [len(each) for each in encoded], ends)


@given(st.lists(values, min_size=1, max_size=6))
def test_a_column_of_values_holds_the_text_of_each(column: list[Value]) -> None:
    read_back = read([any_value(value).SerializeToString() for value in column])
    assert [read_back.nested(index) for index in range(len(column))] == column
    assert read_back.texts(str).to_pylist() == [text_of(value) for value in column]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (-(2**63), "-9223372036854775808"),
        (1.5, "1.5"),
        (200.0, "200"),
        (math.nan, "NaN"),
        (b"\x00\xff", "AP8="),
        ([], "[]"),
        ({}, "{}"),
        (["a", 1, True, None, 0.5, {"b": 2}], '["a",1,true,null,0.5,{"b":2}]'),
        ({"b": 1, "a": {"c": [1, "x"]}}, '{"a":{"c":[1,"x"]},"b":1}'),
        ({"q": '"\\\n<é>'}, '{"q":"\\"\\\\\\n<é>"}'),
        (math.inf, "+Inf"),
        ([math.inf, b"\x01"], '["+Inf","AQ=="]'),
    ],
)
def test_each_type_has_its_text(value: Value, text: str) -> None:
    assert read([any_value(value).SerializeToString()]).texts(str).to_pylist() == [text]


def test_of_a_oneof_the_last_field_counts() -> None:
    both = any_value("text").SerializeToString() + any_value(5).SerializeToString()
    assert read([both, any_value(5).SerializeToString() + any_value("text").SerializeToString()]).texts(str).to_pylist() == ["5", "text"]


def test_maps_flatten_to_their_leaves() -> None:
    assert list(flatten("a.b", {"c": 1, "d": {"e": "x", "f": [1]}, "g": {}})) == [("a.b_c", "1"), ("a.b_d_e", "x"), ("a.b_d_f", "[1]")]
    assert list(flatten("a", b"\xff")) == [("a", base64.b64encode(b"\xff").decode())]


def test_values_of_a_kind_can_be_left_out() -> None:
    column = read([any_value(value).SerializeToString() for value in ("x", {"a": 1})])
    assert column.without(MAP).texts(str).to_pylist() == ["x", ""]
    assert column.of_kind(MAP).tolist() == [1]


def test_a_key_value_is_read() -> None:
    data = field_bytes(1, b"key") + field_bytes(2, any_value("value").SerializeToString())
    assert read_key_value(data, 0, len(data)) == ("key", "value")
    assert read_key_value(b"", 0, 0) == ("", None)


def nested(levels: int) -> bytes:
    value = any_value("x").SerializeToString()
    for _ in range(levels):
        value = field_bytes(module.ARRAY >> 3, field_bytes(1, value))
    return value


def test_nesting_has_a_bound() -> None:
    assert read([nested(DEPTH_MAX)]).texts(str).to_pylist() == ["[" * DEPTH_MAX + '"x"' + "]" * DEPTH_MAX]
    for levels in (DEPTH_MAX + 1, 20_000):
        with pytest.raises(MalformedBody, match="nested deeper than 64 levels"):
            read([nested(levels)]).texts(str)


def test_invalid_utf8_is_named() -> None:
    with pytest.raises(MalformedBody, match="value 1 is not valid UTF-8 at byte 1"):
        read([any_value("ok").SerializeToString(), field_bytes(1, b"x\xff")]).texts(lambda index: f"value {index}")
    with pytest.raises(MalformedBody, match="text of a value is not valid UTF-8"):
        read([field_bytes(5, field_bytes(1, field_bytes(1, b"\xff")))]).texts(str)
