"""The batch behind a frame: what each row was stored with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.frame_source import FrameSource
from lgtm.model.labels import labels_of
from support.rows import Entry, batch_of

Stored = tuple[Mapping[str, str], Mapping[str, str], Mapping[str, str]]
"""Labels of the stream, metadata, and metadata in the rest column."""


def source(*rows: Stored) -> FrameSource:
    return FrameSource(batch_of(Entry(labels_of(labels), ts, f"line {ts}", metadata, rest) for ts, (labels, metadata, rest) in enumerate(rows)))


def metadata_of(found: FrameSource, rows: int) -> list[dict[str, str]]:
    """What each row shows as metadata."""
    at = np.arange(rows)
    columns = {name: found.metadata_column(name, at) for name in found.metadata_names}
    values = {name: column.to_pylist() for name, column in columns.items() if column is not None}
    return [{name: column[row] for name, column in values.items() if column[row] is not None} for row in range(rows)]


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        (({}, {"m": "1"}, {}), {"m": "1"}),
        (({}, {}, {"m": "1"}), {"m": "1"}),
        (({}, {"m": "1"}, {"n": "2"}), {"m": "1", "n": "2"}),
        (({"m": "s"}, {"m": "1"}, {}), {"m_extracted": "1"}),
        (({"m": "s"}, {}, {"m": "1"}), {"m_extracted": "1"}),
        (({"m": "s"}, {"m": "1", "m_extracted": "2"}, {}), {"m_extracted": "2"}),
        (({"m": "s", "m_extracted": "s"}, {"m": "1"}, {}), {"m_extracted": "1"}),
        (({"m": "s"}, {"n": "1"}, {}), {"n": "1"}),
    ],
)
def test_metadata_makes_way_for_labels_of_the_stream(stored: Stored, shown: dict[str, str]) -> None:
    assert metadata_of(source(stored), 1) == [shown]


def test_only_rows_whose_stream_has_the_name_make_way() -> None:
    assert metadata_of(source(({"m": "s"}, {"m": "1"}, {}), ({}, {"m": "2"}, {})), 2) == [{"m_extracted": "1"}, {"m": "2"}]


def test_rows_are_taken_by_number() -> None:
    found = source(({"a": "x"}, {"m": "1"}, {}), ({"a": "y"}, {}, {"m": "2"}), ({}, {}, {}))
    at = np.array([2, 1])
    assert found.lines(at).to_pylist() == ["line 2", "line 1"]
    assert found.stream_column("a", at).to_pylist() == [None, "y"]  # type: ignore[union-attr]
    assert found.metadata_column("m", at).to_pylist() == [None, "2"]  # type: ignore[union-attr]
    assert found.ts_ns[at].tolist() == [2, 1]


def test_names_that_no_row_has_have_no_column() -> None:
    found = source(({"a": "x"}, {"m": "1"}, {}))
    assert found.stream_column("m", np.array([0])) is None
    assert found.metadata_column("a", np.array([0])) is None


names = st.sampled_from(["a", "b", "a_extracted"])
pairs = st.dictionaries(names, st.sampled_from(["1", "2"]))


@given(st.lists(st.tuples(pairs, pairs, pairs), min_size=1, max_size=8))
def test_the_names_of_rows_and_the_rows_of_names_agree(rows: list[Stored]) -> None:
    found, at = source(*rows), np.arange(len(rows))
    by_row = found.stored_names(at)
    shown = metadata_of(found, len(rows))
    assert by_row == [frozenset(labels) | frozenset(metadata) for (labels, _, _), metadata in zip(rows, shown, strict=True)]
    for name in ("a", "b", "a_extracted"):
        assert found.stored(name, at).tolist() == [name in names for names in by_row]


@given(st.lists(st.tuples(pairs, pairs), min_size=1, max_size=8))
def test_it_does_not_matter_in_which_column_metadata_travels(rows: list[tuple[dict[str, str], dict[str, str]]]) -> None:
    direct = source(*((labels, metadata, {}) for labels, metadata in rows))
    rest = source(*((labels, {}, metadata) for labels, metadata in rows))
    assert metadata_of(direct, len(rows)) == metadata_of(rest, len(rows))
