from __future__ import annotations

import pytest

from logql.gotemplate.rendering import failure, render


@pytest.mark.parametrize(
    ("call", "output"),
    [
        ("bytes `12`", "12"),
        ("bytes `1KiB`", "1024"),
        ("bytes `1.5 MB`", "1.5e+06"),
        ("duration `1h2m3.5s`", "3723.5"),
        ("duration_seconds `-1.5ms`", "-0.0015"),
        ("duration `0`", "0"),
    ],
)
def test_units_become_numbers(call: str, output: str) -> None:
    assert render(f"{{{{{call}}}}}") == output


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ("bytes `bogus`", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("bytes `1 QB`", "unhandled size name: qb"),
        ("duration `5`", 'time: missing unit in duration "5"'),
        ("duration `5d`", 'time: unknown unit "d" in duration "5d"'),
        ("duration_seconds ``", 'time: invalid duration ""'),
    ],
)
def test_what_has_no_unit_fails(call: str, reason: str) -> None:
    assert failure(f"{{{{{call}}}}}") == f"1:2: <{call}>: error calling {call.split()[0]}: {reason}"
