"""Durations as Prometheus writes them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.parsing.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("0s", 0), ("15s", 15), ("1h30m", 5_400), ("1d", 86_400), ("1w", 604_800), ("1y", 31_536_000), ("90s", 90), ("1500ms", 1.5)],
)
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds * NS_PER_S


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "empty duration string"),
        ("5", 'not a valid duration string: "5"'),
        ("-5m", 'not a valid duration string: "-5m"'),
        ("1.5h", 'unknown unit "." in duration "1.5h"'),
        ("5x", 'unknown unit "x" in duration "5x"'),
        ("1m1h", 'not a valid duration string: "1m1h"'),
        ("1m1m", 'not a valid duration string: "1m1m"'),
        ("300y", "duration out of range"),
        ("9" * 30 + "s", f'not a valid duration string: "{"9" * 30}s"'),
    ],
)
def test_what_is_no_duration_is_told_in_the_words_of_prometheus(text: str, error: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_duration(text)
    assert str(caught.value) == error


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0s"), (90, "1m30s"), (86_400, "1d"), (90_000, "1d1h"), (864_000, "10d"), (604_800, "1w"), (0.25, "250ms")]
)
def test_durations_are_written(seconds: float, text: str) -> None:
    assert format_duration(int(seconds * NS_PER_S)) == text


@given(st.integers(min_value=0, max_value=9_000_000_000_000).map(lambda ms: ms * 1_000_000))
def test_what_is_written_reads_back(duration_ns: int) -> None:
    assert parse_duration(format_duration(duration_ns)) == duration_ns
