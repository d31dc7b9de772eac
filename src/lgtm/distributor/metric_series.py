"""The series of samples that a tenant is known to send, by the bytes that their labels came as: labels are parsed, judged and hashed once.

What was not used for one to two idle times is forgotten, and then no longer counts as active.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence

from lgtm.clock import NS_PER_S
from lgtm.distributor.refusals import Reason
from lgtm.errors import BadRequest
from lgtm.model.batch import Series
from lgtm.model.labels import Labels, quote
from lgtm.model.limits import Limits

METRIC_NAME = "__name__"
_PLAIN = re.compile("[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

_UTF8_BYTES_MAX = 4
"""Of a character."""

Refused = tuple[Reason, str]
LabelsOf = Callable[[int], tuple[tuple[str, str], ...]]


class MetricSeries:
    """Forgets in two steps, so that a look-up of what is in use costs one dictionary."""

    def __init__(self, limits: Limits, *, idle_s: int) -> None:
        self._limits = limits
        self._idle_ns = idle_s * NS_PER_S
        self._young: dict[bytes, Series] = {}
        self._old: dict[bytes, Series] = {}
        self._turned_ns: int | None = None

    def __len__(self) -> int:
        """Active series, at most: those of the last two idle times."""
        return len(self._young) + len(self._old)

    def resolve(self, keys: Sequence[bytes], labels_of: LabelsOf, now_ns: int) -> list[Series | Refused]:
        """Of each key its series, or why it is none. labels_of: parses the labels of the key at an index. now_ns: monotonic."""
        self._turn(now_ns)
        found: list[Series | Refused | None] = list(map(self._young.get, keys))
        if None in found:
            for at, one in enumerate(found):
                if one is None:
                    found[at] = self._slowly(keys[at], at, labels_of)
        return found  # type: ignore[return-value]  # no None is left

    def _slowly(self, key: bytes, at: int, labels_of: LabelsOf) -> Series | Refused:
        known: Series | Refused | None = self._young.get(key) or self._old.pop(key, None)
        if known is None:
            known = self._new(labels_of, at)
        if isinstance(known, Series):
            self._young[key] = known
        return known

    def _new(self, labels_of: LabelsOf, at: int) -> Series | Refused:
        try:
            labels = labels_of(at)
        except BadRequest as error:
            return Reason.INVALID_LABELS, str(error)
        most = self._limits.max_global_series_per_user
        if 0 < most <= len(self):
            text = series_text(tuple(sorted(labels)))
            return Reason.SERIES_LIMIT, f"per-user series limit of {most} exceeded by {text}; raise limits.max_global_series_per_user"
        return judged(labels, self._limits)

    def _turn(self, now_ns: int) -> None:
        if self._turned_ns is None or now_ns - self._turned_ns >= self._idle_ns:
            self._turned_ns = now_ns
            self._young, self._old = {}, self._young


def series_text(labels: Labels) -> str:
    """As Prometheus prints it: names that are no plain identifiers stand in quotes."""
    return "{" + ", ".join(f"{name if _PLAIN.fullmatch(name) else quote(name)}={quote(value)}" for name, value in labels) + "}"


def judged(sent: tuple[tuple[str, str], ...], limits: Limits) -> Series | Refused:
    """sent: in any order. Empty values are labels that are absent. Messages are Prometheus' where it has them."""
    labels: Labels = tuple(sorted([pair for pair in sent if pair[1]]))
    if not labels:
        return Reason.MISSING_LABELS, "empty labelset: invalid sample"
    names = [name for name, _ in labels]
    if len(set(names)) < len(names):
        name = next(name for name, following in itertools.pairwise(names) if name == following)
        return Reason.DUPLICATE_LABEL_NAMES, f'label name "{name}" is not unique: invalid sample'
    if METRIC_NAME not in names:
        return Reason.INVALID_LABELS, f"invalid metric name or labels, got {series_text(labels)}"
    if "" in names:
        return Reason.INVALID_LABELS, f"invalid metric name or labels, got {series_text(labels)}"
    if 0 < limits.max_metric_label_names < len(labels):
        return Reason.MAX_LABEL_NAMES_PER_SERIES, f"series {series_text(labels)} has {len(labels)} labels; limit {limits.max_metric_label_names}"
    return _too_long(labels, limits) or Series.of(labels)


def _too_long(labels: Labels, limits: Limits) -> Refused | None:
    of_name, of_value = limits.max_label_name_length, limits.max_metric_label_value_length
    characters = max([len(text) for pair in labels for text in pair])
    if all(characters * _UTF8_BYTES_MAX <= most for most in (of_name, of_value) if most > 0):
        return None
    for name, value in labels:
        if 0 < of_name < len(name.encode()):
            return Reason.LABEL_NAME_TOO_LONG, f"label name too long: '{name[:64]}…' has {len(name.encode())} bytes; limit {of_name}"
        if 0 < of_value < len(value.encode()):
            return Reason.LABEL_VALUE_TOO_LONG, f"label value too long: that of '{name}' has {len(value.encode())} bytes; limit {of_value}"
    return None
