from __future__ import annotations

import numpy as np
import pytest

from lgtm.vectors.matrix import DuplicateSeries, Matrix, join_steps, merge_equal_labels, reduce_rows
from vectors.matrices import matrix, text


def test_a_constant_is_one_series_without_labels() -> None:
    assert text(Matrix.constant(2.5, np.array([0, 10]))) == ["{} 2.5 2.5"]


def test_series_absent_everywhere_are_left_out() -> None:
    assert text(matrix('{a="1"} _ _\n{a="2"} _ 3').without_absent()) == ['{a="2"} _ 3']


def test_series_sort_by_labels_and_shorter_sets_come_first() -> None:
    unsorted = matrix('{b="1"} 1\n{a="2"} 2\n{a="1", b="1"} 3\n{a="1"} 4\n{} 5')
    assert text(unsorted.sorted_by_labels()) == ["{} 5", '{a="1"} 4', '{a="1", b="1"} 3', '{a="2"} 2', '{b="1"} 1']


def merged(written: str) -> list[str]:
    m = matrix(written)
    return text(merge_equal_labels(m.labels, m.steps_ns, m.values, m.present))


def test_rows_of_equal_labels_become_one_series() -> None:
    assert merged('{a="1"} 1 _ _\n{a="2"} 5 6 _\n{a="1"} _ nan 3') == ['{a="1"} 1 nan 3', '{a="2"} 5 6 _']


def test_rows_of_equal_labels_at_one_step_are_refused() -> None:
    with pytest.raises(DuplicateSeries, match="same labelset"):
        merged('{a="1"} 1 2\n{a="1"} _ 3')


def test_runs_of_steps_join_and_a_series_is_absent_where_its_part_lacks_it() -> None:
    joined = join_steps([matrix('{a="1"} 1 2\n{a="2"} 3 4'), matrix('{a="2"} 5\n{a="3"} 6')])
    assert text(joined) == ['{a="1"} 1 2 _', '{a="2"} 3 4 5', '{a="3"} _ _ 6']


@pytest.mark.parametrize("codes", [[0, 1, 2], [0, 0, 0], [1, 0, 1], [0]])
def test_rows_fold_by_code(codes: list[int]) -> None:
    table = np.arange(2.0 * len(codes)).reshape(-1, 2)
    folded = reduce_rows(np.add, table, np.array(codes), max(codes) + 1)
    expected = [sum(table[i] for i, c in enumerate(codes) if c == code) for code in range(max(codes) + 1)]
    assert folded.tolist() == np.array(expected).tolist()
