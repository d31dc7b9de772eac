from __future__ import annotations

import pytest

from lgtm.promql.calls.sorting import natural
from lgtm.promql.times import Times
from promql.memory import Memory

MEMORY = 'x{a="a10"} 3\nx{a="a2"} NaN\nx{a="b"} 1\nx{a="a2",c="1"} 2'


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort(x)", ["b", "a2", "a10", "a2"]),
        ("sort_desc(x)", ["a10", "a2", "b", "a2"]),
        ('sort_by_label(x, "a")', ["a2", "a2", "a10", "b"]),
        ('sort_by_label_desc(x, "a")', ["b", "a10", "a2", "a2"]),
        ("sort_by_label(x)", ["a10", "a2", "a2", "b"]),
    ],
)
def test_instant_answers_are_ordered(query: str, order: list[str]) -> None:
    assert [dict(labels)["a"] for labels in Memory.of(MEMORY).query(query, Times(0, 0)).labels.rows()] == order


def test_range_answers_are_not_and_say_so() -> None:
    result = Memory.of(MEMORY).query("sort_desc(x)", Times(0, 0, 1_000))
    assert result.warnings == ["PromQL warning: sort is ineffective for range queries since results are always ordered by labels (1:1)"]
    rows = result.labels.rows()
    assert rows == sorted(rows)


def test_numbers_inside_of_texts_are_ordered_by_their_size() -> None:
    texts = ["a", "a1b", "a2", "a10", "b1", "1", "02"]
    assert sorted(texts, key=natural) == ["1", "02", "a", "a1b", "a2", "a10", "b1"]
