"""Prometheus remote read: requests, and answers as samples or as streamed chunks.

ReadRequest         { repeated Query queries = 1; repeated ResponseType accepted_response_types = 2 }
Query               { int64 start_timestamp_ms = 1; int64 end_timestamp_ms = 2; repeated LabelMatcher matchers = 3; ReadHints hints = 4 }
LabelMatcher        { Type type = 1; string name = 2; string value = 3 }
ReadHints           { int64 step_ms = 1; string func = 2; int64 start_ms = 3; int64 end_ms = 4; repeated string grouping = 5; bool by = 6
                      int64 range_ms = 7 }
ReadResponse        { repeated QueryResult results = 1 }
QueryResult         { repeated TimeSeries timeseries = 1 }         TimeSeries as in remote write 1.0
ChunkedReadResponse { repeated ChunkedSeries chunked_series = 1; int64 query_index = 2 }
ChunkedSeries       { repeated Label labels = 1; repeated Chunk chunks = 2 }
Chunk               { int64 min_time_ms = 1; int64 max_time_ms = 2; Encoding type = 3; bytes data = 4 }
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from lgtm.model.limits import MIB
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.crc32c import crc32c
from lgtm.wire.fields import Ints
from lgtm.wire.fields_out import integer, labels, message, samples, varint
from lgtm.wire.protobuf import LENGTH_DELIMITED, VARINT, next_field, read_varint, tag
from lgtm.wire.text import decode
from lgtm.wire.xor_chunk import SAMPLES_OF_CHUNK, xor_chunk

FRAME_BYTES_MAX = MIB
"""A frame is ended by the chunk with which it would reach this. Clients refuse frames of 50 MiB."""
_OPS = (MatchOp.EQ, MatchOp.NE, MatchOp.RE, MatchOp.NRE)
_XOR = 1


class ResponseType(IntEnum):
    SAMPLES = 0
    STREAMED_XOR_CHUNKS = 1


@dataclass(slots=True, frozen=True)
class ReadHints:
    """What the query that reads is going to do; an answer may ignore it."""

    step_ms: int = 0
    func: str = ""
    start_ms: int = 0
    end_ms: int = 0
    grouping: tuple[str, ...] = ()
    by: bool = False
    range_ms: int = 0


@dataclass(slots=True, frozen=True)
class ReadQuery:
    """Both ends belong to the range."""

    start_ms: int
    end_ms: int
    matchers: tuple[Matcher, ...]
    hints: ReadHints | None = None


@dataclass(slots=True, frozen=True)
class ReadRequest:
    queries: tuple[ReadQuery, ...]
    accepted: tuple[int, ...] = ()
    """Of ResponseType, the best first; numbers of later versions among them."""

    @property
    def response_type(self) -> ResponseType:
        """The first of the accepted ones that we know; a request that names none, as old clients do, means samples. Raises MalformedBody."""
        for number in self.accepted or (ResponseType.SAMPLES,):
            if number in list(ResponseType):
                return ResponseType(number)
        raise MalformedBody(f"server does not support any of the requested response types: {list(self.accepted)}")


@dataclass(slots=True, frozen=True, eq=False)
class ReadSeries:
    """A series of an answer, its samples ascending in time.

    histograms: messages as stored, with their times in histogram_ts_ms, ascending as well; samples and histograms are written apart.
    """

    labels: tuple[tuple[str, str], ...]
    ts_ms: Ints
    values: npt.NDArray[np.float64]
    histogram_ts_ms: Sequence[int] = ()
    histograms: Sequence[bytes] = ()


def decode_read_request(data: bytes) -> ReadRequest:
    """Raises MalformedBody, and InvalidRegex for a matcher."""
    found = _Fields(data, 0, len(data))
    return ReadRequest(tuple(_query(found.nested(place)) for place in found.all(1)), tuple(found.integers(2)))


def encode_read_response(results: Iterable[Iterable[ReadSeries]]) -> bytes:
    """ReadResponse: the series of each query in its order."""
    return b"".join(message(1, b"".join(message(1, _time_series(series)) for series in result)) for result in results)


def chunked_frames(query_index: int, result: Iterable[ReadSeries], *, bytes_max: int = FRAME_BYTES_MAX) -> Iterator[bytes]:
    """Frames for the series of one query, which come sorted by labels: length, CRC-32C and a ChunkedReadResponse of one series each.

    A series that needs more than `bytes_max` goes on in the next frame. Histograms have no place in XOR chunks and are left out: whoever may meet
    them answers with samples.
    """
    for series in result:
        head = labels(1, series.labels)
        content, empty = head, True
        for start in range(0, len(series.ts_ms), SAMPLES_OF_CHUNK):
            content += _chunk(series.ts_ms[start : start + SAMPLES_OF_CHUNK], series.values[start : start + SAMPLES_OF_CHUNK])
            empty = False
            if len(content) >= bytes_max:
                yield _frame(message(1, content) + integer(2, query_index))
                content, empty = head, True
        if not empty:
            yield _frame(message(1, content) + integer(2, query_index))


def _frame(body: bytes) -> bytes:
    return varint(len(body)) + crc32c(body).to_bytes(4, "big") + body


def _chunk(ts_ms: Ints, values: npt.NDArray[np.float64]) -> bytes:
    chunk = integer(1, int(ts_ms[0])) + integer(2, int(ts_ms[-1])) + integer(3, _XOR) + message(4, xor_chunk(ts_ms, values))
    return message(2, chunk)


def _time_series(series: ReadSeries) -> bytes:
    of_histograms = zip(series.histogram_ts_ms, series.histograms, strict=True)
    histograms = b"".join(message(4, histogram + integer(15, ts_ms)) for ts_ms, histogram in of_histograms)
    return labels(1, series.labels) + samples(2, series.ts_ms, series.values) + histograms


class _Fields:
    """The fields of one small message."""

    def __init__(self, data: bytes, position: int, end: int) -> None:
        self._data = data
        self._found: dict[int, list[tuple[int, int]]] = {}
        while position < end:
            found, start, position = next_field(data, position, end)
            self._found.setdefault(found, []).append((start, position))

    def all(self, number: int) -> list[tuple[int, int]]:
        """The places of a repeated message or text."""
        return self._found.get(tag(number, LENGTH_DELIMITED), [])

    def nested(self, place: tuple[int, int]) -> _Fields:
        return _Fields(self._data, *place)

    def texts(self, number: int) -> list[str]:
        return [decode(self._data[start:end], lambda: "text in a read request") for start, end in self.all(number)]

    def text(self, number: int) -> str:
        return (self.texts(number) or [""])[-1]

    def integers(self, number: int) -> list[int]:
        """A repeated integer, packed or not."""
        values = []
        for start, end in sorted(self.all(number) + self._found.get(tag(number, VARINT), [])):
            while start < end:
                value, start = read_varint(self._data, start, end)
                values.append(value)
        return values

    def integer(self, number: int) -> int:
        """Signed, of 64 bits."""
        value = self.integers(number)[-1:] or [0]
        return (value[0] & 2**64 - 1 ^ 1 << 63) - (1 << 63)


def _query(found: _Fields) -> ReadQuery:
    matchers = tuple(_matcher(found.nested(place)) for place in found.all(3))
    hints = [_hints(found.nested(place)) for place in found.all(4)]
    return ReadQuery(found.integer(1), found.integer(2), matchers, hints[-1] if hints else None)


def _matcher(found: _Fields) -> Matcher:
    kind = found.integer(1)
    if not 0 <= kind < len(_OPS):
        raise MalformedBody(f"invalid matcher type: {kind}")
    return Matcher(found.text(2), _OPS[kind], found.text(3))


def _hints(found: _Fields) -> ReadHints:
    return ReadHints(
        found.integer(1), found.text(2), found.integer(3), found.integer(4), tuple(found.texts(5)), bool(found.integer(6)), found.integer(7)
    )
