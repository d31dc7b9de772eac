"""The fields of a long message are found by candidates as they are found one by one."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.errors import BadRequest, LimitExceeded
from lgtm.wire import field_runs
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.field_runs import scan_long
from lgtm.wire.fields import Fields
from lgtm.wire.protobuf import Buffer, TooManyFields
from wire.messages import field_bytes, varint_bytes

contents = st.one_of(st.binary(max_size=300), st.lists(st.binary(max_size=60).map(lambda c: field_bytes(1, c))).map(b"".join))
fields = st.lists(st.tuples(st.sampled_from([1, 1, 1, 4, 5, 16]), contents).map(lambda f: field_bytes(*f)), max_size=30)


def found(buffer: Buffer, fields: Fields) -> list[tuple[int, bytes]]:
    codes, _, start, end = fields.all
    return [(code, buffer.data[s:e]) for code, s, e in zip(codes, start.tolist(), end.tolist(), strict=True)]


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_runs, "_RUN_BYTES_MIN", 1)


@given(fields, st.sampled_from([0, 10, 48]))
def test_all_fields_are_found_in_their_order(parts: list[bytes], minimum: int) -> None:
    buffer = Buffer(b"".join(parts))
    assert found(buffer, scan_long(buffer, 0, buffer.size, most=1000, bytes_min={10: minimum})) == found(
        buffer, buffer.scan_one(0, buffer.size, most=1000)
    )


@given(fields, st.sampled_from([0, 10, 48]), st.data())
def test_a_damaged_message_is_read_or_refused_alike(parts: list[bytes], minimum: int, data: st.DataObject) -> None:
    damaged = bytearray(b"".join(parts) or b"\x0a\x00")
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    buffer = Buffer(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))
    try:
        expected: list[tuple[int, bytes]] | None = found(buffer, buffer.scan_one(0, buffer.size, most=1000))
    except (BadRequest, LimitExceeded):
        expected = None
    try:
        got: list[tuple[int, bytes]] | None = found(buffer, scan_long(buffer, 0, buffer.size, most=1000, bytes_min={10: minimum}))
    except (BadRequest, LimitExceeded):
        got = None
    assert got == expected


def test_wrong_candidates_are_sorted_out() -> None:
    """Contents that are full of the tag's byte, a length that is the tag, and a tag that ends the message."""
    random.seed(1)
    parts = [field_bytes(1, bytes(random.choices([10, 0, 48, 60, 200], k=random.choice([10, 48, 60, 200])))) for _ in range(2000)]
    buffer = Buffer(b"".join(parts))
    for minimum in (0, 48):
        fields = scan_long(buffer, 0, buffer.size, most=2000, bytes_min={10: minimum})
        assert [field_bytes(1, content) for _, content in found(buffer, fields)] == parts


def test_more_fields_than_allowed_are_refused() -> None:
    buffer = Buffer(field_bytes(1, bytes(50)) * 100)
    with pytest.raises(TooManyFields):
        scan_long(buffer, 0, buffer.size, most=99)


def test_noise_is_refused() -> None:
    buffer = Buffer(varint_bytes(1 << 3 | 2) + b"\xff" * 50)
    with pytest.raises(MalformedBody):
        scan_long(buffer, 0, buffer.size, most=99)
