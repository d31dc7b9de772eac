"""`unwrap`: the samples of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import pytest

from lgtm.logql.parser import parse
from lgtm.logql.stages import Conversion, InvalidStage, IpFilter, StageContext, Unwrap
from lgtm.logql.syntax import RangeAggregation
from support.logframes import Row, frame_of, shown


def unwrap(text: str) -> Unwrap:
    expr = parse(f'sum_over_time({{a="b"}} | {text} [1m])')
    assert isinstance(expr, RangeAggregation)
    assert expr.range.unwrap is not None
    return expr.range.unwrap


def samples(stage: Unwrap, *rows: Mapping[str, str]) -> list[tuple[float, Row]]:
    """Of rows with these labels: values, and the labels they are left with."""
    frame, values = stage.values(frame_of(*(("", labels) for labels in rows)), StageContext())
    assert values.dtype == np.float64
    return list(zip(values.tolist(), shown(frame), strict=True))


@pytest.mark.parametrize(
    ("conversion", "text", "value"),
    [
        (None, "12", 12.0),
        (None, "-1.5e3", -1500.0),
        (None, "+Inf", math.inf),
        (None, "0x10p0", 16.0),
        (None, "123456789012345678", 123456789012345678.0),
        ("bytes", "1KB", 1000.0),
        ("bytes", "1.5 KiB", 1536.0),
        ("bytes", "7", 7.0),
        ("duration", "1m30s", 90.0),
        ("duration", "-1.5ms", -0.0015),
        ("duration_seconds", "100ms", 0.1),
    ],
)
def test_the_value_of_the_label_is_the_sample_and_the_label_goes(conversion: Conversion | None, text: str, value: float) -> None:
    assert samples(Unwrap("x", conversion), {"x": text, "y": "1"}) == [(value, {"y": "1"})]


@pytest.mark.parametrize(
    ("conversion", "text", "reason"),
    [
        (None, "abc", 'strconv.ParseFloat: parsing "abc": invalid syntax'),
        (None, "1s", 'strconv.ParseFloat: parsing "1s": invalid syntax'),
        ("bytes", "10XB", "unhandled size name: xb"),
        ("duration", "5", 'time: missing unit in duration "5"'),
        ("duration_seconds", "1d", 'time: unknown unit "d" in duration "1d"'),
    ],
)
def test_a_value_that_cannot_be_read_is_zero_and_marked(conversion: Conversion | None, text: str, reason: str) -> None:
    ((value, row),) = samples(Unwrap("x", conversion), {"x": text})
    assert (value, row["failed"]) == (0.0, f"SampleExtractionErr: {reason}")


def test_rows_without_the_label_have_no_sample() -> None:
    assert samples(Unwrap("x"), {"y": "1"}, {"x": "2"}, {}) == [(2.0, {})]
    assert samples(Unwrap("x"), {"y": "1"}) == []


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("unwrap x", [1.0, 0.0, 3.0]),
        ('unwrap x | __error__=""', [1.0, 3.0]),
        ('unwrap x | __error__!=""', [0.0]),
        ('unwrap x | __error__="" | y="b"', [3.0]),
        ("unwrap x | x > 1", [0.0, 3.0]),
    ],
)
def test_filters_behind_it_see_its_errors_and_drop_samples_with_their_rows(text: str, values: list[float]) -> None:
    rows = samples(unwrap(text), {"x": "1", "y": "a"}, {"x": "bad", "y": "a"}, {"x": "3", "y": "b"})
    assert [value for value, _ in rows] == values


def test_a_filter_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidStage, match="ip: invalid pattern"):
        Unwrap("x", None, (IpFilter("y", "=", "nowhere"),))


@pytest.mark.parametrize("text", ["| unwrap x", "| unwrap duration_seconds(x)", '| unwrap bytes(x) | __error__="" | y>1'])
def test_it_prints_as_logql(text: str) -> None:
    assert str(unwrap(text.removeprefix("| "))) == text
