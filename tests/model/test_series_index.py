"""The index says of each series what matching its labels says."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.label_store import LabelList
from lgtm.model.labels import Labels, labels_of
from lgtm.model.matchers import Matcher, MatchOp, matches_all
from lgtm.model.series_index import SeriesIndex

LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "x", "y", "xy"]), max_size=3).map(labels_of)
MATCHERS = st.lists(st.builds(Matcher, st.sampled_from("abcd"), st.sampled_from(MatchOp), st.sampled_from(["", "x", "x.*", "y|x"])), max_size=3)


@given(st.lists(LABELS, max_size=12), MATCHERS, st.integers(0, 12))
def test_series_are_selected_by_their_labels(series: list[Labels], matchers: list[Matcher], count: int) -> None:
    index = SeriesIndex()
    index.extend(series)
    assert len(index) == len(series)
    wanted = series[:count]
    assert index.select(tuple(matchers), len(wanted)).tolist() == [matches_all(tuple(matchers), labels) for labels in wanted]


@given(st.lists(LABELS, min_size=1, max_size=6), LABELS, st.data(), MATCHERS)
def test_labels_that_are_told_later_count(series: list[Labels], labels: Labels, data: st.DataObject, matchers: list[Matcher]) -> None:
    index = SeriesIndex()
    index.extend(series)
    number = data.draw(st.integers(0, len(series) - 1))
    index.replace(number, labels)
    series[number] = labels
    assert index.select(tuple(matchers), len(series)).tolist() == [matches_all(tuple(matchers), one) for one in series]


@given(st.lists(st.tuples(st.lists(LABELS, max_size=5), st.sampled_from(["labels", "columns", "both"])), max_size=5), MATCHERS, st.data())
def test_series_may_be_told_as_columns(parts: list[tuple[list[Labels], str]], matchers: list[Matcher], data: st.DataObject) -> None:
    index, series = SeriesIndex(), [labels for part, _ in parts for labels in part]
    for part, told_as in parts:
        if told_as == "labels":
            index.extend(part)
        else:
            index.extend_columns(len(part), LabelList(part).columns(np.arange(len(part))), part if told_as == "both" else None)
    assert len(index) == len(series)
    asked = data.draw(st.lists(st.sampled_from(range(len(series))))) if series else []
    for _ in range(2):
        assert index.labels(np.array(asked, np.int64)) == [series[number] for number in asked]
    assert [index.labels_at(number) for number in range(len(series))] == series
    assert index.select(tuple(matchers), len(series)).tolist() == [matches_all(tuple(matchers), labels) for labels in series]


@given(st.lists(LABELS, max_size=6), st.lists(LABELS, max_size=6))
def test_what_was_read_does_not_change_when_series_are_added(before: list[Labels], after: list[Labels]) -> None:
    index = SeriesIndex()
    index.extend(before)
    columns = index.columns(np.arange(len(before)))
    copied = {name: (list(values), codes.tolist()) for name, (values, codes) in columns.items()}
    index.extend_columns(len(after), LabelList(after).columns(np.arange(len(after))))
    assert {name: (list(values), codes.tolist()) for name, (values, codes) in columns.items()} == copied
    assert index.labels(np.arange(len(before))) == before
