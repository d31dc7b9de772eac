"""Distinct label sets of many rows, held against sets made row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.label_sets import CategorizedLabels, Layers, distinct_categorized, distinct_labels
from lgtm.model.labels import Labels, labels_of

Row = tuple[int, Mapping[str, str | None], Mapping[str, str | None]]
"""Number of the stream, metadata, parsed labels; None = absent."""

STREAMS = (labels_of({"a": "1"}), labels_of({"a": "2", "b": "1"}), labels_of({"a": "1"}), ())
NAMES = "abc"

values = st.none() | st.sampled_from(["", "1", "2"])
layer = st.dictionaries(st.sampled_from(NAMES), values)
rows_of_layers = st.lists(st.tuples(st.integers(0, len(STREAMS) - 1), layer, layer), max_size=20)


def layers_of(rows: list[Row]) -> Layers:
    def columns(layer: int) -> dict[str, Any]:
        named = {name for row in rows for name in row[layer]}  # type: ignore[union-attr]
        return {name: pa.array([row[layer].get(name) for row in rows], pa.string()) for name in sorted(named)}  # type: ignore[union-attr]

    return Layers(np.array([row[0] for row in rows], dtype=np.int64), STREAMS, {}, columns(1), columns(2))


def effective(row: Row) -> dict[str, str]:
    """Parsed over metadata over stream; an empty value counts as absent, and hides."""
    stream, metadata, parsed = row
    found = dict(STREAMS[stream])
    for layer in (metadata, parsed):
        found.update({name: value for name, value in layer.items() if value is not None})
    return {name: value for name, value in found.items() if value}


@given(rows_of_layers, st.none() | st.sets(st.sampled_from(NAMES)), st.sets(st.sampled_from(NAMES)))
def test_each_row_has_its_effective_labels(rows: list[Row], names: set[str] | None, without: set[str]) -> None:
    codes, sets = distinct_labels(layers_of(rows), None if names is None else tuple(sorted(names)), frozenset(without))

    def wanted(row: Row) -> Labels:
        return tuple(sorted((n, v) for n, v in effective(row).items() if (names is None or n in names) and n not in without))

    assert [sets[code] for code in codes.tolist()] == [wanted(row) for row in rows]
    assert set(codes.tolist()) == set(range(len(sets)))


def categorized(row: Row) -> CategorizedLabels:
    stream = dict(STREAMS[row[0]])
    metadata, parsed = ({name: value for name, value in layer.items() if value is not None} for layer in row[1:])
    metadata = {name: value for name, value in metadata.items() if name not in parsed}
    stream = {name: value for name, value in stream.items() if name not in parsed and name not in metadata}
    return CategorizedLabels(*(tuple(sorted(each.items())) for each in (stream, metadata, parsed)))


@given(rows_of_layers)
def test_each_row_has_its_labels_by_category(rows: list[Row]) -> None:
    codes, sets = distinct_categorized(layers_of(rows))
    assert [sets[code] for code in codes.tolist()] == [categorized(row) for row in rows]
    assert len(set(sets)) == len(sets)


def test_a_column_that_replaces_one_of_the_streams_counts_instead() -> None:
    layers = Layers(np.array([0, 1]), STREAMS, {"a": pa.array([None, "9"])}, {}, {})
    codes, sets = distinct_labels(layers, None, frozenset())
    assert [sets[code] for code in codes.tolist()] == [(), (("a", "9"), ("b", "1"))]
    codes, categories = distinct_categorized(layers)
    assert [categories[code].stream for code in codes.tolist()] == [(), (("a", "9"), ("b", "1"))]


@pytest.mark.parametrize("names", [None, (), ("a",)])
def test_without_rows_there_are_no_sets(names: tuple[str, ...] | None) -> None:
    codes, sets = distinct_labels(layers_of([]), names, frozenset())
    assert (codes.tolist(), sets) == ([], [])


def test_many_columns_of_many_values_do_not_overflow() -> None:
    rows = 300
    columns = {f"c{i}": pa.array([str(row * (i + 1) % rows) for row in range(rows)]) for i in range(12)}
    codes, sets = distinct_labels(Layers(np.zeros(rows, dtype=np.int64), STREAMS, {}, {}, columns), None, frozenset())
    assert len(sets) == rows
    assert len(set(codes.tolist())) == rows
