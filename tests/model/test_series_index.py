"""The index says of each series what matching its labels says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

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
