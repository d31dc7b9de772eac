"""Distinct label sets of many rows, without looking at a row: columns become codes, codes are combined, and only distinct ones become labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.labels import Labels

I64 = npt.NDArray[np.int64]

COMPACT_FACTOR = 4
"""Combined codes are made dense again once they could exceed this many times the rows."""


@dataclass(slots=True, frozen=True)
class CategorizedLabels:
    """The labels of a row as clients with `categorize-labels` see them; each name is in one category only. Values may be empty."""

    stream: Labels
    metadata: Labels
    parsed: Labels


@dataclass(slots=True, frozen=True, eq=False)
class Layers:
    """series: index into stream_labels for each row. stream: columns that replace those of stream_labels. All columns are pa.Array[string]."""

    series: I64
    stream_labels: tuple[Labels, ...]
    stream: Mapping[str, Any]
    metadata: Mapping[str, Any]
    parsed: Mapping[str, Any]

    def effective(self, name: str) -> Any:
        """Of a name that has a column."""
        stacked = [layer[name] for layer in (self.parsed, self.metadata, self.stream) if name in layer]
        if name not in self.stream and any(n == name for labels in self.stream_labels for n, _ in labels):
            stacked.append(pa.array([dict(labels).get(name) for labels in self.stream_labels], pa.string()).take(pa.array(self.series)))
        return stacked[0] if len(stacked) == 1 else pc.coalesce(*stacked)


def distinct_labels(layers: Layers, names: tuple[str, ...] | None, without: frozenset[str]) -> tuple[I64, list[Labels]]:
    changing = {*layers.stream, *layers.metadata, *layers.parsed}
    wanted = frozenset(names) if names is not None else None
    kept = [
        tuple((n, v) for n, v in labels if v and n not in changing and n not in without and (wanted is None or n in wanted))
        for labels in layers.stream_labels
    ]
    changing = (changing if wanted is None else changing & wanted) - without
    columns = {name: _no_empty(layers.effective(name)) for name in sorted(changing)}
    codes, first = _combine(layers.series, kept, list(columns.values()))
    parts = [kept[i] for i in layers.series[first].tolist()]
    found = _pairs(columns, first, row_count=len(first))
    return codes, [tuple(sorted(part + own)) for part, own in zip(parts, found, strict=True)]


def distinct_categorized(layers: Layers) -> tuple[I64, list[CategorizedLabels]]:
    kept = [tuple((n, v) for n, v in labels if n not in layers.stream) for labels in layers.stream_labels]
    codes, first = _combine(layers.series, kept, [*layers.stream.values(), *layers.metadata.values(), *layers.parsed.values()])
    own = zip(*(_pairs(layer, first, row_count=len(first)) for layer in (layers.stream, layers.metadata, layers.parsed)), strict=True)
    found = [
        _categorized(kept[series] + stream, metadata, parsed)
        for series, (stream, metadata, parsed) in zip(layers.series[first].tolist(), own, strict=True)
    ]
    return _merged(codes, found)


def _categorized(stream: Labels, metadata: Labels, parsed: Labels) -> CategorizedLabels:
    above = {name for name, _ in parsed}
    shown = tuple(pair for pair in metadata if pair[0] not in above)
    above |= {name for name, _ in metadata}
    return CategorizedLabels(tuple(sorted(p for p in stream if p[0] not in above)), tuple(sorted(shown)), tuple(sorted(parsed)))


def _merged(codes: I64, found: list[CategorizedLabels]) -> tuple[I64, list[CategorizedLabels]]:
    """Rows may differ in values that others hide; such sets are one."""
    numbers: dict[CategorizedLabels, int] = {}
    mapping = np.array([numbers.setdefault(each, len(numbers)) for each in found], dtype=np.int64)
    return (mapping[codes] if len(found) else codes), list(numbers)


def _combine(series: I64, kept: list[Labels], columns: Iterable[Any]) -> tuple[I64, I64]:
    """Codes of the distinct combinations, dense and by first appearance or not, and one row of each."""
    numbers: dict[Labels, int] = {}
    of_series = np.array([numbers.setdefault(labels, len(numbers)) for labels in kept], dtype=np.int64)
    codes = of_series[series] if len(kept) else series
    size = max(1, len(numbers))
    for column in columns:
        own, own_size = _codes(column)
        codes, size = codes * own_size + own, size * own_size
        if size > max(1, len(codes)) * COMPACT_FACTOR:
            codes, size = _compact(codes)
    codes, size = _compact(codes)
    first = np.empty(size, dtype=np.int64)
    first[codes[::-1]] = np.arange(len(codes) - 1, -1, -1)
    return codes, first


def _codes(column: Any) -> tuple[I64, int]:
    encoded = column.dictionary_encode()
    indices = pc.add(pc.fill_null(encoded.indices, -1), 1)
    return indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary) + 1


def _compact(codes: I64) -> tuple[I64, int]:
    encoded = pa.array(codes).dictionary_encode()
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), len(encoded.dictionary)


def _pairs(columns: Mapping[str, Any], rows: I64, *, row_count: int) -> list[Labels]:
    """For each of the rows, the (name, value) pairs that it has."""
    at = pa.array(rows)
    values = [column.take(at).to_pylist() for column in columns.values()]
    if not values:
        return [()] * row_count
    names = list(columns)
    return [tuple((n, v) for n, v in zip(names, row, strict=True) if v is not None) for row in zip(*values, strict=True)]


def _no_empty(column: Any) -> Any:
    return pc.if_else(pc.equal(column, ""), pa.scalar(None, pa.string()), column)
