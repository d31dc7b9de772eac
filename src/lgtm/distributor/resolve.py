"""From the labels of a stream, as sent, to the series they name, or to the reason why they name none. Pure, and cached per tenant by the caller."""

from __future__ import annotations

from dataclasses import dataclass

from lgtm.distributor.levels import normalise
from lgtm.distributor.refusals import Reason
from lgtm.distributor.service_name import SERVICE_NAME, with_service_name
from lgtm.model.labels import Labels, format_labels
from lgtm.model.limits import Limits
from lgtm.model.series import Series


@dataclass(slots=True, frozen=True)
class ResolvedStream:
    """labels: with service_name, sorted. level: what the labels say of the level of all entries, normalised; "" when they say nothing."""

    labels: Labels
    series: Series | None
    level: str = ""
    refusal: tuple[Reason, str] | None = None

    def __str__(self) -> str:
        return format_labels(self.labels)


def resolve(sent: tuple[tuple[str, str], ...], limits: Limits) -> ResolvedStream:
    """sent: pairs in any order, perhaps with duplicate names, without empty values."""
    labels = with_service_name(tuple(sorted(sent, key=lambda pair: pair[0])), limits.discover_service_name)
    refusal = _refusal(labels, limits)
    if refusal is not None:
        return ResolvedStream(labels, None, refusal=refusal)
    return ResolvedStream(labels, Series.of(labels), _level(labels, limits))


def unparsable(text: str, error: str) -> ResolvedStream:
    return ResolvedStream((), None, refusal=(Reason.INVALID_LABELS, f"error parsing labels '{text}' with error: {error}"))


def _level(labels: Labels, limits: Limits) -> str:
    values = dict(labels)
    return next((normalise(values[name]) for name in limits.log_level_fields if name in values), "")


def _refusal(labels: Labels, limits: Limits) -> tuple[Reason, str] | None:
    if not labels:
        return Reason.MISSING_LABELS, "error at least one label pair is required per stream"
    names = sum(name != SERVICE_NAME for name, _ in labels)
    if 0 < limits.max_label_names_per_series < names:
        text = f"entry for stream '{format_labels(labels)}' has {names} label names; limit {limits.max_label_names_per_series}"
        return Reason.MAX_LABEL_NAMES_PER_SERIES, text
    previous = ""
    for name, value in labels:
        if 0 < limits.max_label_name_length < len(name.encode()):
            return Reason.LABEL_NAME_TOO_LONG, f"stream '{format_labels(labels)}' has label name too long: '{name}'"
        if 0 < limits.max_label_value_length < len(value.encode()):
            return Reason.LABEL_VALUE_TOO_LONG, f"stream '{format_labels(labels)}' has label value too long: '{value}'"
        if name == previous:
            return Reason.DUPLICATE_LABEL_NAMES, f"stream '{format_labels(labels)}' has duplicate label name: '{name}'"
        previous = name
    return None
