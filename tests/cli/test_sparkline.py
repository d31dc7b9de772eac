import math
from typing import Any

import pytest

from lgtm.cli.sparkline import spark_rows, sparkline


@pytest.mark.parametrize(
    ("values", "width", "drawn"),
    [
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, "▁▂▃▄▅▆▇█"),
        ([0, 7, 0, 0], 2, "█▁"),
        ([5, 5], 2, "██"),
        ([0, 0], 2, "▁▁"),
        ([-1, 0, 1], 3, "▁▅█"),
        ([1, math.nan, math.inf], 3, "█  "),
        ([math.nan], 1, " "),
    ],
)
def test_values_become_bars_from_zero_on(values: list[float], width: int, drawn: str) -> None:
    assert sparkline(values, width) == drawn


def test_rows_of_series_share_their_moments_and_columns() -> None:
    series: list[dict[str, Any]] = [
        {"metric": {"a": "x"}, "values": [[1, "1"], [2, "10"]]},
        {"metric": {}, "values": [[3, "2.5"]]},
        {"metric": {"b": "y"}, "values": []},
    ]
    assert list(spark_rows(series)) == [
        '▁█   max  10  last  10  {a="x"}',
        "  █  max 2.5  last 2.5  {}",
        '     max nan  last nan  {b="y"}',
    ]


def test_no_series_make_no_rows() -> None:
    assert list(spark_rows([])) == []
