"""Values that are no plain scalar become columns as far as a query can ask for them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from lgtm.traceql.any_columns import any_columns
from wire.messages import any_value


def columns(*values: Any) -> list[Any]:
    """None stands for a row without the attribute."""
    messages = [None if value is None else any_value(value).SerializeToString() for value in values]
    return [(str(one.type), one.to_pylist()) for one in any_columns(pa.array(messages, pa.binary()))]


def test_values_of_each_type_have_a_column() -> None:
    found = columns("", ["a", "b"], None, [1, 2], [True], [0.5], "", ["c"])
    assert dict(found) == {
        "string": ["", None, None, None, None, None, "", None],
        "list<item: string>": [None, ["a", "b"], None, None, None, None, None, ["c"]],
        "list<item: int64>": [None, None, None, [1, 2], None, None, None, None],
        "list<item: bool>": [None, None, None, None, [True], None, None, None],
        "list<item: double>": [None, None, None, None, None, [0.5], None, None],
    }


@pytest.mark.parametrize("value", [{"k": "v"}, b"bytes", [], ["a", 1], [["nested"]], [{"k": 1}]])
def test_what_no_query_can_ask_for_is_in_none(value: Any) -> None:
    assert columns(value) == []
