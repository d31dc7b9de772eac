from __future__ import annotations

from distributor.pushes import rows_of
from lgtm.distributor.sizes import RowSizes


def test_a_row_counts_its_line_and_the_names_and_values_of_its_metadata() -> None:
    rows = rows_of([(0, (1, "héllo")), (0, (1, "", {"a": "xyz", "bc": "é"})), (0, (1, "x", {"bc": "1"}))])
    sizes = RowSizes(rows)
    assert sizes.lines.tolist() == [6, 0, 1]
    assert sizes.metadata.tolist() == [0, 1 + 3 + 2 + 2, 3]
    assert sizes.metadata_counts.tolist() == [0, 2, 1]
    assert sizes.total.tolist() == [6, 8, 4]


def test_metadata_in_rest_counts_alike() -> None:
    entries = [(0, (1, "", {"a": "xyz", "r": "é", "s": ""})), (0, (1, "")), (0, (1, "", {"s": "12"}))]
    in_rest = RowSizes(rows_of(entries, rest_names=["r", "s"]))  # type: ignore[arg-type]  # a list of tuples of two lengths
    in_columns = RowSizes(rows_of(entries))  # type: ignore[arg-type]  # as above
    assert in_rest.metadata.tolist() == in_columns.metadata.tolist() == [1 + 3 + 1 + 2 + 1, 0, 3]
    assert in_rest.metadata_counts.tolist() == in_columns.metadata_counts.tolist() == [3, 0, 1]


def test_the_level_that_we_add_is_not_counted() -> None:
    assert RowSizes(rows_of([(0, (1, "ab", {"detected_level": "info"}))])).total.tolist() == [2]


def test_rows_of_a_slice_are_counted_alone() -> None:
    rows = rows_of([(0, (1, "abc", {"a": "1", "r": "2"})), (0, (1, "d", {"a": "11", "r": "22"})), (0, (1, "ef"))], rest_names=["r"])
    assert RowSizes(rows.slice(1)).total.tolist() == [1 + 3 + 3, 2]
