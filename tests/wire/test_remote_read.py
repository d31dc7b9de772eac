"""Remote read: requests and answers are those of the protobuf library, frames those of a reader of the published format."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest
from lgtm.model.matchers import InvalidRegex, Matcher, MatchOp
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.protobuf import read_varint
from lgtm.wire.remote_read import (
    ReadHints,
    ReadQuery,
    ReadRequest,
    ReadSeries,
    ResponseType,
    chunked_frames,
    decode_read_request,
    encode_read_response,
)
from wire.chunk_reader import Chunk, read_xor_chunk
from wire.test_crc32c import by_definition
from wire.test_remote_write import CUSTOM, HISTOGRAM, STALE, UP, T, bits
from wire.write_messages import PROMETHEUS, histogram


def full_request() -> Any:
    request = PROMETHEUS["ReadRequest"](accepted_response_types=[1, 0])
    query = request.queries.add(start_timestamp_ms=-5, end_timestamp_ms=T)
    for kind, name, value in [(0, b"__name__", b"up"), (1, b"job", b""), (2, b"code", b"5.."), (3, b"pod", b"a|b")]:
        query.matchers.add(type=kind, name=name, value=value)
    query.hints.step_ms, query.hints.func, query.hints.by, query.hints.range_ms = 15_000, b"rate", True, 300_000
    query.hints.start_ms, query.hints.end_ms = -5, T
    query.hints.grouping.extend([b"job", b"code"])
    request.queries.add()
    return request


GOOD = full_request().SerializeToString()


def test_a_request_is_read() -> None:
    matchers = (
        Matcher("__name__", MatchOp.EQ, "up"),
        Matcher("job", MatchOp.NE, ""),
        Matcher("code", MatchOp.RE, "5.."),
        Matcher("pod", MatchOp.NRE, "a|b"),
    )
    hints = ReadHints(15_000, "rate", -5, T, ("job", "code"), True, 300_000)
    request = decode_read_request(GOOD)
    assert request == ReadRequest((ReadQuery(-5, T, matchers, hints), ReadQuery(0, 0, ())), (1, 0))
    assert request.response_type is ResponseType.STREAMED_XOR_CHUNKS


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", ResponseType.SAMPLES), (b"\x10\x07\x10\x01\x10\x00", ResponseType.STREAMED_XOR_CHUNKS), (b"\x10\x00", ResponseType.SAMPLES)],
)
def test_the_first_known_type_of_response_is_taken(body: bytes, kind: ResponseType) -> None:
    assert decode_read_request(body).response_type is kind


def test_what_cannot_be_answered_is_refused() -> None:
    with pytest.raises(MalformedBody, match=r"does not support any of the requested response types: \[7\]"):
        _ = decode_read_request(b"\x10\x07").response_type
    for kind, value, error in [(4, b"", MalformedBody), (-1, b"", MalformedBody), (2, b"(", InvalidRegex), (0, b"\xff", MalformedBody)]:
        request = full_request()
        request.queries[1].matchers.add(type=kind, name=b"a", value=value)
        with pytest.raises(error):
            decode_read_request(request.SerializeToString())


@given(st.data())
@settings(max_examples=300)
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(BadRequest):
        decode_read_request(bytes(body[: data.draw(st.integers(0, len(body)))]))


def series_of(count: int, *, start: int = T) -> ReadSeries:
    values = np.random.default_rng(count).normal(size=count)
    values[: count // 2] = STALE
    return ReadSeries(UP, start + 15_000 * np.arange(count), values)


def samples_of(series: ReadSeries) -> Chunk:
    return [(ts, bits(value)) for ts, value in zip(series.ts_ms.tolist(), series.values.tolist(), strict=True)]


def labels_of(series: Any) -> tuple[tuple[str, str], ...]:
    return tuple((label.name.decode(), label.value.decode()) for label in series.labels)


def test_samples_and_histograms_are_written_for_each_query() -> None:
    stored = [histogram(fields).SerializeToString() for fields in (HISTOGRAM, CUSTOM)]
    both = ReadSeries(UP[:1], np.array([T]), np.array([1.0]), [T + 1, T + 2], stored)
    response = PROMETHEUS["ReadResponse"].FromString(encode_read_response([[series_of(300), both], [], [series_of(0)]]))
    assert [len(result.timeseries) for result in response.results] == [2, 0, 1]
    first, second = response.results[0].timeseries
    assert (labels_of(first), labels_of(second)) == (UP, UP[:1])
    assert [(sample.timestamp, bits(sample.value)) for sample in first.samples] == samples_of(series_of(300))
    expected = [histogram({**fields, "timestamp": T + 1 + number}) for number, fields in enumerate((HISTOGRAM, CUSTOM))]
    assert [found.SerializeToString() for found in second.histograms] == [found.SerializeToString() for found in expected]


def frames_of(data: bytes) -> list[Any]:
    found, position = [], 0
    while position < len(data):
        size, position = read_varint(data, position, len(data))
        body = data[position + 4 : position + 4 + size]
        assert int.from_bytes(data[position : position + 4], "big") == by_definition(body)
        found.append(PROMETHEUS["ChunkedReadResponse"].FromString(body))
        position += 4 + size
    assert position == len(data)
    return found


@pytest.mark.parametrize(("bytes_max", "count"), [(1, 7), (1_000_000, 2)])
def test_a_series_is_streamed_in_chunks_over_as_many_frames_as_it_needs(bytes_max: int, count: int) -> None:
    given_ = [series_of(601), series_of(0), series_of(120, start=-100_000)]
    frames = frames_of(b"".join(chunked_frames(3, given_, bytes_max=bytes_max)))
    assert {frame.query_index for frame in frames} == {3}
    assert all(len(frame.chunked_series) == 1 and labels_of(frame.chunked_series[0]) == UP for frame in frames)
    chunks = [chunk for frame in frames for chunk in frame.chunked_series[0].chunks]
    read = [read_xor_chunk(chunk.data) for chunk in chunks]
    assert [sample for chunk in read for sample in chunk] == [sample for series in given_ for sample in samples_of(series)]
    assert [(chunk.type, chunk.min_time_ms, chunk.max_time_ms) for chunk in chunks] == [(1, chunk[0][0], chunk[-1][0]) for chunk in read]
    assert [len(chunk) for chunk in read] == [120] * 5 + [1, 120]
    assert len(frames) == count


def test_a_frame_is_ended_by_the_chunk_that_fills_it() -> None:
    """Chunks of 601 values of which half are alike have some 1,000 bytes, but for the first."""
    sizes = [frame.ByteSize() for frame in frames_of(b"".join(chunked_frames(0, [series_of(6_000)], bytes_max=3_000)))]
    assert all(3_000 <= size < 4_500 for size in sizes[:-1])
