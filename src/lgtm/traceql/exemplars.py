"""Spans that stand for a series: one or two a step, no two of one trace."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lgtm.model.labels import Labels
from lgtm.traceql.columns import I64, Column, Item
from lgtm.traceql.shown import Shown
from lgtm.traceql.span_table import SpanTable
from lgtm.traceql.uses import Use

PER_STEP_MAX = 2
CANDIDATES = 4
"""Times as many spans as are wanted are looked at in a table: some are of traces that stand for another series already."""
TRACE_ID = "trace:id"


@dataclass(slots=True, frozen=True)
class Exemplar:
    """labels: the trace and what the query says of the span. value: None where it is that of the series at the step."""

    labels: tuple[tuple[str, Item], ...]
    value: float | None
    time_ns: int
    step: int


class Exemplars:
    """most: how many are kept of each series, and answered in all."""

    def __init__(self, mentioned: tuple[Use, ...], most: int) -> None:
        self._uses = tuple(use for use in mentioned if use.field.name != TRACE_ID)
        self.most = most
        self._seen: set[bytes] = set()
        self._found: dict[Labels, list[Exemplar]] = {}

    def add(self, table: SpanTable, labels: list[Labels], groups: I64, rows: I64, step: I64, numbers: Column | None) -> None:
        """groups, rows, step: parallel; the group is -1 for spans that count nowhere. numbers: of every row of the table."""
        if not self.most:
            return
        chosen = _first_of_each(groups, step)
        if len(chosen) > CANDIDATES * self.most:
            chosen = chosen[:: len(chosen) // (CANDIDATES * self.most)]
        traces = np.unique(table.trace_of[rows[chosen]])
        shown = Shown(table.take(traces), self._uses, np.searchsorted(table.rows_of(traces), rows[chosen]), scoped=True)
        for at, index in enumerate(chosen.tolist()):
            row = int(rows[index])
            trace_id = table.trace_id[table.trace_of[row]].tobytes()
            kept = self._found.setdefault(labels[groups[index]], [])
            if trace_id in self._seen or len(kept) >= self.most:
                continue
            self._seen.add(trace_id)
            value = None if numbers is None else float(numbers.values[row])
            told = ((TRACE_ID, trace_id.hex().lstrip("0")), *shown.attributes(at))
            kept.append(Exemplar(told, value, int(table.start_ns[row]), int(step[index])))

    def of(self, labels: Labels) -> list[Exemplar]:
        return self._found.get(labels, [])


def _first_of_each(groups: I64, step: I64) -> I64:
    """Positions of the first few of each group and step."""
    positions = np.flatnonzero(groups >= 0)
    order = positions[np.lexsort((positions, step[positions], groups[positions]))]
    group, at, apart = groups[order], step[order], PER_STEP_MAX
    fresh = np.ones(len(order), dtype=bool)
    fresh[apart:] = (group[apart:] != group[:-apart]) | (at[apart:] != at[:-apart])
    return np.asarray(order[fresh])
