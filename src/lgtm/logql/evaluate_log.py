"""Log queries: batches of rows in, the first or last `limit` entries out.

Filters run over every row, but full label sets are only made for the rows that are returned: each batch goes through a pipeline that extracts no
more than its filters read, rows that cannot be among the best are dropped at once, and what is left at the end goes through the whole pipeline.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from lgtm.logql.frame import ERROR, CategorizedLabels, LogFrame
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.plan import NO_NAMES, Names, Reads, needed_stages, plan_log
from lgtm.logql.stages import IpFilter, LabelFilterStage, LineFilter, Stage
from lgtm.logql.stages.label_filter import leaves
from lgtm.logql.syntax import LogExpr
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.signal import TS
from lgtm.model.window import Window
from lgtm.vectors.matrix import I64, Bool, number_label_sets

PIECE_ROWS = 16_384
"""A batch is filtered in pieces, those that promise most first: once `limit` entries are held, the rest is often out of question."""


@dataclass(slots=True, frozen=True, eq=False)
class Entries:
    """The entries of one stream of the answer, in the order of the query's direction. categories: one per entry, only where asked for."""

    labels: Labels
    ts_ns: I64
    lines: list[str]
    categories: list[CategorizedLabels] | None = None


@dataclass(slots=True, frozen=True, eq=False)
class LogResult:
    """Rows in the order of the query's direction; `labels[codes[i]]` are those of row i."""

    ts_ns: I64
    lines: list[str]
    codes: I64
    labels: list[CategorizedLabels]

    def __len__(self) -> int:
        return len(self.lines)

    def folded(self) -> list[Entries]:
        """One stream per distinct set of all labels, as clients without `categorize-labels` expect; sorted by labels."""
        return self._grouped([fold(each) for each in self.labels], categorized=False)

    def categorized(self) -> list[Entries]:
        """One stream per set of stream labels, metadata and parsed labels told apart beside each entry; sorted by labels."""
        return self._grouped([each.stream for each in self.labels], categorized=True)

    def _grouped(self, labels: list[Labels], *, categorized: bool) -> list[Entries]:
        numbers, streams = number_label_sets(labels)
        stream_of_row = numbers[self.codes]
        order = np.argsort(stream_of_row, kind="stable")
        parts = np.split(order, np.searchsorted(stream_of_row[order], np.arange(1, len(streams))))
        found = [self._entries(stream, rows, categorized) for stream, rows in zip(streams, parts, strict=True)] if len(self) else []
        return sorted(found, key=lambda entries: entries.labels)

    def _entries(self, labels: Labels, rows: I64, categorized: bool) -> Entries:
        categories = [self.labels[code] for code in self.codes[rows].tolist()] if categorized else None
        return Entries(labels, self.ts_ns[rows], [self.lines[row] for row in rows.tolist()], categories)


class LogQuery:
    """The first `limit` entries of `window`: the oldest when forward, else the newest.

    Entries of one nanosecond keep the order in which they were added (forward) or its reverse. With an interval, an entry counts only when it is
    at least that far from the one before it in the answer. Holds about `limit` rows; with an interval, the rows between those of the answer too,
    for a row that comes later may move every choice behind it.
    """

    def __init__(self, expr: LogExpr, window: Window, *, limit: int, forward: bool, interval_ns: int = 0) -> None:
        """limit ≥ 1, interval_ns ≥ 0; 0 keeps all."""
        assert limit > 0
        assert interval_ns >= 0
        self.reads: Reads = plan_log(expr, window)
        self._window, self._limit, self._forward, self._interval_ns = window, limit, forward, interval_ns
        self._filters = compile_pipeline(*filtering_stages(expr.stages))
        self._pipeline = compile_pipeline(expr.stages, None)
        self._held: list[_Held] = []
        self._held_rows, self._loose_rows, self._added_rows = 0, 0, 0
        self._cutoff_ns: int | None = None

    @property
    def cutoff_ns(self) -> int | None:
        """Once enough entries are held: the time of the last one. Rows beyond it in the query's direction cannot matter any more."""
        return self._cutoff_ns

    def add(self, batch: Batch) -> None:
        """Batches come in any order, each row once."""
        starts = range(0, len(batch), PIECE_ROWS)
        for start in starts if self._forward else reversed(starts):
            self._add_piece(dataclasses.replace(batch, rows=batch.rows.slice(start, PIECE_ROWS)), self._added_rows + start)
        self._added_rows += len(batch)

    def _add_piece(self, piece: Batch, arrival: int) -> None:
        wanted = self._may_matter(_times(piece))
        if not wanted.any():
            return
        rows = self._filters.run(piece).row_numbers
        rows = rows[wanted[rows]]
        if not self._interval_ns and len(rows) > self._limit:
            rows = np.sort(rows[self._in_direction(_times(piece)[rows])[: self._limit]])
        if len(rows):
            self._held.append(_Held(arrival, _take(piece, rows)))
            self._loose_rows += len(rows)
        # With an interval much may be held; choosing again only when it has doubled keeps the work in proportion.
        if self._loose_rows >= max(self._limit, self._held_rows):
            self._keep(self._choose()[0])

    def result(self) -> LogResult:
        _, answer = self._choose()
        rank = np.full(sum(len(held.batch) for held in self._held), -1)
        rank[answer] = np.arange(len(answer))
        columns, start = _Columns(), 0
        for held in self._held:
            ranks = rank[start : start + len(held.batch)]
            start += len(held.batch)
            if (ranks >= 0).any():
                frame = self._pipeline.run(_take(held.batch, np.flatnonzero(ranks >= 0)))
                columns.add(frame, ranks[ranks >= 0][frame.row_numbers])
        return columns.result()

    def _may_matter(self, ts_ns: I64) -> Bool:
        wanted: Bool = (ts_ns >= self._window.start_ns) & (ts_ns < self._window.end_ns)
        if self._cutoff_ns is None:
            return wanted
        return wanted & ((ts_ns <= self._cutoff_ns) if self._forward else (ts_ns >= self._cutoff_ns))

    def _in_direction(self, ts_ns: I64) -> I64:
        """Indices in the order of the answer."""
        order = np.argsort(ts_ns, kind="stable")
        return order if self._forward else order[::-1]

    def _choose(self) -> tuple[I64, I64]:
        """Of all rows held, counted through the batches: those that still may matter, and those of the answer in its order."""
        if not self._held:
            return _NO_ROWS, _NO_ROWS
        self._held.sort(key=lambda held: held.arrival)
        ts_ns = np.concatenate([_times(held.batch) for held in self._held])
        order = self._in_direction(ts_ns)
        answer = order[: self._limit] if not self._interval_ns else order[self._spaced(ts_ns[order])]
        if len(answer) == self._limit:
            self._cutoff_ns = int(ts_ns[answer[-1]])
        return (order[self._may_matter(ts_ns[order])] if self._interval_ns else answer), answer

    def _spaced(self, ts_ns: I64) -> I64:
        """Positions of the first time, of the next one at least an interval on, and so forth. More rows never move the k-th one further away."""
        elapsed = ts_ns - ts_ns[0] if self._forward else ts_ns[0] - ts_ns
        positions = [0]
        while len(positions) < self._limit:
            following = int(np.searchsorted(elapsed, int(elapsed[positions[-1]]) + self._interval_ns))
            if following == len(elapsed):
                break
            positions.append(following)
        return np.array(positions, dtype=np.int64)

    def _keep(self, rows: I64) -> None:
        kept = np.sort(rows)
        starts = np.cumsum([0, *(len(held.batch) for held in self._held)])
        cuts = np.searchsorted(kept, starts).tolist()
        runs = zip(self._held, starts.tolist(), cuts, cuts[1:], strict=False)
        self._held = [_Held(held.arrival, _take(held.batch, kept[a:b] - start)) for held, start, a, b in runs if a < b]
        self._held_rows, self._loose_rows = len(kept), 0


@dataclass(slots=True, frozen=True, eq=False)
class _Held:
    """Rows that may matter. arrival: how many rows were added before the piece they come from."""

    arrival: int
    batch: Batch


class _Columns:
    """Rows of several frames on their way into one result. ranks: their places in the answer."""

    def __init__(self) -> None:
        self._ranks: list[I64] = [_NO_ROWS]
        self._ts_ns: list[I64] = [_NO_ROWS]
        self._codes: list[I64] = [_NO_ROWS]
        self._lines: list[str] = []
        self._labels: list[CategorizedLabels] = []

    def add(self, frame: LogFrame, ranks: I64) -> None:
        codes, labels = frame.categorized()
        self._ranks.append(ranks)
        self._ts_ns.append(frame.ts_ns)
        self._codes.append(codes + len(self._labels))
        self._lines += frame.line.to_pylist()
        self._labels += labels

    def result(self) -> LogResult:
        order = np.argsort(np.concatenate(self._ranks))
        lines = [self._lines[i] for i in order.tolist()]
        return LogResult(np.concatenate(self._ts_ns)[order], lines, np.concatenate(self._codes)[order], self._labels)


_NO_ROWS = np.empty(0, dtype=np.int64)


def filtering_stages(stages: Sequence[Stage]) -> tuple[tuple[Stage, ...], Names]:
    """The stages that decide which rows stay, and which labels must be right behind them."""
    filters = [i for i, stage in enumerate(stages) if isinstance(stage, LineFilter | LabelFilterStage)]
    deciding = stages[: filters[-1] + 1] if filters else ()
    asks_for_errors = any(isinstance(leaf, IpFilter) for stage in deciding if isinstance(stage, LabelFilterStage) for leaf in leaves(stage.filter))
    # A filter of addresses lets rows with an error pass, so parsers have to look for one although nobody names __error__.
    needed: Names = frozenset({ERROR}) if asks_for_errors else NO_NAMES
    kept, _, _ = needed_stages(deciding, needed, line_needed=False)
    return kept, needed


def fold(labels: CategorizedLabels) -> Labels:
    """All labels of an entry as one set; parsed ones hide metadata, and metadata hides those of the stream."""
    return tuple(sorted({**dict(labels.stream), **dict(labels.metadata), **dict(labels.parsed)}.items()))


def _times(batch: Batch) -> I64:
    return np.asarray(batch.rows.column(TS).to_numpy(), dtype=np.int64)


def _take(batch: Batch, rows: I64) -> Batch:
    return dataclasses.replace(batch, rows=batch.rows.take(pa.array(rows)))
