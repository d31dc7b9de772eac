from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.labels import Labels, labels_of
from lgtm.vectors.label_table import Column, LabelTable, concatenate, overlay

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["x", "y", "é", "zz"])).map(labels_of)
MANY = st.lists(LABELS, max_size=12)


@given(MANY)
def test_rows_read_back_as_they_were_written(labels: list[Labels]) -> None:
    table = LabelTable.of(labels)
    assert table.rows() == labels
    assert [table.row(row) for row in range(len(table))] == labels


@given(MANY)
def test_order_is_that_of_label_sets(labels: list[Labels]) -> None:
    order = LabelTable.of(labels).order().tolist()
    assert [labels[row] for row in order] == sorted(labels)


@given(MANY)
def test_equal_label_sets_have_equal_numbers_counted_by_first_appearance(labels: list[Labels]) -> None:
    codes, first = LabelTable.of(labels).number()
    known: dict[Labels, int] = {}
    assert codes.tolist() == [known.setdefault(label_set, len(known)) for label_set in labels]
    assert first.tolist() == [labels.index(label_set) for label_set in known]


@given(MANY, MANY)
def test_tables_are_joined_whatever_values_they_know(one: list[Labels], other: list[Labels]) -> None:
    assert concatenate([LabelTable.of(one), LabelTable.of(other)]).rows() == one + other


@given(MANY, st.data())
def test_rows_can_be_taken_by_number_and_by_choice(labels: list[Labels], data: st.DataObject) -> None:
    table = LabelTable.of(labels)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(labels), max_size=len(labels)))
    wanted = [label_set for label_set, taken in zip(labels, chosen, strict=True) if taken]
    assert table.take(np.array(chosen, dtype=bool)).rows() == wanted
    assert table.take(np.flatnonzero(np.array(chosen, dtype=bool))).rows() == wanted


@given(MANY, st.sets(st.sampled_from("abcd")))
def test_labels_are_kept_and_dropped_by_name(labels: list[Labels], names: set[str]) -> None:
    table = LabelTable.of(labels)
    assert table.keep(names).rows() == [tuple(pair for pair in label_set if pair[0] in names) for label_set in labels]
    assert table.drop(names).rows() == [tuple(pair for pair in label_set if pair[0] not in names) for label_set in labels]


def test_a_label_is_dropped_where_it_is_not_wanted() -> None:
    table = LabelTable.of([(("a", "x"),), (("a", "y"),)])
    assert table.drop_where("a", np.array([True, False])).rows() == [(), (("a", "y"),)]
    assert table.drop_where("a", np.array([True, True])).columns == {}
    assert table.drop_where("b", np.array([True, True])) is table
    assert table.drop_where("a", np.array([False, False])) is table


def test_many_columns_of_many_values_do_not_overflow_their_numbers() -> None:
    count = 1_000
    values = ["", *(str(value) for value in range(count))]
    codes = np.arange(1, count + 1, dtype=np.int32)
    table = LabelTable(count, {f"l{place}": Column(values, codes) for place in range(12)})
    assert table.number()[0].tolist() == list(range(count))


def test_columns_forget_values_that_no_series_has() -> None:
    column = Column(["", "a", "b", "c"], np.array([3, 0, 3], dtype=np.int32)).compact()
    assert (list(column.values), column.codes.tolist()) == (["", "c"], [1, 0, 1])
    assert column.compact() is column
    few = Column([str(value) if value else "" for value in range(100)], np.arange(100, dtype=np.int32)).take(np.array([7]))
    assert few.strings().tolist() == ["7"]
    assert len(few.values) == 2


def test_distinct_values_come_in_order_of_appearance() -> None:
    table = LabelTable.of([(("a", "x"),), (), (("a", "z"),), (("a", "x"),)])
    assert table.distinct("a", np.array([2, 1, 0, 3])) == ["z", "", "x"]
    assert table.distinct("b", np.array([0])) == [""]
    assert table.strings("b").tolist() == ["", "", "", ""]


def test_a_column_is_set_and_others_stay() -> None:
    table = LabelTable.of([(("a", "x"),), ()]).with_column("b", Column.of(["1", ""]))
    assert table.rows() == [(("a", "x"), ("b", "1")), ()]
    assert LabelTable.unlabelled(2).rows() == [(), ()]
    assert LabelTable.unlabelled(2).order().tolist() == [0, 1]


def test_what_one_column_lacks_comes_from_the_one_below() -> None:
    assert overlay(Column.of(["a", "", ""]), Column.of(["b", "b", ""])).strings().tolist() == ["a", "b", ""]
