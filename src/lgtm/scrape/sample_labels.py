"""Labels of a scraped series as they are stored: those of its target are put in, metric_relabel_configs run, limits are checked.

Rules and texts: Prometheus, scrape/scrape.go (Apache-2.0).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lgtm.errors import BadRequest
from lgtm.model.labels import Labels, format_labels, labels_of, quote
from lgtm.relabel.rule import RelabelRules, relabel
from lgtm.scrape.config import ScrapeLimits
from lgtm.wire.exposition_series import METRIC_NAME

EXPORTED = "exported_"
_SHOWN = 50


class InvalidSample(BadRequest):
    """A series that fails its whole page."""


@dataclass(slots=True, frozen=True)
class SampleLabels:
    target: Labels
    honor_labels: bool
    rules: RelabelRules
    limits: ScrapeLimits

    def of(self, scraped: Sequence[tuple[str, str]]) -> Labels | None:
        """None: dropped by relabelling. Raises InvalidSample."""
        labels = dict(scraped)
        if len(labels) < len(scraped):
            names = [name for name, _ in scraped]
            raise InvalidSample(f"label name {quote(next(name for name in names if names.count(name) > 1))} is not unique: invalid sample")
        merged = _honoring(labels, self.target) if self.honor_labels else _overriding(labels, self.target)
        relabelled = relabel(merged, self.rules)
        if not relabelled:
            return None
        final = labels_of(relabelled)
        if METRIC_NAME not in relabelled:
            raise InvalidSample("missing metric name (__name__ label)")
        if "" in relabelled:
            raise InvalidSample(f"invalid metric name or label names: {format_labels(final)}")
        _check_limits(final, relabelled[METRIC_NAME], self.limits)
        return final


def _honoring(labels: Mapping[str, str], target: Labels) -> dict[str, str]:
    """What is scraped stands, even where it is empty: so a page can do without a label of its target."""
    merged = {**dict(target), **labels}
    return {name: value for name, value in merged.items() if value}


def _overriding(labels: Mapping[str, str], target: Labels) -> dict[str, str]:
    merged = {name: value for name, value in labels.items() if value}
    conflicts = [(name, merged[name]) for name, _ in target if name in merged]
    merged |= dict(target)
    for name, value in sorted(conflicts, key=lambda pair: len(pair[0])):
        renamed = EXPORTED + name
        while renamed in merged:
            renamed = EXPORTED + renamed
        merged[renamed] = value
    return merged


def _check_limits(labels: Labels, metric: str, limits: ScrapeLimits) -> None:
    if 0 < limits.labels_max < len(labels):
        raise InvalidSample(f"label_limit exceeded (metric: {metric[:_SHOWN]}, number of labels: {len(labels)}, limit: {limits.labels_max})")
    if not limits.label_name_bytes_max and not limits.label_value_bytes_max:
        return
    for name, value in labels:
        where = f"metric: {metric[:_SHOWN]}, label name: {name[:_SHOWN]}"
        name_bytes, value_bytes = len(name.encode()), len(value.encode())
        if 0 < limits.label_name_bytes_max < name_bytes:
            raise InvalidSample(f"label_name_length_limit exceeded ({where}, length: {name_bytes}, limit: {limits.label_name_bytes_max})")
        if 0 < limits.label_value_bytes_max < value_bytes:
            shown = quote(value[:_SHOWN])
            raise InvalidSample(
                f"label_value_length_limit exceeded ({where}, value: {shown}, length: {value_bytes}, limit: {limits.label_value_bytes_max})"
            )
