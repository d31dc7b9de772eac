"""Byte sizes as the library behind Loki reads and writes them, and names made valid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.values import format_bytes, parse_bytes, sanitize_name


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("12", 12),
        ("12b", 12),
        ("1.5kB", 1_500),
        ("1 KB", 1_000),
        ("1 kib", 1_024),
        ("1Ki", 1_024),
        ("1,024B", 1_024),
        ("2M", 2_000_000),
        ("1GiB", 2**30),
        ("1tb", 10**12),
        ("0.4", 0),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("KB", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("-1KB", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        ("10XB", "unhandled size name: xb"),
        ("99EB", "too large: 99EB"),
    ],
)
def test_what_is_no_size(text: str, reason: str) -> None:
    with pytest.raises(ValueError) as raised:
        parse_bytes(text)
    assert str(raised.value) == reason


@pytest.mark.parametrize(("size", "text"), [(0, "0B"), (9, "9B"), (1_000, "1.0kB"), (1_500, "1.5kB"), (20_000_000, "20MB"), (1_024, "1024B")])
def test_sizes_are_written_short_where_that_reads_back(size: int, text: str) -> None:
    assert format_bytes(size) == text


@given(st.integers(0, 2**53))
def test_a_written_size_is_read_back(size: int) -> None:
    assert parse_bytes(format_bytes(size)) == size


@pytest.mark.parametrize(
    ("key", "name"),
    [("a", "a"), ("A_1", "A_1"), ("a-b.c", "a_b_c"), ("1a", "_1a"), (" a ", "a"), ("\xa01", "_1"), ("é", "_"), ("🚀🚀", "__"), ("", ""), ("  ", "")],
)
def test_keys_are_made_valid_names(key: str, name: str) -> None:
    assert sanitize_name(key) == name
