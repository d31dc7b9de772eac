"""The series of one target from scrape to scrape: pages in, samples out, and markers where a series is no longer on the page.

What a series is called in the end is worked out when it is first seen; later its text finds its number. All that happens per sample after that is
an array operation: 10,000 known series cost about 5 ms beyond decoding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.errors import LimitExceeded
from lgtm.model.labels import Labels, labels_of
from lgtm.scrape.sample_labels import SampleLabels
from lgtm.scrape.seen_exemplars import SeenExemplars
from lgtm.wire.decoded_samples import DecodedSamples
from lgtm.wire.exposition import F64, I64, NO_TIME, STALE, Exposition, Flags, ScrapedExemplar, exemplar_rows, sample_rows
from lgtm.wire.exposition_series import METRIC_NAME

Ids = npt.NDArray[np.int64]
Learned = Mapping[bytes, bytes | None]
"""Text of a series on a page → its key; None: dropped by relabelling."""

_DROPPED = -1
_FORGET_AT = 1_000
"""With so many series beyond twice those on the page, the ones that are not on it are forgotten."""
_END = b"\xff"
"""Follows each name and value in a key; no UTF-8 has it."""


class PageLimitReached(LimitExceeded):
    """kept: how many samples of the page are left after relabelling."""

    def __init__(self, kept: int) -> None:
        super().__init__(kept)
        self.kept = kept


class SampleLimitReached(PageLimitReached):
    def __str__(self) -> str:
        return "sample limit exceeded"


class BucketLimitReached(PageLimitReached):
    def __str__(self) -> str:
        return "histogram bucket limit exceeded"


@dataclass(slots=True, frozen=True, eq=False)
class Rows:
    """Samples of series by their numbers, all columns equally long. histograms: by position."""

    ids: Ids
    ts_ns: I64
    values: F64
    starts_ns: pa.Array | None = None
    histograms: pa.Array | None = None
    exemplars: tuple[tuple[int, ScrapedExemplar], ...] = ()
    """With the number of the series."""


@dataclass(slots=True, frozen=True, eq=False)
class Taken:
    """What became of a page. rows: its samples and the markers of what is no longer on it. stale: how many of the last are markers."""

    rows: Rows
    scraped: int
    kept: int
    """After relabelling."""
    added: int
    """Series that were not on the page before."""
    duplicates: int
    stale: int


class TargetSeries:
    def __init__(self, labels: SampleLabels, *, honor_timestamps: bool, track_timestamps: bool) -> None:
        self._labels = labels
        self._honor_timestamps, self._track_timestamps = honor_timestamps, track_timestamps
        self._known: dict[bytes, int] = {}
        self._numbers: dict[bytes, int] = {}
        self._keys: list[bytes] = []
        self._key_column = pa.array([], pa.binary())
        self._on_page: Flags = np.zeros(0, np.bool_)
        self._live: Flags = np.zeros(0, np.bool_)
        self._rows_of_page = 0
        self._exemplars = SeenExemplars()

    @property
    def known(self) -> int:
        """Texts of series that need not be parsed again."""
        return len(self._known)

    def learn(self, page: Exposition) -> Learned:
        """Of the series that are not known yet. Changes nothing, so that it may run in a thread. Raises InvalidSample or MalformedBody."""
        return {text: self._key(page, row) for row, text in enumerate(page.keys) if text not in self._known}

    def take(self, page: Exposition, now_ns: int, learned: Learned | None = None) -> Taken:
        """now_ns: whole milliseconds. learned: what `learn` said of the page, if it was asked.

        Raises InvalidSample, MalformedBody or PageLimitReached; then it is as if the page had not been there.
        """
        self._forget_if_many()
        ids_of_rows = self._ids(page, learned or {})
        kept = np.flatnonzero(ids_of_rows != _DROPPED)
        if 0 < self._labels.limits.samples_max < len(kept):
            raise SampleLimitReached(len(kept))
        if len(page.oversized) and (ids_of_rows[page.oversized] != _DROPPED).any():
            raise BucketLimitReached(len(kept))
        ids = ids_of_rows[kept]
        own_time = page.ts_ms is not None and self._honor_timestamps
        ts_ns = page.times_ns(now_ns)[kept] if own_time else np.full(len(kept), now_ns)
        first = self._first(ids, ts_ns)
        tracked = ids
        if own_time and page.ts_ms is not None and not self._track_timestamps:
            tracked = ids[page.ts_ms[kept] == NO_TIME]
        gone, added = self._follow(ids, tracked)
        rows = _with_markers(self._rows(page, kept[first], ids[first], ts_ns[first]), gone, now_ns)
        taken = Taken(rows, len(page), len(kept), added, len(kept) - len(first), len(gone))
        self._rows_of_page = len(page)
        return taken

    def not_stored(self) -> None:
        """What was taken last is not stored: its exemplars are new once more."""
        self._exemplars.forget()

    def lose(self, now_ns: int) -> Rows:
        """Markers for every series that is live: the page failed, or the target is gone."""
        gone = np.flatnonzero(self._live)
        self._live = np.zeros(0, np.bool_)
        return _with_markers(None, gone, now_ns)

    def number(self, labels: Labels) -> int:
        """Of a series that is on no page. Numbers hold until the next page was taken."""
        return self._append(encode_key(labels))

    def samples(self, rows: Rows, page: Exposition | None = None) -> DecodedSamples:
        """rows: with numbers of this moment. page: whose metadata goes along."""
        used = np.zeros(len(self._keys), np.bool_)
        used[rows.ids] = True
        for number, _ in rows.exemplars:
            used[number] = True
        places = (np.cumsum(used) - 1).astype(np.uint32)
        if len(self._key_column) < len(self._keys):
            self._key_column = pa.array(self._keys, pa.binary())
        keys = self._key_column if used.all() else self._key_column.take(pa.array(np.flatnonzero(used)))
        exemplars = [(int(places[number]), exemplar) for number, exemplar in rows.exemplars]
        return DecodedSamples(
            keys=keys,
            labels_of=lambda index: decode_key(keys[index].as_py()),
            rows=sample_rows(places[rows.ids], rows.ts_ns, rows.values, rows.histograms, rows.starts_ns),
            format="scrape",
            exemplars=exemplar_rows(exemplars, np.zeros(0, np.int64)),
            metadata=page.metadata if page else (),
        )

    def _rows(self, page: Exposition, rows: Ids, ids: Ids, ts_ns: I64) -> Rows:
        starts, histograms = page.starts_ns(), page.histogram_column()
        taken = pa.array(rows)
        return Rows(
            ids,
            ts_ns,
            page.values[rows],
            None if starts is None else starts.take(taken),
            None if histograms is None else histograms.take(taken),
            self._new_exemplars(page, rows, ids, ts_ns),
        )

    def _new_exemplars(self, page: Exposition, rows: Ids, ids: Ids, ts_ns: I64) -> tuple[tuple[int, ScrapedExemplar], ...]:
        if not page.exemplars:
            return ()
        at = {row: position for position, row in enumerate(rows.tolist())}
        new = self._exemplars.new([(int(ids[at[exemplar.row]]), exemplar) for exemplar in page.exemplars if exemplar.row in at])
        return tuple((number, _timed(exemplar, int(ts_ns[at[exemplar.row]]))) for number, exemplar in new)

    def _ids(self, page: Exposition, learned: Learned) -> Ids:
        ids = list(map(self._known.get, page.keys))
        if None in ids:
            ids = [self._number_of(page, row, learned) if number is None else number for row, number in enumerate(ids)]
        return np.array(ids, np.int64)

    def _number_of(self, page: Exposition, row: int, learned: Learned) -> int:
        text = page.keys[row]
        if text not in self._known:
            key = learned[text] if text in learned else self._key(page, row)
            self._known[text] = _DROPPED if key is None else self._append(key)
        return self._known[text]

    def _key(self, page: Exposition, row: int) -> bytes | None:
        labels = self._labels.of(page.labels_of(row))
        return None if labels is None else encode_key(labels)

    def _append(self, key: bytes) -> int:
        number = self._numbers.setdefault(key, len(self._keys))
        if number == len(self._keys):
            self._keys.append(key)
        return number

    def _first(self, ids: Ids, ts_ns: I64) -> Ids:
        """Positions of the samples that count: of those of one series at one time the first."""
        positions = np.arange(len(ids))
        first = np.zeros(len(self._keys), np.int64)
        first[ids[::-1]] = positions[::-1]
        again = first[ids] != positions
        if not again.any():
            return positions
        _, firsts = np.unique(np.stack([ids, ts_ns]), axis=1, return_index=True)
        return np.sort(firsts)

    def _follow(self, ids: Ids, tracked: Ids) -> tuple[Ids, int]:
        """Series that are no longer on the page, and how many are new on it."""
        self._pad()
        on_page, live = np.zeros(len(self._keys), np.bool_), np.zeros(len(self._keys), np.bool_)
        on_page[ids], live[tracked] = True, True
        gone, added = np.flatnonzero(self._live & ~live), int((on_page & ~self._on_page).sum())
        self._on_page, self._live = on_page, live
        return gone, added

    def _pad(self) -> None:
        """Series that were learned since are on no page yet."""
        count = len(self._keys)
        self._on_page, self._live = (np.append(flags, np.zeros(count - len(flags), np.bool_)) for flags in (self._on_page, self._live))

    def _forget_if_many(self) -> None:
        """Forgets what was not on the last page, so that a target whose series come and go needs no more memory than a page or two."""
        if max(len(self._known), len(self._keys)) <= 2 * self._rows_of_page + _FORGET_AT:
            return
        self._pad()
        wanted = self._on_page | self._live
        places = (np.cumsum(wanted) - 1).tolist()
        self._known = {text: places[number] for text, number in self._known.items() if number != _DROPPED and wanted[number]}
        self._keys = [self._keys[number] for number in np.flatnonzero(wanted).tolist()]
        self._numbers = {key: number for number, key in enumerate(self._keys)}
        self._on_page, self._live = self._on_page[wanted], self._live[wanted]
        self._key_column = pa.array(self._keys, pa.binary())
        self._exemplars.renumber(lambda number: places[number] if wanted[number] else None)


def encode_key(labels: Labels) -> bytes:
    return b"".join(b"%b\xff%b\xff" % (name.encode(), value.encode()) for name, value in labels)


def decode_key(key: bytes) -> Labels:
    parts = key.decode("utf-8", "surrogateescape").split("\udcff")
    return tuple(zip(parts[:-1:2], parts[1:-1:2], strict=True))


def report_labels(name: str, target: Labels) -> Labels:
    """Of what is told about a scrape: the target's labels and nothing of the page."""
    return labels_of({**dict(target), METRIC_NAME: name})


def join_rows(parts: Sequence[Rows]) -> Rows:
    """The first part may have starts and histograms, the others have values only."""
    first, more = parts[0], sum(len(part.ids) for part in parts[1:])
    return Rows(
        np.concatenate([part.ids for part in parts]),
        np.concatenate([part.ts_ns for part in parts]),
        np.concatenate([part.values for part in parts]),
        _lengthened(first.starts_ns, more),
        _lengthened(first.histograms, more),
        first.exemplars,
    )


def sliced(rows: Rows, size: int) -> Iterator[Rows]:
    """Pieces of so many rows, at least one; exemplars with the last, whose series are there then."""
    for start in range(0, max(1, len(rows.ids)), size):
        piece = slice(start, start + size)
        starts, histograms = (None if column is None else column[piece] for column in (rows.starts_ns, rows.histograms))
        exemplars = rows.exemplars if start + size >= len(rows.ids) else ()
        yield Rows(rows.ids[piece], rows.ts_ns[piece], rows.values[piece], starts, histograms, exemplars)


def _timed(exemplar: ScrapedExemplar, ts_ns: int) -> ScrapedExemplar:
    ts_ms = ts_ns // 1_000_000 if exemplar.ts_ms is None else exemplar.ts_ms
    return ScrapedExemplar(exemplar.row, exemplar.labels, exemplar.value, ts_ms)


def _with_markers(rows: Rows | None, gone: Ids, now_ns: int) -> Rows:
    markers = Rows(gone, np.full(len(gone), now_ns), np.repeat(STALE, len(gone)))
    if rows is None:
        return markers
    return join_rows([rows, markers]) if len(gone) else rows


def _lengthened(column: pa.Array | None, by: int) -> pa.Array | None:
    return column if column is None or not by else pa.concat_arrays([column, pa.nulls(by, column.type)])
