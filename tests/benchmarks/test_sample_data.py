from __future__ import annotations

from itertools import pairwise

import cramjam

from benchmarks.datasets import NS_PER_S, Request
from benchmarks.sample_data import SampleDataset, SampleShape, is_counter, labels, sample_dataset
from lgtm.wire.remote_write import decode_remote_write_1

START_NS = 1_790_000_000 * NS_PER_S
SHAPE = SampleShape(series=500, scrapes=4, series_per_request=200)


def samples(request: Request) -> list[tuple[dict[str, str], int, float]]:
    """Labels, nanoseconds, value."""
    raw = bytes(cramjam.snappy.decompress_raw(request.body))
    assert len(raw) == request.raw_bytes
    decoded = decode_remote_write_1(raw)
    assert len(decoded) == request.rows
    rows = zip(*(decoded.rows.column(name).to_pylist() for name in ("series", "ts", "value")), strict=True)
    return [(dict(decoded.labels_of(at)), ts, value) for at, ts, value in rows]


def scrapes(data: SampleDataset) -> list[list[tuple[dict[str, str], int, float]]]:
    return [[row for request in data.scrape(number) for row in samples(request)] for number in range(data.shape.scrapes)]


def test_every_scrape_has_every_series_once_at_its_time() -> None:
    data = sample_dataset(SHAPE, start_ns=START_NS)
    for number, scrape in enumerate(scrapes(data)):
        assert sorted((row[0]["pod"], row[0]["__name__"]) for row in scrape) == sorted(
            (labels("bench", at)["pod"], labels("bench", at)["__name__"]) for at in range(SHAPE.series)
        )
        assert {row[1] for row in scrape} == {START_NS + number * SHAPE.interval_s * NS_PER_S}
    assert data.newest_s == data.start_s + 45


def test_labels_are_sent_in_order_of_their_names() -> None:
    assert all(list(labels("bench", number)) == sorted(labels("bench", number)) for number in range(20))


def test_counters_never_fall_and_their_newest_values_are_known() -> None:
    data = sample_dataset(SHAPE, start_ns=START_NS)
    by_pod = [{row[0]["pod"]: row[2] for row in scrape if "requests_total" in row[0]["__name__"]} for scrape in scrapes(data)]
    assert len(by_pod[0]) == sum(map(is_counter, range(SHAPE.series)))
    assert all(one[pod] <= later[pod] for one, later in pairwise(by_pod) for pod in one)
    assert sum(by_pod[-1].values()) == data.counted


def test_a_second_look_finds_the_same_bytes_and_another_seed_others() -> None:
    data = sample_dataset(SHAPE, start_ns=START_NS)
    assert sample_dataset(SHAPE, start_ns=START_NS) == data
    assert sample_dataset(SampleShape(series=500, scrapes=4, series_per_request=200, seed=2), start_ns=START_NS).requests != data.requests
