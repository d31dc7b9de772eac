import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wal.frame import Secret
from lgtm.wal.segment import SEGMENT_HEADER_BYTES, SegmentHeader, segment_name, segment_number

U64 = st.integers(0, 2**64 - 1)
HEADER = SegmentHeader(b"w" * 16, 3, 11, 10, 1_700_000_000_000_000_000, Secret(b"12345678"))


@given(st.builds(SegmentHeader, st.binary(min_size=16, max_size=16), U64, U64, U64, U64, st.binary(min_size=8, max_size=8).map(Secret)))
def test_what_is_encoded_is_read_back(header: SegmentHeader) -> None:
    data = header.encode()
    assert len(data) == SEGMENT_HEADER_BYTES
    assert SegmentHeader.decode(data, "here") == header


def test_any_changed_byte_and_any_cut_makes_it_no_header() -> None:
    data = HEADER.encode()
    for offset in range(len(data)):
        assert SegmentHeader.decode(data[:offset] + bytes([data[offset] ^ 1]) + data[offset + 1 :], "here") is None
        assert SegmentHeader.decode(data[:offset], "here") is None


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("00000001.log", 1),
        ("99999999.log", 99_999_999),
        ("123456789.log", 123_456_789),
        ("1.log", None),
        ("000000001.log", None),
        ("00000001.log.tmp", None),
        ("00000001.LOG", None),
        ("\u0661\u0661\u0661\u0661\u0661\u0661\u0661\u0661.log", None),
        ("identity", None),
    ],
)
def test_only_what_it_would_write_itself_is_the_name_of_a_segment(name: str, number: int | None) -> None:
    assert segment_number(name) == number
    assert number is None or segment_name(number) == name
