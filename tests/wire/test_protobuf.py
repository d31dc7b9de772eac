"""Reading many messages in lockstep finds what reading them one by one finds, and never more than is there."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire import protobuf
from lgtm.wire.bounds import MalformedBody, TooManyRows, TruncatedBody
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, Buffer, TooManyFields, next_field, tag
from wire.messages import field_bytes, varint_bytes

WANTED = (tag(1, VARINT), tag(2, LENGTH_DELIMITED), tag(3, FIXED64), tag(4, FIXED32), tag(15, LENGTH_DELIMITED))


numbers = st.sampled_from([1, 2, 3, 4, 5, 15, 16, 2000])
field = st.one_of(
    st.tuples(numbers, st.integers(0, 2**64 - 1)).map(lambda f: varint_bytes(tag(f[0], VARINT)) + varint_bytes(f[1])),
    st.tuples(numbers, st.binary(max_size=200)).map(lambda f: field_bytes(*f)),
    st.tuples(numbers, st.binary(min_size=8, max_size=8)).map(lambda f: varint_bytes(tag(f[0], FIXED64)) + f[1]),
    st.tuples(numbers, st.binary(min_size=4, max_size=4)).map(lambda f: varint_bytes(tag(f[0], FIXED32)) + f[1]),
)
messages = st.lists(st.lists(field, max_size=8).map(b"".join), max_size=12)


def one_by_one(data: bytes, starts: list[int], ends: list[int]) -> dict[int, list[tuple[int, bytes]]]:
    found: dict[int, list[tuple[int, bytes]]] = {wanted: [] for wanted in WANTED}
    for row, (position, end) in enumerate(zip(starts, ends, strict=True)):
        while position < end:
            number, content, position = next_field(data, position, end)
            if number in found:
                found[number].append((row, data[content:position]))
    return found


@given(messages)
def test_lockstep_finds_the_same_fields_in_the_same_order_of_each_message(contents: list[bytes]) -> None:
    data = b"".join(field_bytes(7, content) for content in contents)
    buffer = Buffer(data)
    found = buffer.messages(7, most=100)
    assert [data[s:e] for s, e in zip(found.starts, found.ends, strict=True)] == contents
    fields = buffer.fields(np.array(found.starts, np.int64), np.array(found.ends, np.int64), *WANTED)
    expected = one_by_one(data, list(found.starts), list(found.ends))
    for wanted, places in fields.items():
        got = [(row, data[s:e]) for row, s, e in zip(places.row.tolist(), places.start.tolist(), places.end.tolist(), strict=True)]
        assert sorted(got, key=lambda item: item[0]) == expected[wanted]


@pytest.mark.parametrize("size", [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])
@pytest.mark.parametrize("number", [1, 15, 16, 31, 2_047, 2_048])
def test_fields_of_any_number_and_length_are_read(number: int, size: int) -> None:
    data = field_bytes(number, bytes(size)) + field_bytes(2, b"behind")
    (found,) = Buffer(data).fields(np.array([0]), np.array([len(data)]), tag(2, LENGTH_DELIMITED)).values()
    assert (found.start.tolist()[-1:], found.end.tolist()[-1:]) == ([len(data) - 6], [len(data)])


@given(messages, st.data())
def test_a_damaged_message_is_refused_or_read_within_its_bounds(contents: list[bytes], data: st.DataObject) -> None:
    damaged = bytearray(b"".join(field_bytes(7, content) for content in contents))
    for _ in range(data.draw(st.integers(1, 4)) if damaged else 0):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    buffer = Buffer(bytes(damaged[: data.draw(st.integers(0, len(damaged)))]))
    try:
        found = buffer.messages(7, most=100)
        places = buffer.fields(np.array(found.starts, np.int64), np.array(found.ends, np.int64), *WANTED)
    except (BadRequest, LimitExceeded):
        return
    assert all((p.start <= p.end).all() and (p.end <= buffer.size).all() for p in places.values())


@pytest.mark.parametrize("value", [0, 1, 127, 128, 300, 2**31, 2**63 - 1, 2**63, 2**64 - 1])
def test_varints_hold_64_bits(value: int) -> None:
    buffer = Buffer(varint_bytes(tag(1, VARINT)) + varint_bytes(value))
    places = buffer.fields(np.array([0]), np.array([buffer.size]), tag(1, VARINT))[tag(1, VARINT)]
    assert buffer.varints(places).tolist() == [value]


def test_the_last_of_a_field_counts_and_an_absent_one_is_empty() -> None:
    data = field_bytes(2, b"first") + field_bytes(2, b"second")
    buffer = Buffer(data + field_bytes(5, b""))
    places = buffer.fields(np.array([0, len(data)]), np.array([len(data), buffer.size]), tag(2, LENGTH_DELIMITED))[tag(2, LENGTH_DELIMITED)]
    assert buffer.binary(*places.last(2)).to_pylist() == [b"second", b""]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\x3a", TruncatedBody),
        (b"\x3a\x05abc", TruncatedBody),
        (b"\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", TruncatedBody),
        (b"\x3a" + b"\xff" * 11, MalformedBody),
        (b"\x00\x00", MalformedBody),
        (b"\x0b", MalformedBody),
        (b"\x0f\x00", MalformedBody),
        (b"\x09\x00\x00", TruncatedBody),
    ],
)
def test_what_does_not_hold_together_is_refused_at_every_level(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        Buffer(data).messages(7, most=10)
    with pytest.raises(error):
        Buffer(data).fields(np.array([0]), np.array([len(data)]), *WANTED)


def test_a_message_may_not_look_beyond_its_end() -> None:
    data = field_bytes(2, b"abcdef")
    with pytest.raises(TruncatedBody):
        Buffer(data).fields(np.array([0]), np.array([len(data) - 1]), tag(2, LENGTH_DELIMITED))


def test_more_messages_than_asked_for_are_refused() -> None:
    with pytest.raises(TooManyRows, match="more than 10 entries"):
        Buffer(b"\x3a\x00" * 11).messages(7, most=10)


def test_a_message_of_countless_fields_is_refused() -> None:
    data = b"\x12\x00" * (protobuf.FIELDS_OF_MESSAGE_MAX + 1)
    with pytest.raises(TooManyFields):
        Buffer(data).fields(np.array([0]), np.array([len(data)]), tag(2, LENGTH_DELIMITED))
    with pytest.raises(TooManyFields):
        Buffer(data).messages(7, most=10)


def test_a_long_message_is_read_if_its_decoder_expects_one() -> None:
    data = b"\x12\x01x" * (protobuf.FIELDS_OF_MESSAGE_MAX + 1)
    for alike in (1, protobuf.FEW, protobuf.FEW_LONG):
        ends = np.arange(1, alike + 1) * len(data)
        found = Buffer(data * alike).scan(ends - len(data), ends, most=2 * protobuf.FIELDS_OF_MESSAGE_MAX).places(tag(2, LENGTH_DELIMITED))
        assert len(found) == alike * (protobuf.FIELDS_OF_MESSAGE_MAX + 1)
        assert (found.end - found.start == 1).all()
    assert len(Buffer(data).scan_one(0, len(data), most=len(data)).places(tag(2, LENGTH_DELIMITED))) == protobuf.FIELDS_OF_MESSAGE_MAX + 1


@pytest.mark.parametrize("value", [2**56 - 1, 2**56, 2**63 - 1, 2**63, 2**64 - 1])
def test_long_and_short_varints_are_read_together(value: int) -> None:
    data = varint_bytes(5) + varint_bytes(value) + varint_bytes(300)
    values, ends = Buffer(data).varints_and_ends(np.array([0, 1, len(data) - 2]))
    assert values.tolist() == [5, value, 300]
    assert ends.tolist() == [1, len(data) - 2, len(data)]


def test_the_fields_of_a_request_are_counted_over_all_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protobuf, "FIELDS_MAX", 10)
    buffer = Buffer(b"\x12\x00" * 6)
    buffer.fields(np.array([0]), np.array([12]), tag(2, LENGTH_DELIMITED))
    with pytest.raises(TooManyFields):
        buffer.fields(np.array([0]), np.array([12]), tag(2, LENGTH_DELIMITED))
