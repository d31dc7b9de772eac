"""Rows in any order, from any number of tables, are series with ascending times."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, placeholder
from lgtm.model.series import Series
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
