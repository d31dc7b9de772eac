"""Warnings and infos about an answer, in Prometheus' words."""

from __future__ import annotations

from lgtm.model.labels import quote
from lgtm.promql.numbers import format_float, format_short
from lgtm.promql.position import Position

SHOWN_MAX = 10


class Annotations:
    """Collects them in order; the same text counts once."""

    def __init__(self) -> None:
        self._warnings: dict[str, None] = {}
        self._infos: dict[str, None] = {}

    def warn(self, message: str, position: Position) -> None:
        self._warnings[f"PromQL warning: {message} ({position})"] = None

    def inform(self, message: str, position: Position) -> None:
        self._infos[f"PromQL info: {message} ({position})"] = None

    @property
    def warnings(self) -> list[str]:
        return _shown(list(self._warnings), "warning")

    @property
    def infos(self) -> list[str]:
        return _shown(list(self._infos), "info")


def _shown(texts: list[str], kind: str) -> list[str]:
    if len(texts) <= SHOWN_MAX:
        return texts
    return [*texts[:SHOWN_MAX], f"{len(texts) - SHOWN_MAX} more {kind} annotations omitted"]


def of_metric(message: str, name: str) -> str:
    return f"{message} for metric name {quote(name)}" if name else message


MIXED_IN_AGGREGATION = "encountered a mix of histograms and floats for aggregation"


def mixed_types(name: str) -> str:
    return f"encountered a mix of histograms and floats for metric name {quote(name)}"


def mixed_schemas(name: str) -> str:
    return f"vector contains a mix of histograms with exponential and custom buckets schemas for metric name {quote(name)}"


def not_a_counter(name: str) -> str:
    return f"this native histogram metric is not a counter: {quote(name)}"


def not_a_gauge(name: str) -> str:
    return f"this native histogram metric is not a gauge: {quote(name)}"


def maybe_no_counter(name: str) -> str:
    return f"metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {quote(name)}"


def histograms_ignored_in_range(name: str) -> str:
    return of_metric("ignored histograms in a range containing both floats and histograms", name)


def histogram_ignored(operation: str) -> str:
    return f"ignored histogram in {operation} aggregation"


def quantile_out_of_range(value: float) -> str:
    return f"quantile value should be between 0 and 1, got {format_short(value)}"


def ratio_out_of_range(value: float, capped: float) -> str:
    return f"ratio value should be between -1 and 1, got {format_short(value)}, capping to {format_short(capped)}"


def bad_bucket_label(value: str, name: str) -> str:
    return of_metric(f'bucket label "le" is missing or has a malformed value of {quote(value)}', name)


def mixed_classic_and_native(name: str) -> str:
    return of_metric("vector contains a mix of classic and native histograms", name)


def incompatible_types(op: str, left: str, right: str) -> str:
    return f'incompatible sample types encountered for binary operator "{op}": {left} {op} {right}'


def incompatible_layouts(op: str) -> str:
    return f"incompatible bucket layout encountered for binary operator {op}"


def resets_collide(operation: str) -> str:
    return f"conflicting counter resets during histogram {operation}"


def bounds_reconciled(operation: str) -> str:
    return f"mismatched custom buckets were reconciled during {operation}"


def start_overlaps(name: str) -> str:
    return f"sample has start time that overlaps with previous sample timestamp for metric {quote(name)}"


def nan_observations(function: str, effect: str, name: str) -> str:
    return of_metric(f"input to {function} has NaN observations, {effect}", name)


def forced_monotonic(name: str, lowest: float, highest: float, difference: float, samples: int, span: str) -> str:
    see = "see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile"
    where = f"from buckets {format_float(lowest)} to {format_float(highest)}, with a max diff of {difference:.2g}, over {samples} samples {span}"
    return f"{of_metric(f'input to histogram_quantile needed to be fixed for monotonicity ({see})', name)}, {where}"


SORT_IN_RANGE = "sort is ineffective for range queries since results are always ordered by labels"
