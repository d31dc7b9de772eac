"""Whether an answer is what a script expects. Floats may differ by a millionth; labels, times, texts and layouts of histograms may not."""

from __future__ import annotations

import math
import sys
from itertools import pairwise

from lgtm.model.labels import Labels, format_labels
from lgtm.promql.histogram import Buckets, Histogram
from lgtm.promql.result import Result
from promql.notation import Item, Stale
from promql.script import Eval

_TOLERANCE = 1e-6


class Differs(Exception):
    """The first thing that is not as expected."""


def require_failure(case: Eval, message: str) -> None:
    expected = case.expects("fail")
    if not expected:
        raise Differs(f"error: {message}")
    if not expected[0].fits(message):
        raise Differs(f"expected the error {expected[0]}, got {message!r}")


def require_answer(case: Eval, result: Result, *, annotated: bool = True) -> None:
    if case.expects("fail"):
        raise Differs("expected an error")
    if annotated:
        _require_annotations(case, "warn", result.warnings)
        _require_annotations(case, "info", result.infos)
    if result.scalar is not None:
        _require_scalar(case, result)
    elif result.string is not None:
        if result.string != (case.string or ""):
            raise Differs(f"expected {case.string!r}, got {result.string!r}")
    else:
        if case.scalar is not None:
            raise Differs("expected a scalar")
        _require_series(case, result)


def require_middle(case: Eval, result: Result, ts_ms: int) -> None:
    """Of the answer to a range query around `ts_ms` the samples at that time, as if an instant query had given them."""
    _require_sorted(result)
    if case.scalar is not None:
        assert result.scalar is not None
        number = float(result.scalar[result.steps_ms.tolist().index(ts_ms)])
        if not close(case.scalar, number):
            raise Differs(f"expected {case.scalar}, got {number}")
        return
    _require_same(case, {labels: {ts: held[ts] for ts in held if ts == ts_ms} for labels, held in _points(result).items()}, [ts_ms])


def _require_annotations(case: Eval, kind: str, got: list[str]) -> None:
    expected = case.expects(kind)
    if case.expects(f"no_{kind}") and got:
        raise Differs(f"expected no {kind}, got {got}")
    for one in expected:
        if not any(one.fits(text) for text in got):
            raise Differs(f"expected {one}, got {got}")
    for text in got if expected else ():
        if not any(one.fits(text) for one in expected):
            raise Differs(f"unexpected {text}")


def _require_scalar(case: Eval, result: Result) -> None:
    assert result.scalar is not None
    if case.is_instant:
        if case.scalar is None or not close(case.scalar, float(result.scalar[0])):
            raise Differs(f"expected {case.scalar}, got {result.scalar[0]}")
        return
    _require_same(case, {(): dict(zip(result.steps_ms.tolist(), result.scalar.tolist(), strict=True))}, result.steps_ms.tolist())


def _require_series(case: Eval, result: Result) -> None:
    if not case.is_instant or result.ranges is not None:
        _require_sorted(result)
    points = _points(result)
    if case.expects("ordered") and list(points) != list(case.series):
        raise Differs(f"order: {[format_labels(labels) for labels in points]}")
    _require_same(case, points, (case.grid or case.times).steps_ms.tolist())


def _require_sorted(result: Result) -> None:
    labels = result.labels.rows()
    if any(one > other for one, other in pairwise(labels)):
        raise Differs("series are not sorted")


def _points(result: Result) -> dict[Labels, dict[int, float | Histogram]]:
    found: dict[Labels, dict[int, float | Histogram]] = {}
    if result.scalar is not None:
        return {(): dict(zip(result.steps_ms.tolist(), result.scalar.tolist(), strict=True))}
    for labels, floats, histograms in result.series():
        if labels in found:
            raise Differs(f"{format_labels(labels)} twice")
        found[labels] = dict(zip(floats.ts_ms.tolist(), floats.values.tolist(), strict=True))
        found[labels].update(zip(histograms.ts_ms.tolist(), histograms.values.tolist(), strict=True))
    return found


def _require_same(case: Eval, got: dict[Labels, dict[int, float | Histogram]], times: list[int]) -> None:
    for labels, expected in case.series.items():
        held = got.get(labels, {})
        wanted = {ts: item for ts, item in zip(times, expected, strict=False) if item is not None}
        if len(expected) > len(times) or held.keys() != wanted.keys():
            raise Differs(f"{format_labels(labels)}: expected samples at {sorted(wanted)}, got {sorted(held)}")
        for ts, item in wanted.items():
            if not _same(item, held[ts]):
                raise Differs(f"{format_labels(labels)} at {ts}: expected {item}, got {held[ts]}")
    for labels, held in got.items():
        if labels not in case.series and held:
            raise Differs(f"unexpected {format_labels(labels)}: {held}")


def _same(expected: Item, got: float | Histogram) -> bool:
    if isinstance(expected, Stale):
        return isinstance(got, float) and math.isnan(got)
    if isinstance(expected, Histogram):
        return isinstance(got, Histogram) and _same_histogram(expected.compact(), got.compact())
    return isinstance(got, float) and expected is not None and close(expected, got)


def _same_histogram(expected: Histogram, got: Histogram) -> bool:
    numbers = ((getattr(expected, name), getattr(got, name)) for name in ("count", "sum", "zero_count", "zero_threshold"))
    return (
        all(close(one, other) for one, other in numbers)
        and expected.schema == got.schema
        and expected.bounds == got.bounds
        and _same_buckets(expected.positive, got.positive)
        and _same_buckets(expected.negative, got.negative)
    )


def _same_buckets(expected: Buckets, got: Buckets) -> bool:
    return expected.index.tolist() == got.index.tolist() and all(map(close, expected.counts.tolist(), got.counts.tolist()))


def close(expected: float, got: float) -> bool:
    if math.isnan(expected) or math.isnan(got):
        return math.isnan(expected) and math.isnan(got)
    if expected == got:
        return True
    if math.isinf(expected) or math.isinf(got):
        return False
    size = abs(expected) + abs(got)
    if expected == 0 or got == 0 or size < sys.float_info.min:
        return abs(expected - got) < _TOLERANCE * sys.float_info.min
    return abs(expected - got) / min(size, sys.float_info.max) < _TOLERANCE
