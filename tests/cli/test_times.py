import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.cli.times import format_time, parse_since, parse_time, short_duration
from lgtm.clock import NS_PER_S

AT_NS = 1_779_962_400 * NS_PER_S


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("1779962400", AT_NS),
        ("1779962400.5", AT_NS + NS_PER_S // 2),
        ("1779962400000000001", AT_NS + 1),
        ("2026-05-28T10:00:00Z", AT_NS),
        ("2026-05-28T12:00:00+02:00", AT_NS),
        ("2026-05-28T10:00:00.000001Z", AT_NS + 1_000),
    ],
)
def test_times_are_read_in_every_usual_form(text: str, ns: int) -> None:
    assert parse_time(text) == ns


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "12:00"])
def test_what_is_no_time_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="is not a time such as 2026-05-28T10:00:00Z"):
        parse_time(text)


def test_what_is_no_duration_is_refused_with_an_example() -> None:
    assert parse_since("1h30m") == 5_400 * NS_PER_S
    with pytest.raises(ValueError, match="'soon' is not a duration such as 30s"):
        parse_since("soon")


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (AT_NS, "2026-05-28T10:00:00Z"),
        (AT_NS + 120_000_000, "2026-05-28T10:00:00.12Z"),
        (-1, "1969-12-31T23:59:59.999999999Z"),
        (-(2**63), "1677-09-21T00:12:43.145224192Z"),
    ],
)
def test_times_are_written_with_the_digits_they_have(ns: int, text: str) -> None:
    assert format_time(ns) == text


@given(st.integers(-(2**61), 2**62).map(lambda us: us // 1_000 * 1_000))
def test_a_time_that_is_written_reads_back(ns: int) -> None:
    assert parse_time(format_time(ns)) == ns


@pytest.mark.parametrize(
    ("duration_ns", "text"),
    [
        (0, "0"), (1, "1ns"), (999, "999ns"), (1_000, "1µs"), (1_234, "1.23µs"), (12_345_678, "12.3ms"), (123_456_789, "123ms"),
        (100_000_000, "100ms"), (5_000_000, "5ms"), (9_999_999, "10ms"), (999_499_999, "999ms"), (999_999_000, "1s"),
        (59_990_000_000, "60s"), (60_000_000_000, "1m00s"), (3_725_000_000_000, "62m05s"),
    ],
)  # fmt: skip
def test_durations_have_few_digits(duration_ns: int, text: str) -> None:
    assert short_duration(duration_ns) == text
