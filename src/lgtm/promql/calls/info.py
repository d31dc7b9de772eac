"""info(): adds the labels of info series that describe the same instance and job.

At each step an identity (instance and job) has a *description*: the info series that are current there, at most one for each info metric. There are
about as many distinct descriptions as info series, however many series and steps they are added to.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lgtm.model.labels import Labels, format_labels, labels_of
from lgtm.promql.columns import Selected
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.select import newest
from lgtm.promql.syntax import Call, VectorSelector, unwrapped
from lgtm.promql.value import NAME, Vector, merged
from lgtm.vectors.label_table import LabelTable, concatenate, overlay
from lgtm.vectors.matrix import I64, Bool

_IDENTIFYING = ("instance", "job")
_NONE = -1


def _info(call: Call, frame: Frame) -> Value:
    base = frame.vector(call.args[0])
    selector = unwrapped(call.args[1])
    assert isinstance(selector, VectorSelector)
    names = [matcher for matcher in selector.matchers if matcher.name == NAME]
    column = base.labels.column(NAME)
    is_info: Bool = np.array([bool(name) and all(matcher.matches(name) for matcher in names) for name in column.values])[column.codes]
    infos = _Infos(selector, frame)
    descriptions = infos.describe(base.labels, ~is_info, {matcher.name for matcher in selector.matchers} - {NAME})
    needs_some = not all(matcher.matches_empty for matcher in selector.matchers if matcher.name != NAME)
    return _enriched(base, descriptions, is_info if needs_some else np.ones(len(base), dtype=bool))


@dataclass(slots=True, frozen=True, eq=False)
class _Descriptions:
    """labels: what each description adds, the first one nothing. of_base: the description of each base series and step.

    conflicts: for each description the label for which its info series have different values, or "".
    """

    labels: LabelTable
    conflicts: list[str]
    of_base: I64


class _Infos:
    """The info series, and which of them are current at each step."""

    def __init__(self, selector: VectorSelector, frame: Frame) -> None:
        self._selected: Selected = frame.selected[selector.selection]
        at_ms, offset_ms = selector.modifiers.at_ms, selector.modifiers.offset_ms
        times = (frame.steps_ms if at_ms is None else np.array([at_ms], dtype=np.int64)) - offset_ms
        last, held = newest(self._selected, times, frame.query.lookback_ms)
        rows = self._selected.histogram_rows
        if rows is not None and len(rows) and (held & (rows[last] >= 0)).any():
            raise EvaluationError("info sample should be float")
        times_ms = np.where(held, self._selected.ts_ms[last], 0) if len(self._selected.ts_ms) else np.zeros(last.shape, dtype=np.int64)
        shape = (len(held), frame.steps)
        self._held, self._times_ms = np.broadcast_to(held, shape), np.broadcast_to(times_ms, shape)

    def describe(self, base: LabelTable, wanted: Bool, data: set[str]) -> _Descriptions:
        """wanted: base series that are described at all. data: the only labels to add; all when empty."""
        both = concatenate([base.keep(_IDENTIFYING), self._selected.labels.keep(_IDENTIFYING)])
        identities, first = both.number()
        of_base, of_infos = identities[: len(base)], identities[len(base) :]
        known = np.zeros(len(first), dtype=bool)
        known[of_base[wanted]] = True
        known &= np.logical_or.reduce([both.column(name).codes[first] != 0 for name in _IDENTIFYING])
        current = self._current(of_infos, known)
        columns = np.concatenate([np.full((len(current), 1), _NONE), current.reshape(len(current), current[:1].size)], axis=1)
        if not columns.size:
            return _Descriptions(LabelTable.unlabelled(), [""], np.zeros((len(base), self._held.shape[1]), dtype=np.int64))
        # What is nowhere current sorts first, so that the description of nothing is number 0.
        distinct, numbers = np.unique(columns, axis=1, return_inverse=True)
        described = numbers.ravel()[1:].reshape(len(first), self._held.shape[1])[of_base]
        added = [self._added(rows, data) for rows in distinct.T.tolist()]
        labels, conflicts = LabelTable.of([labels for labels, _ in added]), [conflict for _, conflict in added]
        return _Descriptions(labels, conflicts, np.where((wanted & known[of_base])[:, None], described, 0))

    def _current(self, identities: I64, known: Bool) -> I64:
        """The row of the info series that is current: metrics × identities × steps. Only of identities that are known."""
        names = self._selected.labels.column(NAME)
        metrics = np.unique(names.codes[known[identities]])
        current = np.full((len(metrics), len(known), self._held.shape[1]), _NONE)
        for place, metric in enumerate(metrics.tolist()):
            rows = np.flatnonzero((names.codes == metric) & known[identities])
            self._fill_newest(current[place], rows, identities[rows])
        return current

    def _fill_newest(self, current: I64, rows: I64, identities: I64) -> None:
        """Raises EvaluationError when two series of an identity have a sample at the same time."""
        order = np.argsort(identities, kind="stable")
        rows, (distinct, starts) = rows[order], np.unique(identities[order], return_index=True)
        times_ms = np.where(self._held[rows], self._times_ms[rows], np.iinfo(np.int64).min)
        group = np.repeat(np.arange(len(distinct)), np.diff(starts, append=len(rows)))
        wins = self._held[rows] & (times_ms == np.maximum.reduceat(times_ms, starts, axis=0)[group])
        ties = np.argwhere(np.add.reduceat(wins.astype(np.int64), starts, axis=0) > 1)
        if len(ties):
            self._refuse_tie(rows[(group == ties[0][0]) & wins[:, ties[0][1]]], int(ties[0][1]))
        current[distinct] = np.maximum.reduceat(np.where(wins, rows[:, None], _NONE), starts, axis=0)

    def _refuse_tie(self, rows: I64, step: int) -> None:
        old, new = (format_labels(self._selected.labels.row(int(row))) for row in rows[:2])
        at = int(self._times_ms[rows[0], step])
        raise EvaluationError(f"found duplicate series for info metric: existing {old} @ {at}, new {new} @ {at}")

    def _added(self, rows: list[int], data: set[str]) -> tuple[Labels, str]:
        """The labels of these info series, and the first one about which they disagree."""
        added: dict[str, str] = {}
        for row in rows:
            for name, value in self._selected.labels.row(row) if row != _NONE else ():
                if name == NAME or (data and name not in data):
                    continue
                if added.setdefault(name, value) != value:
                    return (), name
        return labels_of(added), ""


def _enriched(base: Vector, descriptions: _Descriptions, may_lack: Bool) -> Vector:
    """may_lack: series that stay where nothing describes them. Raises EvaluationError for descriptions that contradict themselves."""
    count = len(descriptions.conflicts)
    series, steps = np.nonzero(base.present)
    pairs = np.unique(series * count + descriptions.of_base[series, steps])
    rows, of_row = pairs // count, pairs % count
    kept = (of_row != 0) | may_lack[rows]
    rows, of_row = rows[kept], of_row[kept]
    conflict = next((descriptions.conflicts[at] for at in np.unique(of_row).tolist() if descriptions.conflicts[at]), None)
    if conflict is not None:
        raise EvaluationError(f"conflicting label: {conflict}")
    result = base.take(rows).only(descriptions.of_base[rows] == of_row[:, None])
    labels = result.labels
    for name, column in descriptions.labels.columns.items():
        labels = labels.with_column(name, overlay(labels.column(name), column.take(of_row)))
    return merged(result.with_labels(labels)).tidy()


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {"info": _info}
