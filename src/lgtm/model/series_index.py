"""Which of many series match: each label is a column of small numbers, so a matcher is asked once for each distinct value, not for each series."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lgtm.model.label_store import LabelColumns, Numbers
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers

Bool = npt.NDArray[np.bool_]


class _Column:
    """codes: of each series so far as it was told, a number of its value; 0 is the absent one."""

    __slots__ = ("codes", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.codes = array("i")


class SeriesIndex:
    """The labels of series by number. Only grows, but labels of a series may be told again, when they were not known at first.

    One thread may add to it while others read what was there before.
    """

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._labels: list[Labels] = []

    def __len__(self) -> int:
        return len(self._labels)

    def labels_at(self, number: int) -> Labels:
        return self._labels[number]

    def labels(self, numbers: Numbers) -> list[Labels]:
        return list(map(self._labels.__getitem__, numbers.tolist()))

    def unknown(self, numbers: Numbers) -> Bool:
        return np.zeros(len(numbers), bool)

    def extend(self, series: Iterable[Labels]) -> None:
        for labels in series:
            self._tell(len(self._labels), labels)
            self._labels.append(labels)

    def replace(self, number: int, labels: Labels) -> None:
        """What was told of the series before does not count any more."""
        for column in self._columns.values():
            if number < len(column.codes):
                column.codes[number] = 0
        self._labels[number] = labels
        self._tell(number, labels)

    def _tell(self, number: int, labels: Labels) -> None:
        for name, value in labels:
            column = self._columns.get(name)
            if column is None:
                column = self._columns[name] = _Column()
            code = column.numbers.get(value)
            if code is None:
                code = column.numbers[value] = len(column.numbers)
            codes = column.codes
            if len(codes) == number:  # mostly: each series has the labels of the one before
                codes.append(code)
                continue
            if len(codes) < number:
                codes.extend([0] * (number - len(codes) + 1))
            codes[number] = code

    def select(self, matchers: Matchers, count: int) -> Bool:
        """One truth for each of the first `count` series: whether it fits all matchers."""
        found = np.ones(count, bool)
        for matcher in matchers:
            column = self._columns.get(matcher.name)
            if column is None:
                if not matcher.matches_empty:
                    return np.zeros(count, bool)
                continue
            verdicts = np.fromiter(map(matcher.matches, column.numbers), bool, len(column.numbers))
            told = np.array(column.codes[:count], np.int32)
            found[: len(told)] &= verdicts[told]
            if len(told) < count and not verdicts[0]:
                found[len(told) :] = False
        return found

    def columns(self, numbers: Numbers) -> LabelColumns:
        found: LabelColumns = {}
        for name, column in list(self._columns.items()):
            told = np.array(column.codes[:], np.int32)  # of a copy: an array that somebody looks into cannot be added to
            codes = np.zeros(len(numbers), np.int32)
            known = numbers < len(told)
            codes[known] = told[numbers[known]]
            if codes.any():
                found[name] = (list(column.numbers), codes)
        return found
