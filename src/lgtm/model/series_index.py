"""Which of many series match: each label is a column of small numbers, so a matcher is asked once for each distinct value, not for each series."""

from __future__ import annotations

from array import array
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from lgtm.model.batch import Series, SeriesTable
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers

Bool = npt.NDArray[np.bool_]
I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]


class _Column:
    """codes: of each series so far as it was told, a number of its value; 0 is the absent one."""

    __slots__ = ("codes", "numbers")

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {"": 0}
        self.codes = array("i")


class SeriesIndex:
    """Only grows. Labels of a series may be told again, when they were not known at first."""

    def __init__(self) -> None:
        self._columns: dict[str, _Column] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def extend(self, series: Iterable[Labels]) -> None:
        for labels in series:
            self._tell(self._count, labels)
            self._count += 1

    def replace(self, number: int, labels: Labels) -> None:
        """What was told of the series before does not count any more."""
        for column in self._columns.values():
            if number < len(column.codes):
                column.codes[number] = 0
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

    def columns(self, numbers: I64) -> dict[str, tuple[list[str], I32]]:
        """By label name: distinct values, the first of them "", and of each of the series a position among them. Only labels that any of them has."""
        found = {}
        for name, column in self._columns.items():
            told = np.array(column.codes, np.int32)
            codes = np.zeros(len(numbers), np.int32)
            known = numbers < len(told)
            codes[known] = told[numbers[known]]
            if codes.any():
                found[name] = (list(column.numbers), codes)
        return found


class IndexedSeries(SeriesTable):
    """The series of a head, with its index; the index may have grown since."""

    label_index: SeriesIndex

    @classmethod
    def of(cls, series: Iterable[Series], index: SeriesIndex) -> IndexedSeries:
        made = cls(series)
        made.label_index = index
        return made
