"""info(): adds the labels of info series that describe the same instance and job."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lgtm.model.labels import Labels, format_labels, labels_of
from lgtm.model.matchers import Matchers
from lgtm.promql.errors import EvaluationError
from lgtm.promql.frame import Frame, Value
from lgtm.promql.select import newest
from lgtm.promql.syntax import Call, VectorSelector, unwrapped
from lgtm.promql.value import NAME, Vector, merged
from lgtm.vectors.label_table import LabelTable
from lgtm.vectors.matrix import I64, Bool

_IDENTIFYING = ("instance", "job")
_NO_SERIES = -1


def _info(call: Call, frame: Frame) -> Value:
    base = frame.vector(call.args[0])
    selector = unwrapped(call.args[1])
    assert isinstance(selector, VectorSelector)
    infos = _Infos(selector, frame)
    asked = selector.matchers
    names = [matcher for matcher in asked if matcher.name == NAME]
    column = base.labels.column(NAME)
    is_info: Bool = np.array([bool(name) and all(m.matches(name) for m in names) for name in column.values])[column.codes]
    chosen = infos.of_base(base, ~is_info)
    return _enriched(base, infos, chosen, is_info, asked)


class _Infos:
    """The info series, and which of them is current at each step."""

    def __init__(self, selector: VectorSelector, frame: Frame) -> None:
        selected = frame.selected[selector.selection]
        at_ms, offset_ms = selector.modifiers.at_ms, selector.modifiers.offset_ms
        times = (frame.steps_ms if at_ms is None else np.array([at_ms], dtype=np.int64)) - offset_ms
        last, held = newest(selected, times, frame.query.lookback_ms)
        if selected.histogram_rows is not None and len(selected.ts_ms) and (held & (selected.histogram_rows[last] >= 0)).any():
            raise EvaluationError("info sample should be float")
        times_ms = np.where(held, selected.ts_ms[last], 0) if len(selected.ts_ms) else np.zeros(last.shape, dtype=np.int64)
        self.labels = selected.labels
        self.label_sets = selected.labels.rows()
        self.held = np.broadcast_to(held, (len(held), frame.steps)) if held.shape[1] == 1 else held
        self.times_ms = np.broadcast_to(times_ms, self.held.shape) if times_ms.shape[1] == 1 else times_ms

    def of_base(self, base: Vector, wanted: Bool) -> list[tuple[int, I64]]:
        """For each base series that has some: its row, and the rows of the info series that are current at each step, metrics × steps."""
        keys = _identities(self.labels)
        by_key: dict[Labels, list[int]] = {}
        for row, key in enumerate(keys):
            by_key.setdefault(key, []).append(row)
        current = {key: self._current(rows) for key, rows in by_key.items()}
        return [(row, current[key]) for row, key in enumerate(_identities(base.labels)) if wanted[row] and key and key in current]

    def _current(self, rows: list[int]) -> I64:
        """Of each metric the series with the newest sample. Raises EvaluationError when two have it at the same time."""
        by_name: dict[str, list[int]] = {}
        for row in rows:
            by_name.setdefault(dict(self.label_sets[row]).get(NAME, ""), []).append(row)
        return np.stack([self._newest(members) for _, members in sorted(by_name.items())])

    def _newest(self, rows: list[int]) -> I64:
        best = np.full(self.held.shape[1], _NO_SERIES)
        best_ms = np.zeros(self.held.shape[1], dtype=np.int64)
        for row in rows:
            both = self.held[row] & (best != _NO_SERIES)
            if (tie := both & (self.times_ms[row] == best_ms)).any():
                step = int(np.flatnonzero(tie)[0])
                old, at = self.label_sets[int(best[step])], int(best_ms[step])
                new = format_labels(self.label_sets[row])
                raise EvaluationError(f"found duplicate series for info metric: existing {format_labels(old)} @ {at}, new {new} @ {at}")
            newer = self.held[row] & ((best == _NO_SERIES) | (self.times_ms[row] > best_ms))
            best, best_ms = np.where(newer, row, best), np.where(newer, self.times_ms[row], best_ms)
        return best


def _identities(labels: LabelTable) -> list[Labels]:
    return labels.keep(_IDENTIFYING).rows()


def _enriched(base: Vector, infos: _Infos, chosen: list[tuple[int, I64]], is_info: Bool, asked: Matchers) -> Vector:
    data = {matcher.name for matcher in asked}
    needs_some = not all(matcher.matches_empty for matcher in asked if matcher.name != NAME)
    label_sets = base.labels.rows()
    rows: list[int] = []
    new_labels: list[Labels] = []
    steps_of: list[Bool] = []
    enriched = np.zeros(base.values.shape, dtype=bool)
    for row, current in chosen:
        for combination in np.unique(current[:, base.present[row]], axis=1).T.tolist():
            current_infos = [infos.label_sets[i] for i in combination if i != _NO_SERIES]
            added = _added(dict(label_sets[row]), current_infos, data)
            if not current_infos and needs_some:
                continue
            steps = (current == np.array(combination)[:, None]).all(axis=0)
            enriched[row] |= steps
            rows.append(row)
            new_labels.append(labels_of({**dict(label_sets[row]), **added}))
            steps_of.append(steps)
    if not needs_some or is_info.any():
        for row in range(len(base)):
            rest = ~enriched[row]
            if (is_info[row] or not needs_some) and (rest & base.present[row]).any():
                rows.append(row)
                new_labels.append(label_sets[row])
                steps_of.append(rest)
    if not rows:
        return Vector.empty(base.steps)
    result = base.take(np.array(rows, dtype=np.int64)).only(np.array(steps_of))
    return merged(result.with_labels(LabelTable.of(new_labels))).tidy()


def _added(base: dict[str, str], infos: list[Labels], data: set[str]) -> dict[str, str]:
    """Labels of all info series that the base lacks. Raises EvaluationError when they contradict each other."""
    added: dict[str, str] = {}
    for labels in infos:
        for name, value in labels:
            if name == NAME or (data - {NAME} and name not in data):
                continue
            if added.get(name, value) != value:
                raise EvaluationError(f"conflicting label: {name}")
            if name not in base:
                added[name] = value
    return added


HANDLERS: dict[str, Callable[[Call, Frame], Value]] = {"info": _info}
