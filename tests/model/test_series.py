"""A table of series is what a tuple of them would be, whatever columns it is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.label_store import LabelList
from lgtm.model.labels import Labels, fingerprint
from lgtm.model.series import Series, SeriesTable, label_size

LABELS: st.SearchStrategy[Labels] = st.lists(st.tuples(st.sampled_from("abc"), st.text(max_size=3)), max_size=2, unique_by=lambda p: p[0]).map(
    lambda pairs: tuple(sorted(pairs))
)
SERIES = st.builds(lambda labels, bare: Series(fingerprint(labels), None if bare else labels), LABELS, st.booleans())
MANY = st.lists(SERIES, max_size=8)


def say_the_same(table: SeriesTable, series: Sequence[Series]) -> None:
    assert table == tuple(series)
    assert tuple(series) == table
    assert len(table) == len(series)
    assert table.fingerprints == [one.fingerprint for one in series]
    assert list(table.labels) == [one.labels for one in series] == [table.labels_at(at) for at in range(len(series))]
    assert table.unlabelled.tolist() == [one.labels is None for one in series]
    assert table.label_sizes.tolist() == [label_size(one.labels) for one in series]
    assert [table[at] for at in range(len(series))] == list(series)


def pooled(series: Sequence[Series]) -> SeriesTable:
    """The same series from a list of labels that holds others too, and grows afterwards."""
    pool = [(("x", "1"),), *(one.labels for one in reversed(series))]
    table = SeriesTable(SeriesTable.of(series).prints, LabelList(pool), np.arange(len(series), 0, -1))
    pool.append((("y", "2"),))
    return table


def test_a_series_is_named_by_its_labels() -> None:
    labels = (("app", "a"),)
    assert Series.of(labels) == Series(fingerprint(labels), labels)


@given(MANY)
def test_a_table_is_its_series(series: list[Series]) -> None:
    say_the_same(SeriesTable.of(series), series)
    say_the_same(pooled(series), series)


@given(MANY, st.data())
def test_some_of_a_table_are_a_table(series: list[Series], data: st.DataObject) -> None:
    places = data.draw(st.lists(st.integers(0, len(series) - 1), max_size=10)) if series else []
    for table in (SeriesTable.of(series), pooled(series)):
        if data.draw(st.booleans()):
            assert len(table.label_sizes) == len(table.unlabelled)  # a column that was asked for passes on
        say_the_same(table.take(np.array(places, np.int64)), [series[at] for at in places])
        say_the_same(table[1:3], series[1:3])


@given(st.lists(MANY, min_size=1, max_size=4), st.booleans())
def test_tables_join_to_one(parts: list[list[Series]], asked: bool) -> None:
    everything = [one for part in parts for one in part]
    whole = pooled(everything)
    ends = np.cumsum([len(part) for part in parts]).tolist()
    for tables in (
        [SeriesTable.of(part) for part in parts],
        [pooled(part) for part in parts],
        [whole[end - len(part) : end] for part, end in zip(parts, ends, strict=True)],
        [SeriesTable.of(part).without_labels() for part in parts],
    ):
        if asked:
            assert all(len(table.label_sizes) == len(table.unlabelled) for table in tables)
        say_the_same(SeriesTable.joined(tables), [one for table in tables for one in table])


@given(st.lists(MANY, min_size=2, max_size=4))
def test_united_tables_have_each_series_once(parts: list[list[Series]]) -> None:
    everything = [one for part in parts for one in part]
    known: dict[bytes, Labels | None] = {}
    for one in everything:
        known[one.fingerprint] = one.labels if known.get(one.fingerprint) is None else known[one.fingerprint]
    for tables in ([SeriesTable.of(part) for part in parts], [pooled(part) for part in parts]):
        united, numbers = SeriesTable.united(tables)
        say_the_same(united, [Series(of, labels) for of, labels in known.items()])
        assert [united[number].fingerprint for number in numbers] == [one.fingerprint for one in everything]


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), min_size=1, max_size=4))
def test_tables_of_one_store_are_united_by_their_places(parts: list[list[int]]) -> None:
    store = [Series.of((("app", str(number)),)) for number in range(6)]
    prints, labels = SeriesTable.of(store).prints, LabelList([one.labels for one in store])
    tables = [SeriesTable(prints[part], labels, np.array(part, np.int64)) for part in parts]
    united, numbers = SeriesTable.united(tables)
    everything = [number for part in parts for number in part]
    say_the_same(united, [store[number] for number in dict.fromkeys(everything)])
    assert [united[number] for number in numbers] == [store[number] for number in everything]


@given(MANY, st.data())
def test_labels_can_be_left_out(series: list[Series], data: st.DataObject) -> None:
    chosen = data.draw(st.lists(st.booleans(), min_size=len(series), max_size=len(series)))
    bare = [Series(one.fingerprint, None if left_out else one.labels) for one, left_out in zip(series, chosen, strict=True)]
    say_the_same(SeriesTable.of(series).without_labels(np.array(chosen, bool)), bare)
    say_the_same(pooled(series).without_labels(), [Series(one.fingerprint, None) for one in series])


def test_labels_that_one_table_lacks_come_from_another() -> None:
    a, b = Series.of((("app", "a"),)), Series.of((("app", "b"),))
    lacking = SeriesTable.of([Series(a.fingerprint, None), b, Series(b.fingerprint, None)])
    other = SeriesTable.of([Series(b.fingerprint, None), a, b])
    assert lacking.filled_from(other, np.array([2, 0, 1])) == (a, b, Series(b.fingerprint, None))


def test_a_table_is_not_another() -> None:
    a, b = Series.of((("app", "a"),)), Series.of((("app", "b"),))
    assert SeriesTable.of([a]) != (b,)
    assert SeriesTable.of([a]) != (a, b)
    assert SeriesTable.of([a]) != "a"
    assert repr(SeriesTable.of([a])) == f"SeriesTable([{a!r}])"
