"""Points are found wherever they stand in their metric, and so are their attributes."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Sum

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import TooManyRows
from lgtm.wire.otlp_metric_points import FoundPoints, attribute_bytes
from lgtm.wire.packed import varint_bytes
from lgtm.wire.protobuf import Buffer
from wire.messages import field_bytes

attributes = st.binary(max_size=200)


@given(st.lists(st.lists(st.tuples(st.sampled_from([7, 7, 7, 3]), attributes), max_size=4), max_size=5))
def test_attributes_of_a_point_are_one_piece_wherever_they_stand(points: list[list[tuple[int, bytes]]]) -> None:
    messages = [b"".join(field_bytes(number, content) for number, content in point) for point in points]
    buffer = Buffer(b"".join(messages))
    sizes = np.array([len(message) for message in messages], np.int64)
    places = buffer.scan(sizes.cumsum() - sizes, sizes.cumsum()).places(7 << 3 | 2)
    expected = [b"".join(field_bytes(7, content) for number, content in point if number == 7) for point in points]
    assert attribute_bytes(buffer, places, len(points), 7 << 3 | 2) == expected


points = st.sampled_from([0, 1, 0x7F, 0x80, 0x3FFF, 0x4000]).map(lambda size: field_bytes(1, bytes(size)))
values = st.sampled_from([0, 1, 2, 0x7F, 0x80])
numbers = st.tuples(st.sampled_from([2, 3, 9]), values).map(lambda pair: bytes((pair[0] << 3,)) + varint_bytes(pair[1]))


@given(st.lists(points | numbers | st.just(field_bytes(4, b"unknown")), max_size=6))
def test_fields_may_stand_in_any_order(fields: list[bytes]) -> None:
    body = b"".join(fields)
    found = FoundPoints()
    count, temporality, monotonic = found.read(Buffer(b"before" + body + b"behind"), 6, 6 + len(body), most=100)
    expected = [field for field in fields if field[0] == 10]
    assert count == len(found) == len(expected)
    assert [end - start for start, end in zip(found.starts, found.ends, strict=True)] == [len(content(field)) for field in expected]
    message = Sum.FromString(b"".join(field for field in fields if field[0] != 10))
    assert (temporality, bool(monotonic)) == (message.aggregation_temporality, message.is_monotonic)


def content(field: bytes) -> bytes:
    head = next(at for at in range(1, len(field)) if field[at] < 0x80) + 1
    return field[head:]


@given(st.lists(st.sampled_from([0, 1, 2, 10, 16, 24, 0x80, 0xFF]), max_size=8).map(bytes))
def test_what_protobuf_refuses_is_refused(body: bytes) -> None:
    found = FoundPoints()
    with contextlib.suppress(BadRequest, LimitExceeded):
        found.read(Buffer(body + bytes(4)), 0, len(body), most=100)
        assert all(start <= end <= len(body) for start, end in zip(found.starts, found.ends, strict=True))
        return
    with pytest.raises(DecodeError):
        Sum.FromString(body)


def test_points_are_bounded_over_all_metrics() -> None:
    found = FoundPoints()
    body = field_bytes(1, b"") * 2
    found.read(Buffer(body), 0, len(body), most=3)
    with pytest.raises(TooManyRows):
        found.read(Buffer(body), 0, len(body), most=3)


def test_points_of_a_metric_that_is_dropped_are_forgotten() -> None:
    found = FoundPoints()
    body = field_bytes(1, b"") * 3
    found.read(Buffer(body), 0, len(body), most=10)
    found.drop_last(2)
    assert (list(found.starts), list(found.ends)) == ([2], [2])
