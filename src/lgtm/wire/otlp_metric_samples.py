"""Points of OTLP metrics as rows: a number is one row, a histogram with explicit bounds or a summary is one for each of its series.

NumberDataPoint  { oneof value { double as_double = 4; sfixed64 as_int = 6 }; exemplars = 5; attributes = 7; flags = 8 }
HistogramDataPoint { fixed64 count = 4; optional double sum = 5; repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7;
                     exemplars = 8; attributes = 9; flags = 10 }
SummaryDataPoint { fixed64 count = 4; double sum = 5; repeated ValueAtQuantile quantile_values = 6 { double quantile = 1; double value = 2 };
                   attributes = 7; flags = 8 }
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from functools import lru_cache

import numpy as np

from lgtm.wire.arrays import Flags
from lgtm.wire.bounds import MetadataTooLarge
from lgtm.wire.decoded_samples import Loss
from lgtm.wire.fields import Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.otlp_exemplars import ExemplarColumns, Exemplars
from lgtm.wire.otlp_metric_family import Data
from lgtm.wire.otlp_metric_labels import SeriesKey
from lgtm.wire.otlp_metric_points import COUNT, SUM, FoundPoints, Group, Points
from lgtm.wire.otlp_metric_series import NOWHERE, Keys, Losses, RequestSeries
from lgtm.wire.packed import Lists, Words, fixed64_lists, within
from lgtm.wire.protobuf import FIXED64, LENGTH_DELIMITED, Buffer, tag
from lgtm.wire.sample_rows import Floats, SampleRows, flat, stale_where

_AS_DOUBLE, _AS_INT = tag(4, FIXED64), tag(6, FIXED64)
_QUANTILES, _QUANTILE, _QUANTILE_VALUE = tag(6, LENGTH_DELIMITED), tag(1, FIXED64), tag(2, FIXED64)
_INF = "+Inf"


@dataclass(slots=True)
class Request:
    """What the points of a request are read from and become: bytes, series, rows, exemplars, losses, and the times of each resource's rows."""

    buffer: Buffer
    series: RequestSeries
    rows: SampleRows
    exemplars: Exemplars
    losses: Losses
    key_bytes_max: int
    times: list[tuple[Ints, Ints]] = field(default_factory=list)
    """(resource, ts) of points that became rows."""


def add_numbers(request: Request, found: FoundPoints) -> None:
    """Gauges and sums. A point without a value, which JSON writes for NaN at times, says nothing and is dropped."""
    points = Points(request.buffer, found, attributes=7, flags=8, exemplars=5)
    code, start, _ = points.fields.last_of(_AS_DOUBLE, _AS_INT)
    bits = request.buffer.fixed(Places(start, start, start), "<u8")
    value = stale_where(np.where(code == _AS_INT, bits.view(np.int64).astype(np.float64), bits.view(np.float64)), points.stale)
    has_value = (code != 0) | points.stale
    request.losses.add(Loss.NO_VALUE, int((~has_value).sum()), "data point has no value")
    since = np.where(_is_gauge(found)[points.group], 0, points.start) if found.groups else points.start
    add_single(request, points, has_value, value, since)


def add_single(request: Request, points: Points, kept: Flags, value: Floats, since: Ints, histograms: list[bytes] | None = None) -> None:
    """One row for each point that is kept. histograms: of the points that are kept."""
    series = single_series(request, points, kept)
    ok = series[kept] != NOWHERE
    good = kept.nonzero()[0][ok]
    encoded = None if histograms is None else [histograms[at] for at in ok.nonzero()[0].tolist()]
    request.rows.add(series[good], points.ts[good], value[good], since[good], encoded)
    request.times.append((points.resources()[good], points.ts[good]))
    places = points.exemplars()
    if len(places):
        request.exemplars.expect(len(places))
        request.exemplars.add(ExemplarColumns(request.buffer, places), series[places.row], points.ts[places.row])


def single_series(request: Request, points: Points, kept: Flags) -> Ints:
    """The series of each point that is kept; NOWHERE for others and for those with invalid names."""
    found = np.full(points.count, NOWHERE, np.int64)
    places = request.series.places
    for row, ((group, attributes), wanted) in enumerate(zip(points.each(), kept.tolist(), strict=True)):
        if wanted:
            # A function made here costs less than asking first whether the series is known.
            of_row = places((group.around.serial, group.family.serial, attributes), _maker(group, attributes))
            if of_row:
                found[row] = of_row[0]
    return found


def add_histograms(request: Request, found: FoundPoints) -> None:
    """Histograms with explicit bounds as `_bucket`, `_count` and `_sum`."""
    points = Points(request.buffer, found, attributes=9, flags=10, exemplars=8, single=(COUNT, SUM))
    counts, bounds = bucket_lists(points, request.rows.rows_max)
    used, has_sum = _finite_buckets(counts, bounds), points.given(SUM) | points.stale
    rows = used + 2 + has_sum
    request.rows.expect(int(rows.sum()))
    places = list(_histogram_series(request, points, bounds, used, has_sum))
    kept = np.array([bool(of_point) for of_point in places], np.bool_)
    values = _histogram_values(points, counts, used, has_sum, rows)
    _add_expanded(request, points, kept, rows, places, values)
    _add_bucket_exemplars(request, points, bounds, used, places)


def bucket_lists(points: Points, most: int) -> tuple[Lists, Lists]:
    """The counts and the upper bounds of histograms; a request has no more bounds than rows."""
    counts = fixed64_lists(points.buffer, points.fields, 6, most=2 * most)
    return counts, fixed64_lists(points.buffer, points.fields, 7, most=most)


def add_summaries(request: Request, found: FoundPoints) -> None:
    points = Points(request.buffer, found, attributes=7, flags=8, single=(COUNT, SUM))
    places = points.fields.places(_QUANTILES)
    used = np.bincount(places.row, minlength=points.count)
    rows = used + 2
    request.rows.expect(int(rows.sum()))
    order = places.row.argsort(kind="stable")
    quantiles = MessageColumns(request.buffer, places.start[order], places.end[order], _QUANTILE, _QUANTILE_VALUE)
    at, of_quantiles = _doubles(quantiles, _QUANTILE), _doubles(quantiles, _QUANTILE_VALUE)
    series = list(_summary_series(request, points, at, used))
    kept = np.array([bool(of_point) for of_point in series], np.bool_)
    values = np.empty(int(rows.sum()), np.float64)
    first = rows.cumsum() - rows
    values[first.repeat(used) + within(used)] = of_quantiles
    values[first + used], values[first + used + 1] = points.words(COUNT).astype(np.float64), points.doubles(SUM)
    _add_expanded(request, points, kept, rows, series, values)


def upper_bound_text(value: float) -> str:
    """Shortest digits that mean the same number, never with an exponent: `1`, `0.005`, `+Inf`."""
    text = repr(value)
    if "e" in text:
        return format(Decimal(text), "f")
    if "n" in text:
        return {"inf": _INF, "-inf": "-Inf"}.get(text, "NaN")
    return text.removesuffix(".0")


_bound_text = lru_cache(maxsize=4096)(upper_bound_text)


def _is_gauge(found: FoundPoints) -> Flags:
    return np.array([group.family.kind.data == Data.GAUGE for group in found.groups], np.bool_)


def _maker(group: Group, attributes: bytes) -> Callable[[], Keys]:
    return lambda: (group.around.series(attributes).of(group.family.name),)


def _histogram_series(request: Request, points: Points, bounds: Lists, used: Ints, has_sum: Flags) -> Iterator[tuple[int, ...]]:
    """Of each point the places of its buckets, of +Inf, of the count and, where there is one, of the sum."""
    data = bounds.values.tobytes()
    first = 8 * (bounds.lengths.cumsum() - bounds.lengths)
    last = first + 8 * used
    columns = zip(points.each(), first.tolist(), last.tolist(), has_sum.tolist(), strict=True)
    for (group, attributes), start, end, with_sum in columns:
        of_bounds = data[start:end]
        known = (group.around.serial, group.family.serial, attributes, of_bounds, with_sum)
        yield request.series.places(known, _histogram_maker(request, group, attributes, of_bounds, with_sum))


def _histogram_maker(request: Request, group: Group, attributes: bytes, bounds: bytes, with_sum: bool) -> Callable[[], Keys]:
    def make() -> Keys:
        key, name = group.around.series(attributes), group.family.name
        _check_size(request, key, name, len(bounds) // 8)
        texts = [*map(_bound_text, np.frombuffer(bounds, "<f8").tolist()), _INF]
        keys = [*(key.of(f"{name}_bucket", le=text) for text in texts), key.of(f"{name}_count")]
        return (*keys, key.of(f"{name}_sum")) if with_sum else tuple(keys)

    return make


def _check_size(request: Request, key: SeriesKey, name: str, keys: int) -> None:
    """Before so many keys are made: labels of one point are repeated for each of its buckets."""
    if (key.size + len(name)) * keys > request.key_bytes_max:
        raise MetadataTooLarge(request.key_bytes_max)


def _summary_series(request: Request, points: Points, at: Floats, used: Ints) -> Iterator[tuple[int, ...]]:
    """Of each point the places of its quantiles, of the count and of the sum."""
    data = at.tobytes()
    ends = 8 * used.cumsum()
    for (group, attributes), start, end in zip(points.each(), (ends - 8 * used).tolist(), ends.tolist(), strict=True):
        quantiles = data[start:end]
        known = (group.around.serial, group.family.serial, attributes, quantiles, True)
        yield request.series.places(known, _summary_maker(request, group, attributes, quantiles))


def _summary_maker(request: Request, group: Group, attributes: bytes, quantiles: bytes) -> Callable[[], Keys]:
    def make() -> Keys:
        key, name = group.around.series(attributes), group.family.name
        _check_size(request, key, name, len(quantiles) // 8)
        texts = map(_bound_text, np.frombuffer(quantiles, "<f8").tolist())
        return (*(key.of(name, quantile=text) for text in texts), key.of(f"{name}_count"), key.of(f"{name}_sum"))

    return make


def _finite_buckets(counts: Lists, bounds: Lists) -> Ints:
    """How many bounds of each point are used: as many as there are counts for, and not one that is infinite, which all points have anyway."""
    used = np.minimum(bounds.lengths, counts.lengths)
    ends = bounds.lengths.cumsum() - bounds.lengths + used
    given = used > 0
    last = bounds.values.view(np.float64)[ends[given] - 1]
    used[given] -= np.isposinf(last)
    return used


def _histogram_values(points: Points, counts: Lists, used: Ints, has_sum: Flags, rows: Ints) -> Floats:
    values = np.empty(int(rows.sum()), np.float64)
    first = rows.cumsum() - rows
    total = points.words(COUNT).astype(np.float64)
    values[first.repeat(used) + within(used)] = _cumulative(counts, used)
    values[first + used] = values[first + used + 1] = total
    values[(first + used + 2)[has_sum]] = points.doubles(SUM)[has_sum]
    return values


def _cumulative(counts: Lists, used: Ints) -> Floats:
    """Of the first `used` counts of each point; sums begin anew with each point."""
    start = counts.lengths.cumsum() - counts.lengths
    values: Words = counts.values[start.repeat(used) + within(used)]
    sums = np.concatenate((np.zeros(1, np.uint64), values.cumsum(dtype=np.uint64)))
    before = sums[used.cumsum() - used]
    return np.asarray(sums[1:] - before.repeat(used), np.float64)


def _add_expanded(request: Request, points: Points, kept: Flags, rows: Ints, places: list[tuple[int, ...]], values: Floats) -> None:
    """rows, places: of each point; values: of all rows of all points."""
    owner = np.arange(points.count).repeat(rows)
    good = kept[owner]
    values = stale_where(values, points.stale[owner])
    request.rows.add(flat(places), points.ts[owner][good], values[good], points.start[owner][good], lengths=rows[kept])
    request.times.append((points.resources()[kept], points.ts[kept]))


def _add_bucket_exemplars(request: Request, points: Points, bounds: Lists, used: Ints, places: list[tuple[int, ...]]) -> None:
    """An exemplar is of the first bucket that holds its value."""
    found = points.exemplars()
    if not len(found):
        return
    request.exemplars.expect(len(found))
    exemplars = ExemplarColumns(request.buffer, found)
    ends = bounds.lengths.cumsum()
    texts = bounds.values.view(np.float64)
    first, last = (ends - bounds.lengths).tolist(), (ends - bounds.lengths + used).tolist()
    of_points: dict[int, list[float]] = {}
    series = []
    for row, value in zip(found.row.tolist(), exemplars.value.tolist(), strict=True):
        if row not in of_points:
            of_points[row] = texts[first[row] : last[row]].tolist()
        series.append(places[row][bisect_left(of_points[row], value)] if places[row] else NOWHERE)
    request.exemplars.add(exemplars, np.array(series, np.int64), points.ts[found.row])


def _doubles(columns: MessageColumns, number: int) -> Floats:
    start, end = columns.place(number)
    values = np.zeros(columns.count, np.float64)
    given = end != 0
    values[given] = columns.buffer.windows(start[given], 8).view("<f8")[:, 0]
    return values
