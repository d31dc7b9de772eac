"""`traces_target_info`: a gauge for each resource that sent spans, with its attributes as labels."""

from __future__ import annotations

import numpy as np

from lgtm.model.labels import Labels, labels_of
from lgtm.spanmetrics.config import SpanMetricsConfig
from lgtm.spanmetrics.family import Family, SeriesLimit
from lgtm.spanmetrics.instruments import Gauge
from lgtm.spanmetrics.names import (
    INSTANCE,
    JOB,
    LABEL_VALUE_BYTES_MAX,
    RESERVED_OF_TARGET_INFO,
    cut,
    label_name,
)
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.span_table import SERVICE_INSTANCE, SERVICE_NAME, SERVICE_NAMESPACE, SpanTable, resource_attributes
from lgtm.spanmetrics.texts import Texts
from lgtm.vectors.matrix import I64

TARGET_INFO = "traces_target_info"
_TOLD_BY_JOB_AND_INSTANCE = frozenset((SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE))


class TargetInfo:
    def __init__(self, config: SpanMetricsConfig, limit: SeriesLimit, external: Labels) -> None:
        self._excluded = _TOLD_BY_JOB_AND_INSTANCE | set(config.target_info_excluded_dimensions)
        self._with_instance = config.enable_instance_label
        self._gauge = Gauge(TARGET_INFO)
        self._family = Family([self._gauge], lambda key: key, limit, external)

    @property
    def overflowed_total(self) -> int:
        return self._family.overflowed_total

    def feed(self, spans: SpanTable, rows: I64, now_ns: int) -> None:
        """Shows the resources of these rows."""
        found = [self._labels_of(spans.series[number]) for number in np.unique(spans.of_series[rows]).tolist()]
        keys = [labels for labels in found if labels]
        if keys:
            self._gauge.show(self._family.slots(keys, np.ones(len(keys), np.int64), now_ns))

    def collect(self, now_ns: int) -> Samples:
        return self._family.collect(now_ns)

    def forget_idle(self, before_ns: int) -> None:
        self._family.forget_idle(before_ns)

    def _labels_of(self, series: Labels) -> Labels:
        """None for a resource that has nothing to tell: it needs a job or an instance, and another attribute."""
        attributes = resource_attributes(series)
        others = {label_name(key, RESERVED_OF_TARGET_INFO): cut(text, LABEL_VALUE_BYTES_MAX) for key, text in attributes.items() if self._tells(key)}
        identity = {JOB: job(attributes.get(SERVICE_NAME, ""), attributes.get(SERVICE_NAMESPACE, ""))}
        if self._with_instance:
            identity[INSTANCE] = attributes.get(SERVICE_INSTANCE, "")
        return labels_of({**others, **identity}) if others and any(identity.values()) else ()

    def _tells(self, key: str) -> bool:
        """Labels whose name begins with a digit cannot be asked for."""
        return bool(key) and not ("0" <= key[0] <= "9") and key not in self._excluded


def job_of(spans: SpanTable) -> Texts:
    attributes = [resource_attributes(labels) for labels in spans.series]
    return spans.per_series([job(each.get(SERVICE_NAME, ""), each.get(SERVICE_NAMESPACE, "")) for each in attributes])


def job(service: str, namespace: str) -> str:
    """`namespace/name`; nothing without a name."""
    return f"{namespace}/{service}" if service and namespace else service
