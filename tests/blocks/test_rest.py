from __future__ import annotations

import pyarrow as pa
import pytest

from lgtm.blocks.rest import conform, count_names, pairs_of
from lgtm.model.signal import REST_TYPE

REST = pa.array([[("b", "1"), ("a", "2")], None, [], [("b", "")]], REST_TYPE)


@pytest.mark.parametrize(
    ("rest", "pairs"),
    [
        (REST, [(0, "b", "1"), (0, "a", "2"), (3, "b", "")]),
        (REST.slice(1), [(2, "b", "")]),
        (REST.slice(0, 2), [(0, "b", "1"), (0, "a", "2")]),
        (REST.slice(1, 2), []),
        (pa.nulls(3, REST_TYPE), []),
    ],
)
def test_pairs_are_those_of_the_rows_whatever_the_slice(rest: object, pairs: list[tuple[int, str, str]]) -> None:
    found = pairs_of(rest)
    assert list(zip(found.rows.tolist(), found.names.to_pylist(), found.values.to_pylist(), strict=True)) == pairs


def test_names_are_counted() -> None:
    assert count_names(REST) == {"a": 1, "b": 2}


def rows(**columns: object) -> object:
    return pa.record_batch({"line": pa.array(["x"] * 4), **columns})


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (["a", "b"], {"a": ["2", None, None, None], "b": ["1", None, None, ""], "rest": [None] * 4}),
        (["b"], {"b": ["1", None, None, ""], "rest": [[("a", "2")], None, None, None]}),
        ([], {"rest": [[("a", "2"), ("b", "1")], None, None, [("b", "")]]}),
    ],
)
def test_pairs_move_between_columns_and_rest(columns: list[str], expected: dict[str, object]) -> None:
    lifted = conform(rows(rest=REST), columns, ["line"]).to_pydict()
    assert lifted == {"line": ["x"] * 4, **expected}
    again = conform(conform(rows(rest=REST), columns, ["line"]), [], ["line"]).to_pydict()
    assert again == conform(rows(rest=REST), [], ["line"]).to_pydict()
