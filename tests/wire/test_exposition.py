"""A decoded page becomes columns: times, starts and exemplars where the page says some."""

from __future__ import annotations

import numpy as np

from lgtm.model.signal import EXEMPLARS, SAMPLES
from lgtm.wire.exposition import EXEMPLAR_NAMES_MAX, NAN, NO_TIME, STALE, Exposition, ScrapedExemplar

NOW_NS = 1_700_000_000_123_456_789
NOW_MS_NS = 1_700_000_000_123_000_000


def page(**fields: object) -> Exposition:
    labels = ((("__name__", "a"),), (("__name__", "b"),))
    return Exposition(**{"keys": [b"a", b"b"], "values": np.array([1.0, 2.0]), "labels_of": labels.__getitem__} | fields)  # type: ignore[arg-type]


def test_a_row_without_a_time_has_the_time_of_the_scrape_in_whole_milliseconds() -> None:
    assert page().times_ns(NOW_NS).tolist() == [NOW_MS_NS, NOW_MS_NS]
    assert page(ts_ms=np.array([NO_TIME, 5])).times_ns(NOW_NS).tolist() == [NOW_MS_NS, 5_000_000]


def test_times_beyond_what_is_stored_are_the_last_that_are() -> None:
    assert page(ts_ms=np.array([2**62, -(2**62)])).times_ns(NOW_NS).tolist() == [9_223_372_036_854_000_000, -9_223_372_036_854_000_000]


def test_decoded_rows_are_samples() -> None:
    decoded = page(start_ms=np.array([NO_TIME, 7]), histograms={1: b"h"}).decoded(NOW_NS)
    assert decoded.rows.schema == SAMPLES.columns
    assert decoded.rows.to_pydict() == {
        "series": [0, 1],
        "ts": [NOW_MS_NS, NOW_MS_NS],
        "value": [1.0, 2.0],
        "histogram": [None, b"h"],
        "start_ns": [None, 7_000_000],
    }
    assert decoded.keys.to_pylist() == [b"a", b"b"]
    assert decoded.labels_of(1) == (("__name__", "b"),)
    assert decoded.exemplars is None


def test_columns_that_no_row_needs_are_absent() -> None:
    assert page().decoded(NOW_NS).rows.schema.names == ["series", "ts", "value"]


def test_exemplars_without_a_time_have_that_of_their_row() -> None:
    exemplars = [ScrapedExemplar(1, (("trace_id", "x"),), 0.5, None), ScrapedExemplar(0, (("span_id", "y"),), 0.7, 3)]
    rows = page(exemplars=exemplars).decoded(NOW_NS).exemplars
    assert rows is not None
    assert rows.schema.names == [*EXEMPLARS.columns.names, "meta.trace_id", "meta.span_id"]
    assert rows.to_pylist() == [
        {"series": 1, "ts": NOW_MS_NS, "value": 0.5, "meta.trace_id": "x", "meta.span_id": None},
        {"series": 0, "ts": 3_000_000, "value": 0.7, "meta.trace_id": None, "meta.span_id": "y"},
    ]


def test_exemplars_cannot_make_a_column_each() -> None:
    exemplars = [ScrapedExemplar(0, ((f"name{number}", "x"),), 1.0, None) for number in range(300)]
    rows = page(exemplars=exemplars).decoded(NOW_NS).exemplars
    assert rows is not None
    assert (rows.num_rows, rows.num_columns) == (EXEMPLAR_NAMES_MAX, len(EXEMPLARS.columns) + EXEMPLAR_NAMES_MAX)


def test_the_nan_of_a_series_that_ended_differs_from_one_that_was_measured() -> None:
    assert STALE.view(np.uint64)[0] == 0x7FF0000000000002
    assert NAN.view(np.uint64)[0] == 0x7FF8000000000001
