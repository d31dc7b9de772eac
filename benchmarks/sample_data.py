"""Seeded scrapes as Prometheus sends them on by remote write 1.0: two thirds counters, one third gauges, six labels of which `pod` is unique.

Names are 80, jobs 12, handlers 60, codes 4; counters grow at five speeds, one of which is not at all, and gauges walk. All series of a scrape have
one time. The shape is the one that peers were measured with. Bodies are put together from bytes: the labels of a series are encoded once.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import cramjam
import numpy as np

from benchmarks.client import SAMPLES
from benchmarks.datasets import NS_PER_S, Facts, Request, field, kept, varint, yesterday_ns

CODES = ("200", "204", "404", "500")
SPEEDS = (0, 0.1, 1, 5, 20)
_VALUE = struct.Struct("<Bd")
_VALUE_KEY = 1 << 3 | 1
_TIME_KEY = b"\x10"


@dataclass(slots=True, frozen=True)
class SampleShape:
    """prefix: of the names of metrics."""

    series: int = 40_000
    scrapes: int = 60
    interval_s: int = 15
    series_per_request: int = 2_000
    seed: int = 1
    prefix: str = "bench"

    @property
    def samples(self) -> int:
        return self.series * self.scrapes


@dataclass(slots=True, frozen=True)
class SampleDataset:
    """counted: sum of the newest samples of all counters, a whole number."""

    shape: SampleShape
    start_ns: int
    requests: tuple[Request, ...]
    counted: int
    kind: str = SAMPLES

    @property
    def start_s(self) -> int:
        return self.start_ns // NS_PER_S

    @property
    def newest_s(self) -> int:
        """Of the last scrape."""
        return self.start_s + (self.shape.scrapes - 1) * self.shape.interval_s

    def scrape(self, number: int) -> tuple[Request, ...]:
        requests = -(-self.shape.series // self.shape.series_per_request)
        return self.requests[number * requests : (number + 1) * requests]


def sample_dataset(shape: SampleShape, *, start_ns: int | None = None) -> SampleDataset:
    begins_ns = start_ns or yesterday_ns()
    requests, facts = kept(SAMPLES, shape, begins_ns, lambda facts: _scrapes(shape, begins_ns, facts))
    return SampleDataset(shape, begins_ns, requests, **facts)


def labels(prefix: str, number: int) -> dict[str, str]:
    """In the order that senders keep, which is that of names."""
    job = f"job-{number % 12}"
    return {
        "__name__": f"{prefix}_{'requests_total' if is_counter(number) else 'temperature'}_{number // 12 % 40}",
        "cluster": "prod-eu",
        "code": CODES[number % 4],
        "handler": f"/api/v1/h{number // 7 % 60}",
        "instance": f"10.0.{number % 7}.{number % 251}:9100",
        "job": job,
        "pod": f"{job}-{number}",
    }


def is_counter(number: int) -> bool:
    return number % 3 != 0


def _scrapes(shape: SampleShape, start_ns: int, facts: Facts) -> Iterator[Request]:
    """prometheus.WriteRequest: timeseries 1 (labels 1 (name 1, value 2), samples 2 (value 1, timestamp 2))."""
    named = [_labels(shape.prefix, number) for number in range(shape.series)]
    rng = np.random.default_rng(shape.seed)
    counters = np.arange(shape.series) % 3 != 0
    values, speeds = rng.random(shape.series) * 1_000, rng.choice(SPEEDS, shape.series)
    for scrape in range(shape.scrapes):
        values += np.where(counters, speeds * rng.integers(0, 31, shape.series), rng.normal(0, 1, shape.series))
        seen = np.where(counters, np.floor(values), np.round(values, 3))
        facts["counted"] = int(seen[counters].sum())
        time_ms = start_ns // 1_000_000 + scrape * shape.interval_s * 1_000
        for first in range(0, shape.series, shape.series_per_request):
            last = min(shape.series, first + shape.series_per_request)
            raw = _request(named[first:last], seen[first:last].tolist(), _TIME_KEY + varint(time_ms))
            yield Request(last - first, len(raw), bytes(cramjam.snappy.compress_raw(raw)))


def _labels(prefix: str, number: int) -> bytes:
    return b"".join(field(1, field(1, name.encode()) + field(2, value.encode())) for name, value in labels(prefix, number).items())


def _request(named: list[bytes], values: list[float], time: bytes) -> bytes:
    """A value of zero is left out, as in every encoder of protobuf."""
    samples = (field(2, (_VALUE.pack(_VALUE_KEY, value) if value else b"") + time) for value in values)
    return b"".join(field(1, of_series + sample) for of_series, sample in zip(named, samples, strict=True))
