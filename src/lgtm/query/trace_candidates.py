"""Traces that may match, found by looking at few columns of single spans, a stretch of time at a go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.batch import Batch
from lgtm.model.signal import TRACE_ID, TS
from lgtm.query.source import Columns, Ints
from lgtm.traceql.candidates import condition_needs
from lgtm.traceql.evaluate import truth
from lgtm.traceql.field_syntax import TRUE, FieldExpr
from lgtm.traceql.from_rows import columns_to_read, first_of_traces, span_table, trace_id_bytes
from lgtm.traceql.plan import Needs

Ids = npt.NDArray[np.uint8]
"""Count × 16."""


@dataclass(slots=True, frozen=True)
class Found:
    """Distinct traces, newest first by the earliest span that was seen of each."""

    ids: Ids
    first_ns: Ints


class Candidates:
    """conditions: of each trace that can match, some span meets the first, some the second, and so on; the one that fewest spans of the first stretch
    meet is used from then on."""

    def __init__(self, conditions: Sequence[FieldExpr]) -> None:
        self._conditions = list(conditions)
        self._needs = [condition_needs(condition) for condition in conditions]
        self._ids: list[list[Ids]] = []
        self._ts: list[list[Ints]] = []
        self._begin()

    @property
    def columns(self) -> Columns:
        """What `add` needs of rows."""
        return Columns(*columns_to_read(self._all_needs()))

    def add(self, batch: Batch) -> None:
        ids, ts = trace_id_bytes(batch.rows.column(TRACE_ID)), batch.rows.column(TS).to_numpy()
        table = None if self._conditions == [TRUE] else span_table([batch], self._all_needs(), apart=True)
        for number, condition in enumerate(self._conditions):
            met = None if table is None or condition == TRUE else truth(table, condition)
            self._ids[number].append(ids if met is None else ids[met])
            self._ts[number].append(ts if met is None else ts[met])

    def take(self) -> Found:
        """What was found since the last call."""
        counts = [sum(map(len, times)) for times in self._ts]
        best = int(np.argmin(counts))
        ids = np.concatenate([np.empty((0, 16), np.uint8), *self._ids[best]])
        ts = np.concatenate([np.empty(0, np.int64), *self._ts[best]])
        if any(counts):
            self._conditions, self._needs = [self._conditions[best]], [self._needs[best]]
        self._begin()
        return distinct(ids, ts)

    def _begin(self) -> None:
        self._ids = [[] for _ in self._conditions]
        self._ts = [[] for _ in self._conditions]

    def _all_needs(self) -> Needs:
        columns = frozenset[str]().union(*(needs.columns for needs in self._needs))
        return Needs(columns, frozenset[tuple[str, str]]().union(*(needs.attributes for needs in self._needs)))


def distinct(ids: Ids, ts: Ints) -> Found:
    ids, ts = first_of_traces(ids, ts)
    newest = np.argsort(-ts, kind="stable")
    return Found(ids[newest], ts[newest])


def lasting_until(batch: Batch, moment_ns: int) -> tuple[Ids, Ints]:
    """Trace ids and starts of the spans that end then or later. Needs the column duration_ns."""
    ts = batch.rows.column(TS).to_numpy()
    lasts = ts + batch.rows.column("duration_ns").to_numpy() >= moment_ns
    return trace_id_bytes(batch.rows.column(TRACE_ID).filter(pa.array(lasts))), ts[lasts]
