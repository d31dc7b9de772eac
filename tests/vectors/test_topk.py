from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.vectors.topk import choose_k, sort_by_value
from vectors.matrices import matrix, text

PODS = """
    {app="a", pod="1"} 1 9 _
    {app="a", pod="2"} 2 8 nan
    {app="b", pod="3"} 3 _ 1
"""


@pytest.mark.parametrize(
    ("k", "names", "without", "largest", "expected"),
    [
        (1, (), False, True, ['{app="a", pod="1"} _ 9 _', '{app="b", pod="3"} 3 _ 1']),
        (1, (), False, False, ['{app="a", pod="1"} 1 _ _', '{app="a", pod="2"} _ 8 _', '{app="b", pod="3"} _ _ 1']),
        (2, (), False, True, ['{app="a", pod="1"} _ 9 _', '{app="a", pod="2"} 2 8 nan', '{app="b", pod="3"} 3 _ 1']),
        (1, ("app",), False, True, ['{app="a", pod="1"} _ 9 _', '{app="a", pod="2"} 2 _ nan', '{app="b", pod="3"} 3 _ 1']),
        (1, ("pod",), True, True, ['{app="a", pod="1"} _ 9 _', '{app="a", pod="2"} 2 _ nan', '{app="b", pod="3"} 3 _ 1']),
        (1, ("pod",), False, True, ['{app="a", pod="1"} 1 9 _', '{app="a", pod="2"} 2 8 nan', '{app="b", pod="3"} 3 _ 1']),
        (0, (), False, True, []),
    ],
)
def test_k_series_of_each_group_are_kept_at_each_step(k: int, names: tuple[str, ...], without: bool, largest: bool, expected: list[str]) -> None:
    assert text(choose_k(matrix(PODS), k, names, without=without, largest=largest)) == expected


def test_among_equals_the_first_series_wins() -> None:
    assert text(choose_k(matrix('{a="1"} 5\n{a="2"} 5\n{a="3"} 5'), 2, (), without=False, largest=True)) == ['{a="1"} 5', '{a="2"} 5']


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.integers(0, 5)), max_size=20), st.integers(1, 6))
def test_what_is_kept_is_the_head_of_each_sorted_group(series: list[tuple[str, int]], k: int) -> None:
    rows = [f'{{g="{group}", i="{i:02}"}} {value}' for i, (group, value) in enumerate(series)]
    expected = [
        row
        for i, row in enumerate(rows)
        if i in sorted((j for j in range(len(rows)) if series[j][0] == series[i][0]), key=lambda j: -series[j][1])[:k]
    ]
    assert text(choose_k(matrix("\n".join(rows)), k, ("g",), without=False, largest=True)) == expected


@pytest.mark.parametrize(("descending", "order"), [(False, "1 2 2 7 _ nan"), (True, "7 2 2 1 _ nan")])
def test_series_sort_by_value_with_nan_and_absent_last(descending: bool, order: str) -> None:
    m = matrix('{i="0"} _\n{i="1"} nan\n{i="2"} 2\n{i="3"} 7\n{i="4"} 2\n{i="5"} 1')
    rows = text(sort_by_value(m, descending=descending))
    assert " ".join(row.split()[1] for row in rows) == order
    assert rows.index('{i="2"} 2') < rows.index('{i="4"} 2')
