from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "output"),
    [
        ("__timestamp__", "2026-11-20 10:59:49.52902967 +0000 UTC"),
        ("now", "2023-11-14 22:13:20 +0000 UTC"),
        ("date `2006-01-02` __timestamp__", "2026-11-20"),
        ("date `2006-01-02 15:04 MST` (toDate `2006 -0700` `2023 +0500`)", "2022-12-31 19:00 UTC"),
        ("date `2006-01-02` 86400", "1970-01-02"),
        ("date `2006-01-02` (add 86400 86400)", "1970-01-03"),
        ("date `2006-01-02` `anything else`", "2023-11-14"),
        ("toDate `2006-01-02` `2023-01-15`", "2023-01-15 00:00:00 +0000 UTC"),
        ("toDate `2006-01-02` `garbage`", "0001-01-01 00:00:00 +0000 UTC"),
        ("toDate `2006-01-02` `garbage` | unixEpochMillis", "-62135596800000"),
        ("toDateInZone `2006-01-02` `America/New_York` `2023-01-15` | unixEpoch", "1673758800"),
        ("toDateInZone `2006-01-02` `No/Where` `2023-01-15` | unixEpoch", "1673740800"),
        ("unixEpoch __timestamp__", "1795172389"),
        ("unixEpochMillis __timestamp__", "1795172389529"),
        ("unixEpochNanos __timestamp__", "1795172389529029670"),
        ("unixToTime `19373`", "2023-01-16 00:00:00 +0000 UTC"),
        ("unixToTime `1673798889`", "2023-01-15 16:08:09 +0000 UTC"),
        ("unixToTime `1673798889902`", "2023-01-15 16:08:09.902 +0000 UTC"),
        ("unixToTime `1673798889902000`", "2023-01-15 16:08:09.902 +0000 UTC"),
        ("unixToTime `1673798889902000001`", "2023-01-15 16:08:09.902000001 +0000 UTC"),
        ("printf `%T` (unixEpoch now)", "string"),
    ],
)
def test_functions_on_times(call: str, output: str) -> None:
    assert render(f"{{{{{call}}}}}") == output


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("123", "unable to parse time '123': %!w(<nil>)"),
        ("x", "unable to parse time 'x': strconv.ParseInt: parsing \"x\": invalid syntax"),
        ("", "unable to parse time '': strconv.ParseInt: parsing \"\": invalid syntax"),
        (
            "99999999999999999999",
            "unable to parse time '99999999999999999999': strconv.ParseInt: parsing \"99999999999999999999\": value out of range",
        ),
    ],
)
def test_what_is_no_time_since_1970_fails(text: str, reason: str) -> None:
    assert failure(f"{{{{unixToTime `{text}`}}}}") == f"1:2: <unixToTime `{text}`>: error calling unixToTime: {reason}"


def test_a_layout_that_is_too_long_fails() -> None:
    assert failure("{{date __line__ now}}", line="2" * 2_000).endswith("error calling date: layout of more than 1024 characters")
