"""Remote write 2.0 to columns: the same as 1.0, with labels by reference; a series with bad references hurts no other."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge, NothingFound, TooManyRows, TooManyStreams, TruncatedBody
from lgtm.wire.decoded_samples import Dropped, Loss, Metadata
from lgtm.wire.protobuf import TooManyFields
from lgtm.wire.remote_write_2 import decode_remote_write_2
from wire.messages import field_bytes, varint_bytes
from wire.test_remote_write import CUSTOM, HISTOGRAM, STALE, UP, T, bits, expected, requests, samples_of
from wire.write_messages import Labels, Sample, Writer2, histogram, write_1, write_2


@given(requests, st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=5)))
def test_rows_are_the_samples_in_order_with_their_series(request: list[tuple[Labels, list[Sample]]], symbols: list[str]) -> None:
    decoded = decode_remote_write_2(write_2(request, *symbols).SerializeToString())
    assert samples_of(decoded) == expected(request)
    assert (decoded.format, decoded.exemplars, decoded.metadata) == ("remote_write_2", None, ())
    assert decoded.rows.schema.names == ["series", "ts", "value"]


def test_equal_labels_have_equal_keys_whatever_the_symbols() -> None:
    one = decode_remote_write_2(write_2([(UP, [(T, STALE)]), (UP[:1], [(T, 2)])]).SerializeToString())
    other = decode_remote_write_2(write_2([(UP[:1], []), (UP, [(T, 1)])], "else", "job", "api", *map(str, range(300))).SerializeToString())
    assert one.keys.to_pylist() == other.keys.to_pylist()[::-1]
    assert bits(one.rows.column("value")[0].as_py()) == bits(STALE)


def test_labels_that_only_look_alike_when_joined_have_different_keys() -> None:
    pairs = [(("a", "bc"),), (("ab", "c"),), (("abc", ""),), (("a", "b"), ("c", "")), (("a", ""), ("", "bc")), ()]
    decoded = decode_remote_write_2(write_2([(labels, [(T, 1)]) for labels in pairs]).SerializeToString())
    assert len(set(decoded.keys.to_pylist())) == len(pairs)
    assert [decoded.labels_of(index) for index in range(len(pairs))] == pairs


def test_references_may_be_packed_or_not() -> None:
    symbols = b"".join(field_bytes(4, text) for text in (b"", b"a", b"1", b"b", b"2"))
    forms = [
        field_bytes(1, b"\x01\x02\x03\x04"),
        field_bytes(1, b"\x01") + field_bytes(1, b"\x02\x03\x04"),
        b"\x08\x01" + field_bytes(1, b"\x02\x03") + b"\x08\x04",
        b"\x08\x01\x08\x02" + field_bytes(2, b"\x10\x05") + b"\x08\x03\x08\x84\x00",
    ]
    for body in (symbols + b"".join(field_bytes(5, form) for form in forms), b"".join(field_bytes(5, form) for form in forms) + symbols):
        decoded = decode_remote_write_2(body)
        assert [decoded.labels_of(index) for index in range(4)] == [(("a", "1"), ("b", "2"))] * 4
        assert len(set(decoded.keys.to_pylist())) == 1


@pytest.mark.parametrize(
    ("refs", "message"),
    [([1], "invalid labelRefs length 1"), ([1, 99], "outside of symbols"), ([2**32 - 1, 1], "outside of symbols"), ([1, 2, 1], "length 3")],
)
def test_a_series_with_bad_references_is_refused_alone(refs: list[int], message: str) -> None:
    request = write_2([(UP, [(T, 1)]), ((), [(T, 2)]), (UP, [(T, 3)])])
    request.timeseries[1].labels_refs.extend(refs)
    decoded = decode_remote_write_2(request.SerializeToString())
    assert decoded.rows.column("value").to_pylist() == [1, 2, 3]
    assert decoded.labels_of(0) == decoded.labels_of(2) == UP
    with pytest.raises(MalformedBody, match=f"parsing labels for series .*{message}"):
        decoded.labels_of(1)


@pytest.mark.parametrize("symbol", [b"caf\xe9", b"a\xffb", b"\xff", b"\xfe", b"\xfd"])
def test_a_symbol_that_is_not_utf8_refuses_the_series_that_use_it(symbol: bytes) -> None:
    request = write_2([(UP, [(T, 1)]), ((*UP, ("a", "b")), [(T, 2)])])
    request.symbols[-1] = symbol
    decoded = decode_remote_write_2(request.SerializeToString())
    assert decoded.labels_of(0) == UP
    with pytest.raises(MalformedBody, match="labels of series 1 is not valid UTF-8"):
        decoded.labels_of(1)


@pytest.mark.parametrize("symbols", [0, 20_000, 200_000])
def test_many_series_symbols_and_samples_are_read(symbols: int) -> None:
    series = [((("n", str(i)),), [(T + i, i)]) for i in range(20_000)]
    decoded = decode_remote_write_2(write_2([*series, (UP, [(T, 1)] * 40_000)], *map(str, range(symbols))).SerializeToString())
    assert decoded.rows.column("value").to_pylist()[:20_000] == list(range(20_000))
    assert len(decoded) == 60_000
    assert decoded.labels_of(19_999) == (("n", "19999"),)
    assert decoded.labels_of(20_000) == UP


def test_samples_and_histograms_may_say_since_when_they_count() -> None:
    writer = Writer2()
    series = writer.series(UP, [(T, 1), (T + 1, 2)])
    series.samples[1].start_timestamp = T - 60_000
    series.histograms.append(histogram({**HISTOGRAM, "timestamp": T + 2, "start_timestamp": T - 1}))
    series.histograms.append(histogram({**CUSTOM, "timestamp": T + 3}))
    rows = decode_remote_write_2(writer.request.SerializeToString()).rows
    rows.validate(full=True)
    assert rows.column("ts").to_pylist() == [(T + i) * 10**6 for i in range(4)]
    assert rows.column("start_ns").to_pylist() == [None, (T - 60_000) * 10**6, (T - 1) * 10**6, None]
    assert rows.column("histogram").to_pylist() == [None, None, *(histogram(fields).SerializeToString() for fields in (HISTOGRAM, CUSTOM))]
    assert list(map(bits, rows.column("value").to_pylist())) == list(map(bits, [1, 2, 2.5, STALE]))


def test_exemplars_have_their_labels_as_columns() -> None:
    writer = Writer2()
    first, second = writer.series(UP), writer.series(UP[:1])
    first.exemplars.add(labels_refs=writer.refs([("trace_id", "abc"), ("n", "1")]), value=0.5, timestamp=T)
    second.exemplars.add(value=1.5, timestamp=T)
    second.exemplars.add(labels_refs=writer.refs([("trace_id", "d")]), value=7, timestamp=T + 1)
    exemplars = decode_remote_write_2(writer.request.SerializeToString()).exemplars
    assert exemplars is not None
    exemplars.validate(full=True)
    assert exemplars.to_pydict() == {
        "series": [0, 1, 1],
        "ts": [T * 10**6, T * 10**6, (T + 1) * 10**6],
        "value": [0.5, 1.5, 7],
        "meta.n": ["1", None, None],
        "meta.trace_id": ["abc", None, "d"],
    }


@pytest.mark.parametrize(
    ("refs", "message"),
    [([1], "labels_refs of an exemplar are not pairs"), ([1, 99], "not pairs of symbols"), ([1, 2, 99], "not pairs"), ([1, 5], "not valid UTF-8")],
)
def test_exemplars_with_bad_references_are_left_out(refs: list[int], message: str) -> None:
    request = write_2([(UP, [(T, 1)]), (UP, [])])
    request.symbols.append(b"caf\xe9")
    for series, of_exemplar in ((0, [3, 4]), (0, refs), (1, refs), (1, [3, 2])):
        request.timeseries[series].exemplars.add(labels_refs=of_exemplar, timestamp=T)
    decoded = decode_remote_write_2(request.SerializeToString())
    assert decoded.exemplars is not None
    assert decoded.exemplars.column("series").to_pylist() == [0, 1]
    assert decoded.exemplars.column("meta.job").to_pylist() == ["api", "up"]
    (dropped,) = decoded.dropped
    assert (dropped.reason, dropped.points, len(decoded)) == (Loss.INVALID_EXEMPLAR, 2, 1)
    assert message in dropped.message


def test_a_name_of_an_exemplar_counts_as_one_whatever_its_symbols() -> None:
    request = write_2([(UP, [(T, 1)])])
    request.symbols.extend([b"a", b"a", b"1", b"2"])
    request.timeseries[0].exemplars.add(labels_refs=[5, 7, 6, 8], timestamp=T)
    decoded = decode_remote_write_2(request.SerializeToString())
    assert (decoded.exemplars, decoded.dropped[0].message) == (None, 'label name "a" is not unique: invalid exemplar')


def test_metadata_that_is_no_text_is_left_out() -> None:
    request = write_2([(UP, [(T, 1)]), (UP[:1], [(T, 2)])], "help")
    request.symbols.append(b"\xff")
    for series, help_ref in enumerate((len(request.symbols) - 1, 1)):
        request.timeseries[series].metadata.type, request.timeseries[series].metadata.help_ref = 1, help_ref
    decoded = decode_remote_write_2(request.SerializeToString())
    assert decoded.metadata == (Metadata("up", "counter", "help", ""),)
    assert decoded.dropped == (Dropped(Loss.INVALID_METADATA, 1, "a text of metadata is not valid UTF-8"),)
    assert len(decoded) == 2


def test_series_without_samples_are_told_of() -> None:
    writer = Writer2()
    for samples in ([(T, 1.0)], [], [(2**62, 1.0)]):
        writer.series(UP, samples).exemplars.add(timestamp=T)
    writer.series(UP).histograms.append(histogram(HISTOGRAM))
    assert decode_remote_write_2(writer.request.SerializeToString()).empty_series == (1,)


def test_metadata_is_said_once_for_each_family() -> None:
    writer = Writer2()
    for name, kind, text, unit in [
        ("b_bucket", 3, "Sizes.", "bytes"),
        ("a_total", 1, "Things.", ""),
        ("b_bucket", 3, "Sizes.", "bytes"),
        ("c", 99, "", ""),
        ("a_total", 1, "Others.", ""),
    ]:
        series = writer.series((("A", "before the name"), ("__name__", name)), [(T, 1)])
        series.metadata.type, series.metadata.help_ref, series.metadata.unit_ref = kind, writer.ref(text), writer.ref(unit)
    writer.series(UP, [(T, 1)])
    writer.series((("no", "__name__"),)).metadata.type = 1
    writer.series((("__name__", "d"),)).metadata.help_ref = 2**32 - 1
    decoded = decode_remote_write_2(writer.request.SerializeToString())
    assert sorted(decoded.metadata, key=lambda found: (found.family, found.help)) == [
        Metadata("a_total", "counter", "Others.", ""),
        Metadata("a_total", "counter", "Things.", ""),
        Metadata("b", "histogram", "Sizes.", "bytes"),
        Metadata("c", "unknown", "", ""),
        Metadata("d", "unknown", "", ""),
    ]


def test_an_empty_request_has_no_rows() -> None:
    for body in (b"", field_bytes(5, b""), field_bytes(4, b""), write_2([(UP, [])]).SerializeToString()):
        assert len(decode_remote_write_2(body)) == 0


@pytest.mark.parametrize("body", [write_1([(UP, [(T, 1)])]).SerializeToString(), field_bytes(9, b"x")])
def test_a_body_without_anything_of_the_message_is_another_one(body: bytes) -> None:
    with pytest.raises(NothingFound, match=r"expected the protobuf message io.prometheus.write.v2.Request"):
        decode_remote_write_2(body)


@pytest.mark.parametrize("ts_ms", [9_223_372_036_855, -(2**63)])
def test_a_start_beyond_64_bits_of_nanoseconds_is_unknown(ts_ms: int) -> None:
    writer = Writer2()
    series = writer.series(UP, [(T, 1), (T + 1, 2)])
    series.samples[0].start_timestamp, series.samples[1].start_timestamp = ts_ms, T
    series.histograms.append(histogram({**HISTOGRAM, "timestamp": T + 2, "start_timestamp": ts_ms}))
    decoded = decode_remote_write_2(writer.request.SerializeToString())
    assert decoded.rows.column("ts").to_pylist() == [(T + i) * 10**6 for i in range(3)]
    assert decoded.rows.column("start_ns").to_pylist() == [None, T * 10**6, None]
    assert decoded.dropped == ()


BOUNDS = BodyBounds(rows_max=100, streams_max=10, metadata_bytes_max=10_000)


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (lambda: write_2([(UP, [(T, 1)] * 101)]), TooManyRows),
        (lambda: write_2([(UP, [])] * 11), TooManyStreams),
        (lambda: write_2([], *map(str, range(30_000))), TooManyFields),
        (lambda: write_2([((("a", "x" * 900),) * 12, [])]), MetadataTooLarge),
    ],
)
def test_each_bound_has_its_error(request_: Callable[[], Any], error: type[Exception]) -> None:
    with pytest.raises(error, match="request body too large: "):
        decode_remote_write_2(request_().SerializeToString(), BOUNDS)


def test_endless_references_are_refused() -> None:
    body = field_bytes(4, b"x") + field_bytes(5, field_bytes(1, bytes(10_000_001)))
    with pytest.raises(TooManyFields):
        decode_remote_write_2(body)


def full_request() -> bytes:
    writer = Writer2()
    series = writer.series(UP, [(T, 1), (T + 1, STALE)])
    series.exemplars.add(labels_refs=writer.refs([("trace_id", "abc")]), value=1, timestamp=T)
    series.metadata.type, series.metadata.help_ref = 1, writer.ref("Help.")
    writer.series((*UP, ("code", "200"))).histograms.append(histogram({**HISTOGRAM, "timestamp": T, "start_timestamp": T}))
    return bytes(writer.request.SerializeToString())


GOOD = full_request()


def read_all(body: bytes) -> None:
    with contextlib.suppress(BadRequest, LimitExceeded):
        decoded = decode_remote_write_2(body)
        decoded.rows.validate(full=True)
        for index in range(len(decoded.keys)):
            with contextlib.suppress(MalformedBody):
                decoded.labels_of(index)


def test_a_request_may_be_cut_anywhere() -> None:
    for size in range(len(GOOD)):
        with contextlib.suppress(TruncatedBody):
            read_all(GOOD[:size])


@given(st.data())
@settings(max_examples=500)
def test_a_damaged_request_is_refused_or_read_and_never_anything_else(data: st.DataObject) -> None:
    body = bytearray(GOOD)
    for _ in range(data.draw(st.integers(1, 5))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    read_all(bytes(body))


@given(st.binary(max_size=100))
def test_noise_is_refused_or_read_and_never_anything_else(body: bytes) -> None:
    for sent in (body, field_bytes(5, body), field_bytes(5, field_bytes(1, body)), varint_bytes(42) + body):
        read_all(sent)
