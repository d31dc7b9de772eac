"""Labels of many series by number: as label sets, and as columns, one for each label name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import chain, pairwise
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.model.labels import Labels

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
LabelColumns = dict[str, tuple[Sequence[str], npt.NDArray[np.int32]]]
"""By label name: distinct values, the first of them "", and of each series a position among them. Only labels that any of them has."""


class LabelStore(Protocol):
    """May be added to, and is shared by tables that use some of it. None: nobody knows the labels of that one."""

    def __len__(self) -> int: ...

    def labels_at(self, number: int) -> Labels | None: ...

    def labels(self, numbers: Numbers) -> Sequence[Labels | None]: ...

    def unknown(self, numbers: Numbers) -> Flags:
        """Which have no labels."""

    def columns(self, numbers: Numbers) -> LabelColumns: ...


class LabelList:
    def __init__(self, labels: Sequence[Labels | None]) -> None:
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def labels_at(self, number: int) -> Labels | None:
        return self._labels[number]

    def labels(self, numbers: Numbers) -> Sequence[Labels | None]:
        return list(map(self._labels.__getitem__, numbers.tolist()))

    def unknown(self, numbers: Numbers) -> Flags:
        return np.fromiter((labels is None for labels in self.labels(numbers)), np.bool_, len(numbers))

    def columns(self, numbers: Numbers) -> LabelColumns:
        """Costs Python work per label, though little: each different pair is looked at once."""
        sets = [labels or () for labels in self.labels(numbers)]
        numbered: dict[tuple[str, str], int] = {}
        of_pairs = np.fromiter([numbered.setdefault(pair, len(numbered)) for pair in chain.from_iterable(sets)], np.int64)
        names: dict[str, int] = {}
        name_of = np.fromiter((names.setdefault(name, len(names)) for name, _ in numbered), np.int64, len(numbered))
        counts = np.fromiter(map(len, sets), np.int64, len(sets))
        series = np.repeat(np.arange(len(sets)), counts)
        values = [value for _, value in numbered]
        found: LabelColumns = {}
        for name, (picks, rows) in zip(names, _by_name(name_of[of_pairs], of_pairs, series, len(names)), strict=True):
            distinct, codes = np.unique(picks, return_inverse=True)
            kept = dict.fromkeys(["", *map(values.__getitem__, distinct.tolist())])
            places = {value: place for place, value in enumerate(kept)}
            of_series = np.zeros(len(sets), np.int32)
            of_series[rows] = np.fromiter((places[values[pick]] for pick in distinct.tolist()), np.int32, len(distinct))[codes]
            if len(kept) > 1:
                found[name] = (list(kept), of_series)
        return found


def _by_name(name_of: Numbers, picks: Numbers, series: Numbers, names: int) -> Iterator[tuple[Numbers, Numbers]]:
    """Of each name its pairs, and the series that have them."""
    order = np.argsort(name_of, kind="stable")
    bounds = np.searchsorted(name_of[order], np.arange(names + 1)).tolist()
    for first, last in pairwise(bounds):
        yield picks[order[first:last]], series[order[first:last]]


class LabelMap:
    """Labels in an Arrow map array from strings to strings: no label set is made before it is asked for."""

    def __init__(self, labels: pa.MapArray) -> None:
        self._maps = labels

    def __len__(self) -> int:
        return len(self._maps)

    def labels_at(self, number: int) -> Labels | None:
        pairs = self._maps[number].as_py()
        return None if pairs is None else tuple(pairs)

    def labels(self, numbers: Numbers) -> Sequence[Labels | None]:
        return list(_label_sets(_Pairs(self._taken(numbers))))

    def unknown(self, numbers: Numbers) -> Flags:
        if not self._maps.null_count:
            return np.zeros(len(numbers), np.bool_)
        return np.asarray(self._maps.is_null())[numbers]

    def columns(self, numbers: Numbers) -> LabelColumns:
        pairs, found = _Pairs(self._taken(numbers)), dict[str, tuple[Sequence[str], npt.NDArray[np.int32]]]()
        order = np.argsort(pairs.codes, kind="stable")
        bounds = np.searchsorted(pairs.codes[order], np.arange(len(pairs.names) + 1))
        series = np.repeat(np.arange(len(numbers)), np.diff(pairs.bounds))[order]
        values = pairs.values.take(pa.array(order))
        for name, (first, last) in zip(pairs.names, pairwise(bounds.tolist()), strict=True):
            encoded = values.slice(first, last - first).dictionary_encode()
            distinct, codes = encoded.dictionary.to_pylist(), encoded.indices.to_numpy() + 1
            if "" in distinct:
                empty = distinct.index("")
                distinct = [value for value in distinct if value]
                codes = np.where(codes == empty + 1, 0, codes - (codes > empty + 1))
            if distinct:
                of_series = np.zeros(len(numbers), np.int32)
                of_series[series[first:last]] = codes
                found[name] = (["", *distinct], of_series)
        return found

    def _taken(self, numbers: Numbers) -> pa.MapArray:
        if len(numbers) == len(self._maps) and b"\1" not in (numbers != np.arange(len(numbers))).tobytes():
            return self._maps
        return self._maps.take(pa.array(numbers))


class _Pairs:
    """Pairs of all maps one behind the other: map i has those from bounds[i] to bounds[i + 1]. codes: of each pair its name among `names`."""

    def __init__(self, maps: pa.MapArray) -> None:
        self.maps = maps
        offsets = maps.offsets.to_numpy()
        first, count = (int(offsets[0]), int(offsets[-1] - offsets[0])) if len(offsets) else (0, 0)
        self.bounds = offsets - first
        encoded = maps.keys.slice(first, count).dictionary_encode()
        self.names: list[str] = encoded.dictionary.to_pylist()
        self.codes = encoded.indices.to_numpy()
        self.values = maps.items.slice(first, count)

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        return list(zip(map(self.names.__getitem__, self.codes.tolist()), self.values.to_pylist(), strict=True))


def _label_sets(pairs: _Pairs) -> Iterator[Labels | None]:
    bounds = pairwise(pairs.bounds.tolist())
    if not pairs.maps.null_count:
        return (tuple(pairs.pairs[first:last]) for first, last in bounds)
    known = pairs.maps.is_valid().to_pylist()
    return (tuple(pairs.pairs[first:last]) if one else None for one, (first, last) in zip(known, bounds, strict=True))
