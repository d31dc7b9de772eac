"""Which of many series match: each label is a column of small numbers, so a matcher is asked once for each distinct value, not for each series."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

import numpy as np
import numpy.typing as npt

from lgtm.model.growing_array import GrowingArray
from lgtm.model.label_store import LabelColumns, Numbers
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers

Bool = npt.NDArray[np.bool_]


class _Column:
    """codes: of each series so far as it was told, a number of its value; 0 is the absent one."""

    __slots__ = ("codes", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.codes = GrowingArray(np.int32)

    def number_of(self, value: str) -> int:
        return self.numbers.setdefault(value, len(self.numbers))

    def fill(self, count: int) -> None:
        """Of series up to there that were not told, the value is absent."""
        if len(self.codes) < count:
            self.codes.extend(np.zeros(count - len(self.codes), np.int32))


class SeriesIndex:
    """The labels of series by number. Only grows, but labels of a series may be told again, when they were not known at first.

    One thread may add to it while others read what was there before.
    """

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._labels: list[Labels | None] = []
        """None: told as columns only, and nobody asked yet."""

    def __len__(self) -> int:
        return len(self._labels)

    def labels_at(self, number: int) -> Labels:
        labels = self._labels[number]
        return self.labels(np.array([number]))[0] if labels is None else labels

    def labels(self, numbers: Numbers) -> list[Labels]:
        found = list(map(self._labels.__getitem__, numbers.tolist()))
        unmade = [place for place, labels in enumerate(found) if labels is None]
        for place, made in zip(unmade, self._made(numbers[unmade]) if unmade else (), strict=True):
            found[place] = self._labels[int(numbers[place])] = made
        return cast(list[Labels], found)

    def _made(self, numbers: Numbers) -> list[Labels]:
        pairs: list[list[tuple[str, str]]] = [[] for _ in range(len(numbers))]
        columns = self.columns(numbers)
        for name in sorted(columns):
            values, codes = columns[name]
            of_codes: dict[int, tuple[str, str]] = {}
            for place, code in zip(codes.nonzero()[0].tolist(), codes[codes != 0].tolist(), strict=True):
                pairs[place].append(of_codes.setdefault(code, (name, values[code])))
        return list(map(tuple, pairs))

    def unknown(self, numbers: Numbers) -> Bool:
        return np.zeros(len(numbers), bool)

    def extend(self, series: Iterable[Labels]) -> None:
        for labels in series:
            self._tell(len(self._labels), labels)
            self._labels.append(labels)

    def extend_columns(self, count: int, columns: LabelColumns, labels: Sequence[Labels] | None = None) -> None:
        """The same of so many series at once. labels: their label sets, where these are there already."""
        first = len(self._labels)
        for name, (values, codes) in columns.items():
            column = self._column(name)
            column.fill(first)
            column.codes.extend(np.fromiter(map(column.number_of, values), np.int32, len(values))[codes])
        self._labels.extend([None] * count if labels is None else labels)

    def replace(self, number: int, labels: Labels) -> None:
        """What was told of the series before does not count any more."""
        for column in self._columns.values():
            if number < len(column.codes):
                column.codes.items[number] = 0
        self._labels[number] = labels
        self._tell(number, labels)

    def _tell(self, number: int, labels: Labels) -> None:
        for name, value in labels:
            column = self._column(name)
            column.fill(number + 1)
            column.codes.items[number] = column.number_of(value)

    def _column(self, name: str) -> _Column:
        column = self._columns.get(name)
        if column is None:
            column = self._columns[name] = _Column()
        return column

    def select(self, matchers: Matchers, count: int) -> Bool:
        """One truth for each of the first `count` series: whether it fits all matchers."""
        found = np.ones(count, bool)
        for matcher in matchers:
            column = self._columns.get(matcher.name)
            if column is None:
                if not matcher.matches_empty:
                    return np.zeros(count, bool)
                continue
            told = column.codes.items[:count]  # before its values, of which there may be more by then
            values = list(column.numbers)
            verdicts = np.fromiter(map(matcher.matches, values), bool, len(values))
            found[: len(told)] &= verdicts[told]
            if len(told) < count and not verdicts[0]:
                found[len(told) :] = False
        return found

    def columns(self, numbers: Numbers) -> LabelColumns:
        found: LabelColumns = {}
        for name, column in list(self._columns.items()):
            told = column.codes.items
            codes = np.zeros(len(numbers), np.int32)
            known = numbers < len(told)
            codes[known] = told[numbers[known]]
            if codes.any():
                found[name] = (list(column.numbers), codes)
        return found
