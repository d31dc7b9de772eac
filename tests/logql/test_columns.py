"""Columns of text as stages use them: masks, numbers, and labels that make way for stored ones."""

from __future__ import annotations

import math
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql import columns
from lgtm.logql.columns import add_parsed, contains, escaped, matches, parse_lines, read_numbers, reasons_of, without_replacements
from lgtm.logql.line_labels import LineError, LineLabels
from lgtm.parsing.gonumbers import parse_duration, parse_float
from support.logframes import Row, frame_of, lines_of, shown

text = st.text(st.characters(codec="utf-8"), max_size=6)


def strings(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


@given(values=st.lists(st.none() | text), wanted=text)
def test_any_text_is_found_as_it_is(values: list[str | None], wanted: str) -> None:
    assert contains(strings(*values), wanted).tolist() == [value is not None and wanted in value for value in values]


@given(wanted=text, other=text)
def test_an_escaped_text_matches_itself_only(wanted: str, other: str) -> None:
    assert matches(strings(wanted, other), f"^{escaped(wanted)}$").tolist() == [True, wanted == other]


def test_nulls_do_not_match() -> None:
    assert matches(strings("", None, "x"), ".*").tolist() == [True, False, True]


@given(
    values=st.lists(st.none() | st.decimals(allow_nan=False, allow_infinity=False).map(lambda d: f"{d:f}") | st.sampled_from(["1e3", "x", "", "Inf"]))
)
def test_numbers_are_read_alike_by_the_column_and_one_by_one(values: list[str | None]) -> None:
    def one_by_one(value: str | None) -> float:
        try:
            return math.nan if value is None else parse_float(value)
        except ValueError:
            return 0.0

    got, unreadable, _ = read_numbers(strings(*values), parse_float, plain=True)
    np.testing.assert_array_equal(got, np.array([one_by_one(value) for value in values]))
    assert unreadable.tolist() == [value in ("x", "") for value in values]


def test_why_a_value_cannot_be_read_is_told_by_text() -> None:
    column = strings("1s", "x", None, "x")
    values, unreadable, reasons = read_numbers(column, parse_duration, plain=False)
    np.testing.assert_array_equal(values, [1e9, 0.0, math.nan, 0.0])
    assert unreadable.tolist() == [False, True, False, True]
    assert reasons_of(column, reasons).to_pylist() == [None, 'time: invalid duration "x"', None, 'time: invalid duration "x"']


@pytest.mark.parametrize(
    ("found", "stored", "expected"),
    [
        ({"x": "1"}, {}, {"x": "1"}),
        ({"x": "1"}, {"x": "s"}, {"x": "s", "x_extracted": "1"}),
        ({"x": None}, {"x": "s"}, {"x": "s"}),
        ({"x": "1", "x_extracted": "2"}, {"x": "s"}, {"x": "s", "x_extracted": "1"}),
        ({"x_extracted": "2", "x": "1"}, {"x": "s"}, {"x": "s", "x_extracted": "2"}),
        ({"parsed": "2"}, {}, {"parsed": "1"}),
        ({"parsed": "2"}, {"parsed": "s"}, {"parsed": "1", "parsed_extracted": "2"}),
        ({"x": ""}, {}, {"x": ""}),
    ],
)
def test_found_labels_make_way_for_stored_ones_and_come_behind_parsed_ones(found: dict[str, str | None], stored: Row, expected: Row) -> None:
    frame = frame_of(("", stored)).with_parsed({"parsed": strings("1")})
    (row,) = shown(add_parsed(frame, {name: strings(value) for name, value in found.items()}))
    assert row == {"parsed": "1", **expected}


def words(line: str, labels: LineLabels) -> None:
    """`a=1 b=2` into labels, `!` as an error, `>` as a new line."""
    for word in line.split():
        if word == "!":
            raise LineError("stopped")
        if word.startswith(">"):
            labels.line = word[1:]
        name, _, value = word.partition("=")
        labels.add(name, value)


def test_lines_are_read_into_columns_row_by_row() -> None:
    frame = parse_lines(frame_of("a=1 b=2", "", "b=3 b=4"), words, "Err", None)
    assert shown(frame) == [{"a": "1", "b": "2"}, {}, {"b": "3"}]


def test_a_line_that_breaks_keeps_what_was_found_and_marks_its_row() -> None:
    frame = parse_lines(frame_of("a=1 ! b=2", "a=3"), words, "Err", None)
    assert frame.failed().tolist() == [True, False]
    assert [row.get("failed") for row in shown(frame)] == ["Err: stopped", None]
    assert frame.column("a").to_pylist() == ["1", "3"]
    assert "b" not in frame.names()


def test_a_reader_may_replace_lines() -> None:
    assert lines_of(parse_lines(frame_of(">new", "a=1"), words, "Err", None)) == ["new", "a=1"]


def test_only_the_rows_and_names_asked_for_are_read() -> None:
    frame = parse_lines(frame_of("a=1 b=2", "a=3 !", "a=4 b=5"), words, "Err", frozenset({"a"}), np.array([True, False, True]))
    assert shown(frame) == [{"a": "1"}, {}, {"a": "4"}]
    untouched = frame_of("!")
    assert parse_lines(untouched, words, "Err", None, np.array([False])) is untouched


def test_stored_labels_keep_their_name_where_they_are() -> None:
    frame = parse_lines(frame_of(("a=1", {"a": "s"}), "a=2"), words, "Err", None)
    assert shown(frame) == [{"a": "s", "a_extracted": "1"}, {"a": "2"}]


def test_lines_whose_every_key_is_another_reach_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "COLUMNS_MIN", 2)
    monkeypatch.setattr(columns, "CELLS_MAX", 3)
    first, second, third = shown(parse_lines(frame_of("a=1 b=2", "c=3 a=4", "b=5"), words, "Err", None))
    assert (first, third) == ({"a": "1", "b": "2"}, {"b": "5"})
    assert (second["a"], second["failed"]) == ("4", "Err: more than 2 different labels in 3 lines")


@given(value=text)
def test_replacement_characters_are_blanks(value: str) -> None:
    assert without_replacements(strings(value, None)).to_pylist() == [re.sub("\ufffd", " ", value), None]
