"""Numbered samples as requests of remote write, 1.0 and 2.0, and what a node answers about them, value by value."""

from __future__ import annotations

import math
import struct
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import cramjam

from benchmarks.client import SAMPLES, Client
from benchmarks.datasets import Request
from e2e.asking import eventually, result
from e2e.spans import ask_json
from lgtm.api.remote_write import V2
from wire.write_messages import Labels, Sample, write_1, write_2

PODS = 20
MS_PER_S = 1_000
VERSION_2_EVERY, BACKWARDS_EVERY = 3, 4
SPECIAL = (math.inf, -math.inf, -0.0, 0.0, 5e-324, 1.7976931348623157e308, math.nan, 2.0**53 + 2, 0.1)


@dataclass(frozen=True)
class SampleDataset:
    """Each request has some neighbouring samples of each series, which lie evenly in `seconds` from start_ms on. edition: values differ by it."""

    samples: int
    per_request: int
    start_ms: int
    seconds: int
    edition: int = 0
    kind: str = SAMPLES

    @property
    def end_ms(self) -> int:
        return self.start_ms + self.seconds * MS_PER_S

    @property
    def step_ms(self) -> int:
        return self.seconds * MS_PER_S * PODS // self.samples

    @cached_property
    def requests(self) -> tuple[Request, ...]:
        return tuple(self._request(number) for number in range(self.samples // self.per_request))

    def _request(self, number: int) -> Request:
        first = number * self.per_request
        series = [(labels_of(pod), self._of_pod(range(first + pod, first + self.per_request, PODS), number)) for pod in range(PODS)]
        is_2 = number % VERSION_2_EVERY == 0
        body = (write_2(series) if is_2 else write_1(series)).SerializeToString()
        content_type = f"application/x-protobuf;proto={V2}" if is_2 else "application/x-protobuf"
        return Request(self.per_request, len(body), bytes(cramjam.snappy.compress_raw(body)), content_type)

    def _of_pod(self, numbers: Sequence[int], request: int) -> list[Sample]:
        samples = [(self.start_ms + number // PODS * self.step_ms, self.value(number)) for number in numbers]
        return samples[::-1] if request % BACKWARDS_EVERY == 0 else samples

    def value(self, number: int) -> float:
        special = number // PODS % 50
        return SPECIAL[special] if special < len(SPECIAL) and not self.edition else (number + self.edition * self.samples) / 7

    def number(self, pod: int, ts_ms: int) -> int:
        """Raises ValueError where there is no sample."""
        instant, rest = divmod(ts_ms - self.start_ms, self.step_ms)
        if rest or not 0 <= instant < self.samples // PODS:
            raise ValueError(f"no sample at {ts_ms}")
        return instant * PODS + pod


def labels_of(pod: int) -> Labels:
    return (("__name__", "exact_value"), ("app", "bench"), ("pod", f"pod-{pod}"))


def samples_by_request(client: Client, data: SampleDataset) -> list[int]:
    """Samples stored of each request, once the node can answer for all. As `read_samples`."""
    counted, _ = eventually(lambda: result(lambda: read_samples(client, data)), is_right=lambda answer: not answer[1])
    return list(counted)


def read_samples(client: Client, data: SampleDataset) -> tuple[list[int], list[str]]:
    """Samples that a node answers with, as a number for each request; and warnings. Raises QueryFailed; fails where a sample is twice in the answer,
    or was not sent like that."""
    query = f'exact_value{{app="bench"}}[{data.seconds + 1}s]'
    answer = ask_json(client, "/api/v1/query", query=query, time=data.end_ms / MS_PER_S)
    found = [_number(data, each["metric"], *point) for each in answer["data"]["result"] for point in each["values"]]
    assert len(set(found)) == len(found), "some are there twice"
    counted = Counter(number // data.per_request for number in found)
    return [counted[request] for request in range(len(data.requests))], answer.get("warnings", [])


def _number(data: SampleDataset, metric: dict[str, str], ts_s: float, text: str) -> int:
    pod = int(metric["pod"].removeprefix("pod-"))
    assert metric == dict(labels_of(pod))
    number = data.number(pod, round(ts_s * MS_PER_S))
    assert _bits(float(text)) == _bits(data.value(number)), f"sample {number} is {text}"
    return number


def _bits(value: float) -> bytes:
    """The text of a number tells all NaNs as one."""
    return struct.pack("<d", math.nan if math.isnan(value) else value)
