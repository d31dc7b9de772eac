"""However labels are kept, label sets and columns say the same of each series."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.label_store import LabelColumns, LabelList, LabelMap, LabelStore
from lgtm.model.labels import Labels
from lgtm.model.series_index import SeriesIndex

Make = Callable[[Sequence[Labels | None]], LabelStore]
NAMES = st.sampled_from(["a", "b", "c", "ü"])
LABELS: st.SearchStrategy[Labels] = st.dictionaries(NAMES, st.sampled_from(["", "x", "y", "ß"]), max_size=3).map(lambda d: tuple(sorted(d.items())))


def said_by(columns: LabelColumns, count: int) -> list[dict[str, str]]:
    """Of each series its labels, without the empty ones."""
    said: list[dict[str, str]] = [{} for _ in range(count)]
    for name, (values, codes) in columns.items():
        assert values[0] == ""
        assert len(set(values)) == len(values)
        assert codes.any()
        for series, code in zip(said, codes.tolist(), strict=True):
            if code:
                series[name] = values[code]
    return said


def indexed(labels: Sequence[Labels | None]) -> SeriesIndex:
    index = SeriesIndex()
    index.extend(one or () for one in labels)
    return index


def mapped(labels: Sequence[Labels | None]) -> LabelMap:
    maps = pa.array([(("before", "1"),), *labels, (("behind", "2"),)], pa.map_(pa.string(), pa.string()))
    return LabelMap(maps.slice(1, len(labels)))


@pytest.mark.parametrize("make", [LabelList, mapped, indexed])
@given(labels=st.lists(st.one_of(LABELS, st.none()), max_size=8), data=st.data())
def test_labels_are_those_that_were_given(make: Make, labels: list[Labels | None], data: st.DataObject) -> None:
    if make is indexed:
        labels = [one or () for one in labels]
    store = make(labels)
    assert len(store) == len(labels)
    assert [store.labels_at(number) for number in range(len(labels))] == labels
    every = np.arange(len(labels))
    some = np.array(data.draw(st.lists(st.integers(0, len(labels) - 1), max_size=12)) if labels else [], np.int64)
    for numbers in (every, some):
        wanted = [labels[number] for number in numbers.tolist()]
        assert list(store.labels(numbers)) == wanted
        assert store.unknown(numbers).tolist() == [one is None for one in wanted]
        assert said_by(store.columns(numbers), len(numbers)) == [{name: value for name, value in one or () if value} for one in wanted]
