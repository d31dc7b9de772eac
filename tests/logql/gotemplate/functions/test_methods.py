from __future__ import annotations

import pytest

from logql.gotemplate.rendering import render


@pytest.mark.parametrize(
    ("chain", "output"),
    [
        ("Unix", "1795172389"),
        ("UnixMilli", "1795172389529"),
        ("UnixMicro", "1795172389529029"),
        ("UnixNano", "1795172389529029670"),
        ("Year", "2026"),
        ("Month", "November"),
        ("Day", "20"),
        ("Hour", "10"),
        ("Minute", "59"),
        ("Second", "49"),
        ("Nanosecond", "529029670"),
        ("YearDay", "324"),
        ("Weekday", "Friday"),
        ("Weekday.String", "Friday"),
        ("String", "2026-11-20 10:59:49.52902967 +0000 UTC"),
        ("UTC.Local.IsZero", "false"),
        ("Format `Jan 2`", "Nov 20"),
        ("AddDate 0 3 11", "2027-03-03 10:59:49.52902967 +0000 UTC"),
        ("Add -3600000000000", "2026-11-20 09:59:49.52902967 +0000 UTC"),
        ("Truncate 60000000000", "2026-11-20 10:59:00 +0000 UTC"),
        ("Truncate 0", "2026-11-20 10:59:49.52902967 +0000 UTC"),
        ("Round 1000000000", "2026-11-20 10:59:50 +0000 UTC"),
        ("Round 1", "2026-11-20 10:59:49.52902967 +0000 UTC"),
        ("Sub (toDate `x` `y`)", "2562047h47m16.854775807s"),
        ("After now", "true"),
        ("Before now", "false"),
        ("Equal __timestamp__", "true"),
        ("Compare now", "1"),
    ],
)
def test_methods_of_a_time(chain: str, output: str) -> None:
    assert render(f"{{{{__timestamp__.{chain}}}}}") == output


@pytest.mark.parametrize(
    ("method", "output"),
    [
        ("String", "-1h30m0.0015s"),
        ("Hours", "-1.5000004166666667"),
        ("Minutes", "-90.000025"),
        ("Seconds", "-5400.0015"),
        ("Milliseconds", "-5400001"),
        ("Microseconds", "-5400001500"),
        ("Nanoseconds", "-5400001500000"),
    ],
)
def test_methods_of_a_duration(method: str, output: str) -> None:
    assert render(f"{{{{((__timestamp__.Add -5400001500000).Sub __timestamp__).{method}}}}}") == output
