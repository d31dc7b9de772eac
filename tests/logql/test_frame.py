"""Rows on their way through a pipeline: three layers of labels, errors beside them, and nothing that changes."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.frame import ERROR, ERROR_DETAILS, CategorizedLabels, LogFrame
from support.logframes import frame_of, lines_of, shown


def strings(*values: str | None) -> pa.Array:
    return pa.array(values, pa.string())


def frame() -> LogFrame:
    """Three rows; `x` is in the stream of the first, in the metadata of all (as x_extracted where the stream has it)."""
    return frame_of(("one", {"app": "a", "x": "s"}), ("two", {"app": "b"}), ("three", {}), metadata={"x": "m"})


def test_a_label_is_parsed_before_metadata_before_stream() -> None:
    assert frame().column("x").to_pylist() == ["s", "m", "m"]
    assert frame().column("x_extracted").to_pylist() == ["m", None, None]
    parsed = frame().with_parsed({"x": strings(None, "p", "")})
    assert parsed.column("x").to_pylist() == ["s", "p", ""]
    assert frame().column("none").to_pylist() == [None, None, None]


def test_rows_are_filtered_and_taken_with_all_that_they_have() -> None:
    whole = frame().with_parsed({"p": strings("1", "2", "3")}).with_error(np.array([False, True, False]), "Err")
    some = whole.filter(np.array([False, True, True]))
    assert (len(some), lines_of(some), some.row_numbers.tolist(), some.ts_ns.tolist()) == (2, ["two", "three"], [1, 2], [2, 3])
    assert some.column("p").to_pylist() == ["2", "3"]
    assert some.failed().tolist() == [True, False]
    again = some.take(np.array([1, 0, 1]))
    assert (lines_of(again), again.row_numbers.tolist()) == (["three", "two", "three"], [2, 1, 2])
    assert whole.filter(np.array([True, True, True])) is whole


def test_lines_are_replaced_and_taken_along() -> None:
    changed = frame().with_line(strings("x", "y", "z"))
    assert lines_of(changed.filter(np.array([True, False, True]))) == ["x", "z"]
    assert lines_of(frame()) == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("change", "values"),
    [
        (lambda f: f.with_set("p", strings("9", None, "")), ["9", "2", ""]),
        (lambda f: f.with_added({"p": strings("9", "9", "9")}), ["1", "2", "9"]),
        (lambda f: f.with_parsed({"p": strings("9", None, None)}), ["9", None, None]),
        (lambda f: f.without("p"), [None, None, None]),
        (lambda f: f.without("p", np.array([True, False, True])), [None, "2", None]),
    ],
)
def test_parsed_labels_are_set_added_and_taken_away(change: Callable[[LogFrame], LogFrame], values: list[str | None]) -> None:
    before = frame().with_parsed({"p": strings("1", "2", None)})
    assert change(before).column("p").to_pylist() == values
    assert before.column("p").to_pylist() == ["1", "2", None]


def test_a_label_is_taken_away_from_every_layer() -> None:
    gone = frame().with_parsed({"x": strings("p", "p", None)}).without("x", np.array([True, False, True]))
    assert gone.column("x").to_pylist() == [None, "p", None]
    assert frame().without("x").column("x").to_pylist() == [None, None, None]


def test_parsers_still_see_what_rows_were_stored_with() -> None:
    gone = frame().without("x").without("app")
    assert gone.stored("app").tolist() == [True, True, False]
    assert gone.stored_names(np.array([0, 2])) == [frozenset({"app", "x", "x_extracted"}), frozenset({"x"})]


def test_names_are_all_that_may_have_a_value() -> None:
    assert frame().with_parsed({"p": strings(None, None, None)}).names() == {"app", "x", "x_extracted", "p"}


def test_a_later_error_replaces_an_earlier_one() -> None:
    marked = frame().with_error(np.array([True, True, False]), "First", strings("a", None, None))
    again = marked.with_error(np.array([False, True, False]), "Second", strings("b", "c", "d"))
    assert again.column(ERROR).to_pylist() == ["First", "Second", None]
    assert again.column(ERROR_DETAILS).to_pylist() == ["a", "c", None]
    assert again.with_error(np.zeros(3, bool), "Third") is again


def test_errors_are_cleared_by_name() -> None:
    marked = frame().with_error(np.array([True, True, False]), "Err", strings("a", "b", None))
    assert marked.without_error(ERROR, np.array([True, False, False])).failed().tolist() == [False, True, False]
    assert marked.without_error(ERROR_DETAILS).column(ERROR).to_pylist() == ["Err", "Err", None]
    assert frame().without_error(ERROR).failed().tolist() == [False, False, False]


def test_what_a_line_calls_an_error_is_shown_but_none() -> None:
    named = frame().with_parsed({ERROR: strings("line", "line", None)})
    assert named.failed().tolist() == [False, False, False]
    assert named.errors().tolist() == [True, True, False]
    assert named.column(ERROR).to_pylist() == [None, None, None]
    marked = named.with_error(np.array([True, False, False]), "Err")
    assert [row.get(ERROR) for row in shown(marked)] == ["Err", "line", None]


def test_label_maps_are_the_labels_of_single_rows() -> None:
    marked = frame().with_error(np.array([False, False, True]), "Err")
    assert marked.label_maps(None) == [
        {"app": "a", "x": "s", "x_extracted": "m"},
        {"app": "b", "x": "m"},
        {"x": "m", ERROR: "Err"},
    ]
    assert marked.label_maps(frozenset({"app"})) == [{"app": "a"}, {"app": "b"}, {}]
    assert marked.label_maps(frozenset()) == [{}, {}, {}]


def test_groups_are_by_some_labels_or_all_or_all_but_some() -> None:
    def groups(names: tuple[str, ...] | None, *, without: tuple[str, ...] | None = None) -> list[dict[str, str]]:
        codes, sets = frame().label_groups(names, without=without)
        return [dict(sets[code]) for code in codes.tolist()]

    assert groups(("x",)) == [{"x": "s"}, {"x": "m"}, {"x": "m"}]
    assert groups(()) == [{}, {}, {}]
    assert groups(None) == [{"app": "a", "x": "s", "x_extracted": "m"}, {"app": "b", "x": "m"}, {"x": "m"}]
    assert groups(None, without=("x", "x_extracted")) == [{"app": "a"}, {"app": "b"}, {}]


def test_errors_are_labels_of_groups() -> None:
    codes, sets = frame().with_error(np.array([False, True, True]), "Err").label_groups((ERROR,))
    assert [dict(sets[code]) for code in codes.tolist()] == [{}, {ERROR: "Err"}, {ERROR: "Err"}]


def test_categories_tell_the_layers_apart() -> None:
    codes, sets = frame().with_parsed({"app": strings("p", None, None)}).categorized()
    assert [sets[code] for code in codes.tolist()] == [
        CategorizedLabels((("x", "s"),), (("x_extracted", "m"),), (("app", "p"),)),
        CategorizedLabels((("app", "b"),), (("x", "m"),), ()),
        CategorizedLabels((), (("x", "m"),), ()),
    ]


@given(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=9), st.data())
def test_filtering_and_labelling_may_change_places(lines: list[str], data: st.DataObject) -> None:
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines))), dtype=bool)
    column = strings(*data.draw(st.lists(st.none() | st.sampled_from(["1", "2"]), min_size=len(lines), max_size=len(lines))))
    whole = frame_of(*((line, {"app": line}) for line in lines))
    first = whole.filter(mask).with_set("app", column.filter(pa.array(mask)))
    last = whole.with_set("app", column).filter(mask)
    assert first.column("app").to_pylist() == last.column("app").to_pylist()
    assert (lines_of(first), first.row_numbers.tolist()) == (lines_of(last), last.row_numbers.tolist())
