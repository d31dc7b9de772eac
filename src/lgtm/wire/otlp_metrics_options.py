"""What a tenant chooses about how OTLP metrics become samples. Names and meanings are those of Prometheus' section `otlp`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from lgtm.clock import NS_PER_S
from lgtm.model.limits import Limits
from lgtm.wire.otlp_metric_names import TranslationStrategy


@dataclass(slots=True, frozen=True, kw_only=True)
class OtlpMetricsOptions:
    translation_strategy: TranslationStrategy = TranslationStrategy.UNDERSCORE_ESCAPING_WITH_SUFFIXES
    """How names that Prometheus would not take are changed, and whether unit and type are added to them."""
    promote_resource_attributes: frozenset[str] = frozenset()
    """Keys of resource attributes that become labels of every series of their resource."""
    promote_all_resource_attributes: bool = False
    """All of them become labels. Excludes the list above."""
    ignore_resource_attributes: frozenset[str] = frozenset()
    """Keys that do not become labels all the same; only with `promote_all_resource_attributes`."""
    keep_identifying_resource_attributes: bool = False
    """`target_info` has service.name, service.namespace and service.instance.id too, and not only as `job` and `instance`."""
    promote_scope_metadata: bool = False
    """Name, version, schema URL and attributes of scopes that have a name become labels `otel_scope_…`."""
    convert_histograms_to_nhcb: bool = False
    """Histograms with explicit bounds become native ones with custom buckets."""
    allow_delta_temporality: bool = False
    """Deltas are stored as they are, as metrics of an unknown type; otherwise they are dropped."""
    target_info_interval_ns: int = 150 * NS_PER_S
    """`target_info` has a sample this often within the time of a resource's points: half of the lookback of queries."""

    def __post_init__(self) -> None:
        if self.promote_all_resource_attributes and self.promote_resource_attributes:
            raise ValueError("promote_all_resource_attributes and promote_resource_attributes exclude each other")
        if self.ignore_resource_attributes and not self.promote_all_resource_attributes:
            raise ValueError("ignore_resource_attributes needs promote_all_resource_attributes")
        if self.target_info_interval_ns <= 0:
            raise ValueError("target_info_interval_ns must be positive")


OPTIONS = OtlpMetricsOptions()
"""The defaults."""


@lru_cache(maxsize=256)
def options_of(limits: Limits) -> OtlpMetricsOptions:
    """Raises ValueError for a strategy that there is none of, and for options that exclude each other."""
    return OtlpMetricsOptions(
        translation_strategy=TranslationStrategy(limits.otlp_translation_strategy),
        promote_resource_attributes=frozenset(limits.otlp_promote_resource_attributes),
        promote_all_resource_attributes=limits.otlp_promote_all_resource_attributes,
        ignore_resource_attributes=frozenset(limits.otlp_ignore_resource_attributes),
        keep_identifying_resource_attributes=limits.otlp_keep_identifying_resource_attributes,
        promote_scope_metadata=limits.otlp_promote_scope_metadata,
        convert_histograms_to_nhcb=limits.otlp_convert_histograms_to_nhcb,
        allow_delta_temporality=limits.otlp_allow_delta_temporality,
    )
