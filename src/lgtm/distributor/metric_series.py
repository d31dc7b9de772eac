"""The series of samples that a tenant is known to send, by the bytes that their labels came as: labels are parsed, judged and hashed once.

What was not used for one to two idle times is forgotten, and then no longer counts as active.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.clock import NS_PER_S
from lgtm.distributor.label_rules import LabelRules, Refused, series_text
from lgtm.distributor.refusals import Reason
from lgtm.distributor.sample_order import Flags, too_old
from lgtm.errors import BadRequest
from lgtm.model.fingerprint_index import Numbers, Prints, fingerprints_of, prints_of
from lgtm.model.growing_array import GrowingArray
from lgtm.model.key_index import KeyIndex, Keys
from lgtm.model.label_store import LabelList
from lgtm.model.labels import Fingerprint, Labels
from lgtm.model.limits import Limits
from lgtm.model.series import Series, SeriesTable, label_size
from lgtm.model.window import TS_NS_MIN
from lgtm.wire.sent_labels import SentLabelsOf

TOGETHER_MIN = 32
"""Labels of fewer series are parsed one by one."""

LabelsOf = Callable[[int], tuple[tuple[str, str], ...]]


@dataclass(slots=True, frozen=True)
class ResolvedKeys:
    """series: each that has a key. known: their numbers here. numbers: of each key its place among them, -1 for a refused one; None: they are in the
    order of the keys. refused: place of a key, and why it names no series. newest: of the series that are known, see `_Age`."""

    series: SeriesTable
    known: Numbers
    numbers: Numbers | None
    newest: GrowingArray[np.int64]
    refused: tuple[tuple[int, Refused], ...] = ()


class MetricSeries:
    """Forgets in two steps, so that a look-up of what is in use costs one table."""

    def __init__(self, limits: Limits, *, idle_s: int) -> None:
        self._rules, self._series_max = LabelRules(limits), limits.max_global_series_per_user
        self._idle_ns = idle_s * NS_PER_S
        self._young, self._old = _Age(), _Age()
        self._still_old = 0
        """Those that were not used since they became old."""
        self._turned_ns: int | None = None
        self._newest_ns = TS_NS_MIN

    def __len__(self) -> int:
        """Active series, at most: those of the last two idle times."""
        return len(self._young.labels) + self._still_old

    def resolve(self, keys: pa.BinaryArray, labels_of: LabelsOf, now_ns: int, sent_labels: SentLabelsOf | None = None) -> ResolvedKeys:
        """labels_of: parses the labels of the key at an index; sent_labels: of many, where there is a quicker way. now_ns: monotonic."""
        self._turn(now_ns)
        sent = Keys.of(keys)
        numbers = self._young.keys.find(sent)
        missing = (numbers < 0).nonzero()[0]
        refused = self._learn(sent, numbers, missing, labels_of, sent_labels) if len(missing) else ()
        if not refused and (_rise(numbers) or len(np.unique(numbers)) == len(numbers)):
            return ResolvedKeys(self._young.table(numbers), numbers, None, self._young.newest)
        used, places = np.unique(numbers, return_inverse=True)
        absent = int(np.count_nonzero(used < 0))
        return ResolvedKeys(self._young.table(used[absent:]), used[absent:], places - absent, self._young.newest, refused)

    def too_old(self, found: ResolvedKeys, of_rows: Numbers, ts: Numbers, window_ns: int) -> Flags:
        """Which samples come too late. of_rows: of each its place among the series that were just found."""
        return too_old(found.known[of_rows], ts, found.newest.items, self._newest_ns, window_ns)

    def stored(self, found: ResolvedKeys, of_rows: Numbers, ts: Numbers) -> None:
        """These samples may be the newest from now on. Not before they are stored: who sends them once more is not too late for himself."""
        if len(ts):
            np.maximum.at(found.newest.items, found.known[of_rows], ts)
            self._newest_ns = max(self._newest_ns, int(ts.max()))

    def _learn(
        self, sent: Keys, numbers: Numbers, missing: Numbers, labels_of: LabelsOf, sent_labels: SentLabelsOf | None
    ) -> tuple[tuple[int, Refused], ...]:
        """Takes in the missing keys but for those that are refused, and fills in their numbers."""
        digests = sent.digests(missing)
        found = dict[Fingerprint, Series | Refused]()
        new, kept, refused = list[Series](), list[int](), list[tuple[int, Refused]]()
        newest = list[int]()
        of_old = self._old.keys.find_digests(digests).tolist()
        places = list(zip(missing.tolist(), fingerprints_of(digests), of_old, strict=True))
        judged = self._judged_together({digest: at for at, digest, old in reversed(places) if old < 0}, sent_labels) if sent_labels else {}
        for place, (at, digest, old) in enumerate(places):
            if digest not in found:
                one = self._old.series(old) if old >= 0 else judged.get(digest) or self._judged(labels_of, at, len(self) + len(new))
                found[digest] = one
                if isinstance(one, Series):
                    new.append(one)
                    newest.append(int(self._old.newest.items[old]) if old >= 0 else TS_NS_MIN)
            one = found[digest]
            if isinstance(one, Series):
                kept.append(place)
            else:
                refused.append((at, one))
        at_places = np.array(kept, np.int64)
        numbers[missing[at_places]] = self._young.add(sent, missing[at_places], digests[at_places], new, newest)
        self._still_old -= len({old for old in of_old if old >= 0})
        return tuple(refused)

    def _judged_together(self, fresh: dict[Fingerprint, int], sent_labels: SentLabelsOf) -> dict[Fingerprint, Series | Refused]:
        """fresh: by digest where a key is. Nothing where labels have to be looked at one by one."""
        if len(fresh) < TOGETHER_MIN or 0 < self._series_max < len(self) + len(fresh):
            return {}
        digests = sorted(fresh, key=fresh.__getitem__)
        sent = sent_labels(np.array([fresh[digest] for digest in digests], np.int64))
        return {} if sent is None else dict(zip(digests, self._rules.judged_together(sent), strict=True))

    def _judged(self, labels_of: LabelsOf, at: int, active: int) -> Series | Refused:
        try:
            labels = labels_of(at)
        except BadRequest as error:
            return Reason.INVALID_LABELS, str(error)
        most = self._series_max
        if 0 < most <= active:
            text = series_text(tuple(sorted(labels)))
            return Reason.SERIES_LIMIT, f"per-user series limit of {most} exceeded by {text}; raise limits.max_global_series_per_user"
        return self._rules.judged(labels)

    def _turn(self, now_ns: int) -> None:
        if self._turned_ns is None or now_ns - self._turned_ns >= self._idle_ns:
            self._turned_ns = now_ns
            self._young, self._old = _Age(), self._young
            self._still_old = len(self._old.labels)


class _Age:
    """Series numbered in the order in which they came, as columns."""

    def __init__(self) -> None:
        self.keys = KeyIndex()
        self.labels: list[Labels] = []
        self._store = LabelList(self.labels)
        self.prints = GrowingArray(np.uint64, 2)
        self.newest = GrowingArray(np.int64)
        """Times of the newest samples; kept only of tenants with an out-of-order window."""
        self._label_sizes = GrowingArray(np.int64)

    def add(self, keys: Keys, at: Numbers, digests: Prints, series: Sequence[Series], newest: Sequence[int]) -> Numbers:
        """The numbers of the keys at these places, which have these digests. series, newest: of each key once, none of which is known."""
        self.newest.extend(np.array(newest, np.int64))
        labels = [one.labels or () for one in series]
        self.labels.extend(labels)
        self.prints.extend(prints_of([one.fingerprint for one in series]))
        self._label_sizes.extend(np.fromiter(map(label_size, labels), np.int64, len(labels)))
        return self.keys.add(keys, at, digests)

    def series(self, number: int) -> Series:
        return Series(self.prints.items[number].tobytes(), self.labels[number])

    def table(self, numbers: Numbers) -> SeriesTable:
        found = SeriesTable(self.prints.items.take(numbers, axis=0), self._store, numbers)
        found.unlabelled, found.label_sizes = np.zeros(len(numbers), np.bool_), self._label_sizes.items[numbers]
        return found


def _rise(numbers: Numbers) -> bool:
    return b"\0" not in (numbers[1:] > numbers[:-1]).tobytes()
