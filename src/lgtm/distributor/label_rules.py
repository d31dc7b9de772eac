"""What labels a series may have."""

from __future__ import annotations

import re
import sys
from itertools import chain, pairwise

import numpy as np
import numpy.typing as npt

from lgtm.distributor.refusals import Reason
from lgtm.distributor.sample_order import Flags
from lgtm.model.labels import END, Labels, fingerprint_of_ended, quote
from lgtm.model.limits import Limits
from lgtm.model.series import Series
from lgtm.wire.sent_labels import SentLabels

METRIC_NAME = "__name__"
_PLAIN = re.compile("[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)

_UTF8_BYTES_MAX = 4
"""Of a character."""

Refused = tuple[Reason, str]


def series_text(labels: Labels) -> str:
    """As Prometheus prints it: names that are no plain identifiers stand in quotes."""
    return "{" + ", ".join(f"{name if _PLAIN.fullmatch(name) else quote(name)}={quote(value)}" for name, value in labels) + "}"


class LabelRules:
    """What labels a series may have, by a tenant's limits. Messages are Prometheus' where it has them."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        lengths = [most for most in (limits.max_label_name_length, limits.max_metric_label_value_length) if most > 0]
        self._characters_fit = min(lengths, default=sys.maxsize) // _UTF8_BYTES_MAX
        """A text of so many characters exceeds no limit, whatever they are."""
        self._labels_max = limits.max_metric_label_names if limits.max_metric_label_names > 0 else sys.maxsize

    def judged(self, sent: tuple[tuple[str, str], ...]) -> Series | Refused:
        """sent: in any order. Empty values are labels that are absent."""
        labels: Labels = tuple(sorted([pair for pair in sent if pair[1]]))
        names = dict(labels)
        if METRIC_NAME not in names or "" in names or not len(labels) == len(names) <= self._labels_max:
            fault = self._fault(labels)
        else:
            fault = self._too_long(labels) if max(map(len, chain.from_iterable(labels))) > self._characters_fit else None
        return fault or Series.of(labels)

    def judged_together(self, sent: SentLabels) -> list[Series | Refused]:
        """The same of many series."""
        plain, bounds, picks = self._are_plain(sent).tolist(), pairwise(sent.bounds.tolist()), sent.picks.tolist()
        pairs, ended = list(map(sent.pairs.__getitem__, picks)), list(map(sent.ended(END).__getitem__, picks))
        return [
            Series(fingerprint_of_ended(ended[first:last]), tuple(pairs[first:last])) if is_plain else self.judged(tuple(pairs[first:last]))
            for is_plain, (first, last) in zip(plain, bounds, strict=True)
        ]

    def _are_plain(self, sent: SentLabels) -> Flags:
        """Which have nothing about them that must be changed or refused."""
        rank_of = {name: rank for rank, name in enumerate(sorted(set(sent.names)))}
        ranks = np.fromiter(map(rank_of.__getitem__, sent.names), np.int64, len(sent.names))
        of_pairs = ranks[sent.name_of][sent.picks]
        rises = np.ones(len(of_pairs), np.bool_)
        rises[1:] = of_pairs[1:] > of_pairs[:-1]
        counts = np.diff(sent.bounds)
        rises[sent.bounds[:-1][counts > 0]] = True
        faults = _sums(~(rises & self._fit(sent)[sent.picks]), sent.bounds)
        is_name = np.fromiter((name == METRIC_NAME for name in sent.names), np.bool_, len(sent.names))
        named = _sums(is_name[sent.name_of][sent.picks], sent.bounds)
        return np.asarray((faults == 0) & (named > 0) & (counts <= self._labels_max))

    def _fit(self, sent: SentLabels) -> Flags:
        """Which pairs have a name and a value, and both are short enough."""
        of_name, of_value = self._limits.max_label_name_length, self._limits.max_metric_label_value_length
        sizes = np.fromiter((len(name.encode()) for name in sent.names), np.int64, len(sent.names))
        names = (sizes > 0) & ((sizes <= of_name) if of_name > 0 else True)
        values = (sent.value_sizes > 0) & ((sent.value_sizes <= of_value) if of_value > 0 else True)
        return np.asarray(names[sent.name_of] & values)

    def _fault(self, labels: Labels) -> Refused | None:
        if not labels:
            return Reason.MISSING_LABELS, "empty labelset: invalid sample"
        names = [name for name, _ in labels]
        if len(set(names)) < len(names):
            name = next(name for name, following in pairwise(names) if name == following)
            return Reason.DUPLICATE_LABEL_NAMES, f'label name "{name}" is not unique: invalid sample'
        if METRIC_NAME not in names or "" in names:
            return Reason.INVALID_LABELS, f"invalid metric name or labels, got {series_text(labels)}"
        text = f"series {series_text(labels)} has {len(labels)} labels; limit {self._labels_max}"
        return (Reason.MAX_LABEL_NAMES_PER_SERIES, text) if len(labels) > self._labels_max else None

    def _too_long(self, labels: Labels) -> Refused | None:
        of_name, of_value = self._limits.max_label_name_length, self._limits.max_metric_label_value_length
        for name, value in labels:
            if 0 < of_name < len(name.encode()):
                return Reason.LABEL_NAME_TOO_LONG, f"label name too long: '{name[:64]}…' has {len(name.encode())} bytes; limit {of_name}"
            if 0 < of_value < len(value.encode()):
                return Reason.LABEL_VALUE_TOO_LONG, f"label value too long: that of '{name}' has {len(value.encode())} bytes; limit {of_value}"
        return None


def _sums(flags: Flags, bounds: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How many are set of each run."""
    before = np.concatenate(([0], np.cumsum(flags)))
    sums: npt.NDArray[np.int64] = before[bounds[1:]] - before[bounds[:-1]]
    return sums
