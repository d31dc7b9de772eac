"""Aggregations: sum, avg, topk … by or without labels."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from lgtm.model.labels import quote
from lgtm.promql import annotations as texts
from lgtm.promql.calls.label_functions import is_label_name
from lgtm.promql.columns import Objects
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame
from lgtm.promql.hashing import hash_fractions
from lgtm.promql.histogram import IncompatibleSchemas
from lgtm.promql.histogram_sums import total
from lgtm.promql.numbers import format_float, format_short
from lgtm.promql.syntax import Aggregate
from lgtm.promql.value import NAME, Vector, merged
from lgtm.vectors.compensated import sum_groups
from lgtm.vectors.label_table import Column, LabelTable
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.vectors.over_time import quantile_over
from lgtm.vectors.windows import Bounds

T = TypeVar("T", F64, I64, Bool)


@dataclass(slots=True, frozen=True, eq=False)
class Groups:
    """codes: the group of each series; order: series sorted by group, `counts` of them in each."""

    labels: LabelTable
    codes: I64
    order: I64
    counts: I64

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def starts(self) -> I64:
        return np.cumsum(self.counts) - self.counts

    def fold(self, ufunc: np.ufunc, table: T) -> T:
        """Rows of each group as one."""
        folded: T = ufunc.reduceat(table[self.order], self.starts, axis=0)
        return folded

    def sums(self, table: F64) -> F64:
        return sum_groups(table[self.order], self.counts)


def aggregate(expr: Aggregate, frame: Frame) -> Vector:
    param = None if expr.param is None or expr.op == "count_values" else frame.scalar(expr.param)
    vector = frame.vector(expr.expr)
    if not len(vector):
        if param is not None and expr.op in ("topk", "bottomk", "limitk", "limit_ratio"):
            _check_numbers(expr, param)
        return Vector.empty(frame.steps)
    if expr.op == "count_values":
        assert expr.param is not None
        return _count_values(expr, vector, frame.string(expr.param))
    groups = group_series(vector.labels, expr)
    if expr.op in ("topk", "bottomk", "limitk", "limit_ratio"):
        assert param is not None
        _check_numbers(expr, param)
        return _choose(expr, vector, groups, param, frame)
    unnamed = np.logical_or.reduceat(vector.unnamed[groups.order], groups.starts)
    if expr.op in ("sum", "avg"):
        return _summed(expr, vector, groups, unnamed, frame)
    if expr.op in ("count", "group"):
        counts = groups.fold(np.add, vector.present.astype(np.int64)).astype(np.float64)
        values = counts if expr.op == "count" else np.ones(counts.shape)
        return Vector.of_floats(groups.labels, values, counts > 0, unnamed).without_empty_series()
    _note_ignored(expr, vector, frame)
    held = groups.fold(np.logical_or, vector.floats).astype(bool)
    with np.errstate(all="ignore"):
        values = _quantile(expr, vector, groups, param, frame) if param is not None else _FLOATS[expr.op](vector, groups)
    return Vector.of_floats(groups.labels, values, held, unnamed).without_empty_series()


def group_series(labels: LabelTable, expr: Aggregate) -> Groups:
    kept = labels.drop((*expr.grouping, NAME)) if expr.without else labels.keep(expr.grouping)
    codes, first = kept.number()
    order = np.argsort(codes, kind="stable")
    return Groups(kept.take(first), codes, order, np.bincount(codes, minlength=len(first)))


def _note_ignored(expr: Aggregate, vector: Vector, frame: Frame) -> None:
    if vector.has_histogram.any():
        frame.annotations.inform(texts.histogram_ignored(expr.op), expr.expr.position)


# --- sum and avg ---


def _summed(expr: Aggregate, vector: Vector, groups: Groups, unnamed: Bool, frame: Frame) -> Vector:
    counts = groups.fold(np.add, vector.floats.astype(np.int64))
    values = _mean(vector, groups, counts) if expr.op == "avg" else groups.sums(np.where(vector.floats, vector.values, 0.0))
    held = counts > 0
    histograms: Objects | None = None
    if vector.histograms is not None:
        of_histograms = groups.fold(np.logical_or, vector.has_histogram).astype(bool)
        mixed = held & of_histograms
        if mixed.any():
            frame.annotations.warn(texts.MIXED_IN_AGGREGATION, expr.expr.position)
        histograms = _summed_histograms(expr, vector, groups, of_histograms & ~mixed, frame)
        held = held & ~mixed
    return Vector(groups.labels, values, held, histograms, unnamed).tidy()


def _mean(vector: Vector, groups: Groups, counts: I64) -> F64:
    values = np.where(vector.floats, vector.values, 0.0)
    sums, divisors = groups.sums(values), np.maximum(counts, 1)
    with np.errstate(all="ignore"):
        means = sums / divisors
        overflow = ~np.isfinite(sums) & groups.fold(np.logical_and, np.isfinite(values)).astype(bool)
        return np.where(overflow, groups.sums(values / divisors[groups.codes]), means) if overflow.any() else means


def _summed_histograms(expr: Aggregate, vector: Vector, groups: Groups, wanted: Bool, frame: Frame) -> Objects:
    assert vector.histograms is not None
    result = np.full(wanted.shape, None, dtype=object)
    for group, step in np.argwhere(wanted).tolist():
        rows = groups.order[groups.starts[group] : groups.starts[group] + groups.counts[group]]
        held = [histogram for histogram in vector.histograms[rows, step].tolist() if histogram is not None]
        try:
            summed = total(held, mean=expr.op == "avg")
        except IncompatibleSchemas:
            for name in vector.metric_names(rows):
                frame.annotations.warn(texts.mixed_schemas(name), expr.expr.position)
            continue
        summed.annotate(frame, expr.expr.position)
        result[group, step] = summed.histogram.compact()
    return result


# --- what only heeds floats ---


def _extreme(ufunc: np.ufunc) -> Callable[[Vector, Groups], F64]:
    """fmin and fmax heed NaN only where there is nothing else."""
    return lambda vector, groups: groups.fold(ufunc, np.where(vector.floats, vector.values, np.nan))


def _variance(vector: Vector, groups: Groups) -> F64:
    counts = groups.fold(np.add, vector.floats.astype(np.int64))
    # Seen from one of its values, the variance of a constant is exactly 0.
    shifted = vector.with_floats(vector.values - _extreme(np.fmin)(vector, groups)[groups.codes])
    distances = shifted.values - _mean(shifted, groups, counts)[groups.codes]
    return groups.sums(np.where(vector.floats, distances * distances, 0.0)) / np.maximum(counts, 1)


_FLOATS: dict[str, Callable[[Vector, Groups], F64]] = {
    "min": _extreme(np.fmin),
    "max": _extreme(np.fmax),
    "stdvar": _variance,
    "stddev": lambda vector, groups: np.sqrt(_variance(vector, groups)),
}


def _quantile(expr: Aggregate, vector: Vector, groups: Groups, phis: F64, frame: Frame) -> F64:
    """Each (step, group) is a window over its values laid out one after the other."""
    assert expr.param is not None
    ordered = vector.floats[groups.order].T
    values = vector.values[groups.order].T[ordered]
    counts = np.add.reduceat(ordered.astype(np.int64), groups.starts, axis=1)
    ends = np.cumsum(counts).reshape(counts.shape)
    result = np.zeros(counts.shape)
    for phi in np.unique(phis).tolist():
        if not 0 <= phi <= 1:
            frame.annotations.warn(texts.quantile_out_of_range(phi), expr.param.position)
        steps = (phis == phi) | (np.isnan(phis) & np.isnan(phi))
        result[steps] = quantile_over(phi, values, Bounds((ends - counts)[steps], ends[steps]))
    return result.T


# --- choosing series ---

_INT64_MAX = 2**63


def _check_numbers(expr: Aggregate, param: F64) -> None:
    if np.isnan(param).any():
        raise EvaluationError("Ratio value is NaN" if expr.op == "limit_ratio" else "Parameter value is NaN")
    if expr.op != "limit_ratio":
        wrong = param[(param >= _INT64_MAX) | (param < -_INT64_MAX)]
        if len(wrong):
            raise EvaluationError(f"Scalar value {format_short(float(wrong[0]))} {'over' if wrong[0] > 0 else 'under'}flows int64")


def _choose(expr: Aggregate, vector: Vector, groups: Groups, param: F64, frame: Frame) -> Vector:
    """Series as they are, at the steps where they are chosen."""
    if expr.op == "limit_ratio":
        return vector.only(_by_ratio(expr, vector, param, frame)).tidy()
    if expr.op == "limitk":
        ranks = _ranks(vector.present, np.zeros(vector.values.shape), groups)
        return vector.only(vector.present & (ranks < np.trunc(param))).tidy()
    _note_ignored(expr, vector, frame)
    largest = expr.op == "topk"
    values = np.where(np.isnan(vector.values), np.inf, -vector.values if largest else vector.values)
    chosen = vector.floats & (_ranks(vector.floats, values, groups, np.isnan(vector.values)) < np.trunc(param))
    result = vector.with_floats(vector.values, chosen)
    if frame.is_range_query or frame.steps != 1:
        return result.without_empty_series()
    # In the order of groups, and of values within each.
    order = np.lexsort((values[:, 0], np.isnan(vector.values[:, 0]), groups.codes))
    return result.take(order).without_empty_series()


def _ranks(held: Bool, keys: F64, groups: Groups, last: Bool | None = None) -> I64:
    """The place of each sample within its group and step: by key, then in the order of the series."""
    series, step = np.nonzero(held)
    group = groups.codes[series]
    sort_keys = (series, keys[series, step], group, step) if last is None else (series, keys[series, step], last[series, step], group, step)
    order = np.lexsort(sort_keys)
    runs = step[order] * len(groups) + group[order]
    begins = np.flatnonzero(np.diff(runs, prepend=-1))
    ranks = np.zeros(held.shape, dtype=np.int64)
    ranks[series[order], step[order]] = np.arange(len(runs)) - np.repeat(begins, np.diff(begins, append=len(runs)))
    return ranks


def _by_ratio(expr: Aggregate, vector: Vector, ratios: F64, frame: Frame) -> Bool:
    assert expr.param is not None
    for ratio in np.unique(ratios).tolist():
        if abs(ratio) > 1:
            capped = 1.0 if ratio > 0 else -1.0
            frame.annotations.warn(texts.ratio_out_of_range(ratio, capped), expr.param.position)
    ratios = np.clip(ratios, -1.0, 1.0)
    places = hash_fractions(vector.labels)[:, None]
    return vector.present & np.where(ratios >= 0, places < ratios, places >= 1.0 + ratios)


# --- count_values ---


def _count_values(expr: Aggregate, vector: Vector, name: str) -> Vector:
    """How many series of a group have each value; the value becomes a label."""
    if not is_label_name(name):
        raise EvaluationError(f"invalid label name {quote(name)}")
    groups = group_series(vector.labels.drop((name,)), expr)
    series, steps = np.nonzero(vector.present)
    texts_of = _value_texts(vector, series, steps)
    pairs, pair_of = np.unique(groups.codes[series] * len(texts_of.values) + texts_of.codes, return_inverse=True)
    of_group, of_text = pairs // len(texts_of.values), pairs % len(texts_of.values)
    counts = np.bincount(pair_of * vector.steps + steps, minlength=len(pairs) * vector.steps).reshape(len(pairs), vector.steps)
    labels = groups.labels.take(of_group)
    if not (expr.without and name in expr.grouping):
        labels = labels.with_column(name, Column(texts_of.values, of_text.astype(np.int32)).compact())
    unnamed = np.logical_or.reduceat(vector.unnamed[groups.order], groups.starts)[of_group]
    return merged(Vector.of_floats(labels, counts.astype(np.float64), counts > 0, unnamed))


def _value_texts(vector: Vector, series: I64, steps: I64) -> Column:
    """Each sample as text; numbers are written once for each distinct one."""
    numbers, codes = np.unique(np.where(vector.floats, vector.values, 0.0)[series, steps], return_inverse=True)
    texts_of = Column.of(format_float(number) for number in numbers.tolist())
    found = Column(texts_of.values, texts_of.codes[codes])
    if vector.histograms is None:
        return found
    cells = vector.histograms[series, steps].tolist()
    return Column.of(text if cell is None else str(cell) for cell, text in zip(cells, found.strings().tolist(), strict=True))
