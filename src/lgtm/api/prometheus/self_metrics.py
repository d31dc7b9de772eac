"""`/api/v1/status/self_metrics`: the page of metrics as JSON, in the form that protobuf's messages of metric families have in JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample

_TYPES = {"counter": "COUNTER", "gauge": "GAUGE", "histogram": "HISTOGRAM", "summary": "SUMMARY"}
_TOTAL = "_total"


def self_metrics(metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """By name."""
    return sorted(map(_family, metrics), key=lambda family: str(family["name"]))


def family_name(metric: Metric) -> str:
    """As on the page of metrics, where counters end in `_total`."""
    return metric.name + _TOTAL if metric.type == "counter" else str(metric.name)


def _family(metric: Metric) -> dict[str, Any]:
    rows: dict[tuple[tuple[str, str], ...], list[Sample]] = {}
    for sample in metric.samples:
        own = tuple((name, value) for name, value in sorted(sample.labels.items()) if name not in _parts(metric))
        rows.setdefault(own, []).append(sample)
    kind = _TYPES.get(metric.type, "UNTYPED")
    told = [_labels(labels) | {kind.lower(): _value(metric.name, kind, samples)} for labels, samples in rows.items()]
    return {"name": family_name(metric), "help": metric.documentation, "type": kind, "metric": told}


def _parts(metric: Metric) -> tuple[str, ...]:
    """Names of labels that tell parts of one value apart."""
    return {"histogram": ("le",), "summary": ("quantile",)}.get(metric.type, ())


def _labels(labels: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {"label": [{"name": name, "value": value} for name, value in labels]} if labels else {}


def _value(name: str, kind: str, samples: list[Sample]) -> dict[str, Any]:
    if kind not in ("HISTOGRAM", "SUMMARY"):
        return {"value": _number(next(sample.value for sample in samples if not sample.name.endswith("_created")))}
    ends: Mapping[str, float] = {sample.name.removeprefix(name): sample.value for sample in samples}
    told: dict[str, Any] = {"sampleCount": str(int(ends.get("_count", 0))), "sampleSum": _number(ends.get("_sum", 0.0))}
    if kind == "HISTOGRAM":
        buckets = [sample for sample in samples if sample.name.endswith("_bucket") and sample.labels["le"] != "+Inf"]
        told["bucket"] = [{"cumulativeCount": str(int(sample.value)), "upperBound": float(sample.labels["le"])} for sample in buckets]
    else:
        quantiles = [sample for sample in samples if "quantile" in sample.labels]
        told["quantile"] = [{"quantile": float(sample.labels["quantile"]), "value": _number(sample.value)} for sample in quantiles]
    return told


def _number(value: float) -> float | str:
    """JSON has no word for numbers that are none or have no end; protobuf's has."""
    if math.isnan(value):
        return "NaN"
    return value if math.isfinite(value) else "Infinity" if value > 0 else "-Infinity"
