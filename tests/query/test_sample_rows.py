"""Rows in any order, from any number of tables, are series with ascending times."""

from __future__ import annotations

import weakref

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.model.label_store import LabelList
from lgtm.model.labels import Labels, is_placeholder, placeholder
from lgtm.model.series import Series, SeriesTable
from lgtm.query.sample_rows import SampleRows
from support.samples import metric, samples_batch

SERIES = [metric("up", job=name) for name in "abc"]
SAMPLES = st.tuples(st.sampled_from(SERIES), st.integers(-5, 5), st.floats(-9, 9))


@given(st.lists(st.lists(SAMPLES, min_size=1, max_size=6), max_size=4))
def test_each_series_has_its_first_sample_of_each_time(batches: list[list[tuple[Labels, int, float]]]) -> None:
    rows = SampleRows()
    expected: dict[Labels, dict[int, float]] = {}
    for batch in batches:
        rows.add(samples_batch(batch))
        for labels, ts_ms, value in batch:
            expected.setdefault(labels, {}).setdefault(ts_ms, value)
    found = rows.selected()
    told = {}
    for number, labels in enumerate(found.labels.rows()):
        held = slice(found.offsets[number], found.offsets[number + 1])
        told[labels] = list(zip(found.ts_ms[held].tolist(), found.values[held].tolist(), strict=True))
    assert told == {labels: sorted(of.items()) for labels, of in expected.items()}


def test_labels_that_one_place_has_lost_come_from_another() -> None:
    known = samples_batch([(SERIES[0], 2, 2.0)])
    first = samples_batch([(SERIES[0], 1, 1.0)])
    fingerprint = first.series[0].fingerprint
    rows = SampleRows()
    for batch in (Batch(first.signal, first.tenant, (Series(fingerprint, placeholder(fingerprint)),), first.rows), known):
        rows.add(batch)
    found = rows.selected()
    assert (found.labels.rows(), found.values.tolist()) == ([SERIES[0]], [1.0, 2.0])


@given(st.lists(st.tuples(st.sampled_from([SERIES[0], SERIES[1]]), st.integers(-3, 3), st.integers(0, 2)), min_size=1, max_size=12))
def test_times_that_differ_by_less_than_a_millisecond_are_different(samples: list[tuple[Labels, int, int]]) -> None:
    batch = samples_batch([(labels, ms, number) for number, (labels, ms, _) in enumerate(samples)])
    ts = pa.array([ms * 1_000_000 + ns for _, ms, ns in samples], pa.int64())
    rows = SampleRows()
    rows.add(Batch(batch.signal, batch.tenant, batch.series, batch.rows.set_column(1, batch.rows.schema.field(1), ts)))
    found, first = rows.selected(), dict[tuple[Labels, int, int], int]()
    for number, (labels, ms, ns) in enumerate(samples):
        first.setdefault((labels, ms, ns), number)
    order = [one[0] for one in samples]
    kept = sorted(first, key=lambda one: (order.index(one[0]), one[1:]))
    assert list(zip(found.ts_ms.tolist(), found.values.tolist(), strict=True)) == [(one[1], first[one]) for one in kept]


@given(st.lists(st.lists(SAMPLES, min_size=1, max_size=6), max_size=6), st.data())
def test_series_have_their_labels_wherever_these_are_kept(batches: list[list[tuple[Labels, int, float]]], data: st.DataObject) -> None:
    """Tables of one store in several pieces, tables of others, and series whose labels some of them have lost."""
    store = LabelList([*SERIES])
    prints = SeriesTable.of(map(Series.of, SERIES)).prints
    rows, met = SampleRows(), set[Labels]()
    for batch in batches:
        sent = samples_batch(batch)
        places = np.array([SERIES.index(one.labels or ()) for one in sent.series])
        lost = Batch(sent.signal, sent.tenant, tuple(Series(one.fingerprint, placeholder(one.fingerprint)) for one in sent.series), sent.rows)
        shared = Batch(sent.signal, sent.tenant, SeriesTable(prints[places], store, places), sent.rows)
        chosen = data.draw(st.sampled_from([sent, shared, lost]))
        met |= {one.labels or () for one in (sent if chosen is not lost else lost).series}
        rows.add(chosen)
    told = rows.selected().labels.rows()
    known = {labels for labels in met if not is_placeholder(labels)}
    assert {labels for labels in told if not is_placeholder(labels)} == known
    assert len(told) == len(set(told))


def test_a_store_of_labels_is_not_held_once_others_are_read() -> None:
    """A query reads as many stores as there are pieces from other nodes."""
    rows, stores = SampleRows(), list[weakref.ref[LabelList]]()
    for series in (*SERIES, SERIES[0]):
        sent = samples_batch([(series, 1, 1.0)])
        store = LabelList([series])
        stores.append(weakref.ref(store))
        rows.add(Batch(sent.signal, sent.tenant, SeriesTable(sent.table.prints, store), sent.rows))
        del store
    assert [store() is None for store in stores[:-1]] == [True, True, True]
