from __future__ import annotations

import numpy as np
import pytest

from lgtm.blocks.series_table import STATISTICS, decode_series, encode_series
from lgtm.model.labels import labels_of
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.series import Series
from lgtm.model.window import ALWAYS, Window

SERIES = [Series.of(labels_of(pairs)) for pairs in ({}, {"app": "api", "env": "prod"}, {"app": "web"})]
COUNTS = np.array([2, 1, 5], np.int64)


def statistics(**changed: list[int]) -> dict[str, np.ndarray[tuple[int], np.dtype[np.int64]]]:
    found = {name: np.arange(3, dtype=np.int64) for name in STATISTICS}
    found |= {"row_count": COUNTS, "first_row": np.cumsum(COUNTS) - COUNTS}
    return found | {name: np.array(values, np.int64) for name, values in changed.items()}


def test_a_table_reads_back_as_itself() -> None:
    table = decode_series(encode_series(SERIES, statistics()))
    assert table.all == tuple(SERIES)
    assert {name: getattr(table, name).tolist() for name in STATISTICS} == {name: values.tolist() for name, values in statistics().items()}
    assert table.total_rows == 8


@pytest.mark.parametrize(
    ("matchers", "window", "numbers"),
    [
        ((), ALWAYS, [0, 1, 2]),
        ((), Window(1, 2), [1]),
        ((Matcher("app", MatchOp.EQ, ""),), ALWAYS, [0]),
        ((Matcher("app", MatchOp.RE, ".+"), Matcher("env", MatchOp.NE, "prod")), ALWAYS, [2]),
    ],
)
def test_series_are_selected_by_labels_and_times(matchers: tuple[Matcher, ...], window: Window, numbers: list[int]) -> None:
    assert decode_series(encode_series(SERIES, statistics())).select(matchers, window).tolist() == numbers


@pytest.mark.parametrize("first_row", [[0, 2, 4], [1, 3, 4], [0, 1, 3]])
def test_series_whose_rows_overlap_or_leave_gaps_are_no_table(first_row: list[int]) -> None:
    with pytest.raises(ValueError, match="end to end"):
        decode_series(encode_series(SERIES, statistics(first_row=first_row)))


def test_label_values_are_empty_where_a_series_has_none() -> None:
    table = decode_series(encode_series(SERIES, statistics()))
    assert table.label_values("app").to_pylist() == ["", "api", "web"]
