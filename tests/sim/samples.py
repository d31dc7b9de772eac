"""Samples of which the name says everything: series, time, and value bit for bit. Times come in any order, and some come again with another value."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from lgtm.app.build import Node
from lgtm.distributor.push import Distributor
from lgtm.distributor.refusals import SamplesRefused
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.signal import SAMPLES
from lgtm.model.tenant import Tenant
from lgtm.promql.columns import STALE_BITS
from lgtm.promql.parser import parse
from lgtm.promql.times import Times
from lgtm.vectors.matrix import F64, I64
from lgtm.wire.decoded_samples import DecodedSamples

PODS = 6
NS_PER_MS, DAY_MS = 10**6, 86_400_000
AGES_MS = (0, 0, 0, 15_000, 300_000)
AGAIN, OTHER_VALUE, TOO_LATE = 0.2, 0.2, 0.05
"""How often a request brings something that was sent before, something else for a time that was sent before, and something that is always refused."""
RECENT = 12
SPECIAL_BITS = (STALE_BITS, 0x7FF8000000000001, 0x7FF0000000000000, 0xFFF0000000000000, 0x8000000000000000, 0x0000000000000001)
"""The stale marker, another NaN, both infinities, the other zero, the least number above zero."""
ALL = (Matcher("app", MatchOp.EQ, "sim"),)
RANGES = tuple(parse(f'sim_value{{pod="{pod}"}}[4d]') for pod in range(PODS))


@dataclass(slots=True, frozen=True)
class SimSample:
    """bits: of the value."""

    pod: int
    ts_ms: int
    bits: int

    @property
    def name(self) -> str:
        return f"{self.pod} {self.ts_ms} {self.bits:016x}"


def place_of(name: str) -> str:
    """Series and time, of which an answer has one sample, whatever values were sent."""
    return name.rpartition(" ")[0]


def labels_of(pod: int) -> Labels:
    return (("__name__", "sim_value"), ("app", "sim"), ("pod", str(pod)))


def decoded(samples: Sequence[SimSample]) -> DecodedSamples:
    pods = sorted({sample.pod for sample in samples})
    columns = [
        pa.array([pods.index(sample.pod) for sample in samples], pa.uint32()),
        pa.array([sample.ts_ms * NS_PER_MS for sample in samples], pa.int64()),
        pa.array(np.array([sample.bits for sample in samples], np.uint64).view(np.float64)),
    ]
    rows = pa.record_batch(columns, schema=pa.schema(list(SAMPLES.columns)[:3]))
    return DecodedSamples(pa.array([b"%d" % pod for pod in pods], pa.binary()), lambda at: labels_of(pods[at]), rows, "remote_write_1")


async def push(to: Distributor, tenant: Tenant, samples: Sequence[SimSample], too_late: Sequence[SimSample]) -> None:
    """Returns once exactly the samples are stored, and those that are too late are refused."""
    try:
        await to.push_samples(tenant, decoded([*samples, *too_late]))
    except SamplesRefused as error:
        if sum(refusal.lines for refusal in error.refusals) != len(too_late):
            raise


class Scrapes:
    """Samples of one writer."""

    def __init__(self) -> None:
        self._recent = deque[SimSample](maxlen=RECENT)

    def next(self, rng: random.Random, now_ms: int, count: int) -> tuple[list[SimSample], list[SimSample]]:
        """Some series at `count` times, and now and then more; then those of a time that no node accepts."""
        pods = rng.sample(range(PODS), rng.choice((1, 1, 2)))
        times_ms = [now_ms - rng.choice(AGES_MS) - rng.randrange(1_000) for _ in range(count)]
        samples = [SimSample(pod, ts_ms, _bits(rng)) for pod in pods for ts_ms in times_ms]
        if rng.random() < AGAIN:
            samples.append(rng.choice([*self._recent, *samples]))
        if rng.random() < OTHER_VALUE:
            samples.append(replace(rng.choice([*self._recent, *samples]), bits=_bits(rng)))
        self._recent += samples
        too_late = [SimSample(pods[0], now_ms + DAY_MS, _bits(rng))] if rng.random() < TOO_LATE else []
        return samples, too_late


def _bits(rng: random.Random) -> int:
    """Mostly one of its kind, so that it also tells which tenant it was sent for."""
    return rng.choice(SPECIAL_BITS) if rng.random() < 0.1 else rng.getrandbits(64)


Answer = tuple[list[str], tuple[str, ...]]
"""Names of samples, and warnings."""


async def all_samples(node: Node, tenant: Tenant, now_ms: int) -> Answer:
    """Stale markers, too."""
    found, warnings = await node.metrics.select(tenant, ALL, now_ms - DAY_MS, now_ms + 2 * DAY_MS)
    # All ends and not only those between series, of which an answer without any series has none: the last piece is empty.
    ends = found.offsets[1:]
    series = zip(found.labels.rows(), np.split(found.ts_ms, ends)[:-1], np.split(found.values, ends)[:-1], strict=True)
    return [name for labels, ts_ms, values in series for name in _names(labels, ts_ms, values)], warnings


async def range_vector(node: Node, tenant: Tenant, pod: int, now_ms: int) -> Answer:
    """The samples of one series as PromQL gives them out: without stale markers."""
    at_ms = now_ms + 2 * DAY_MS
    answer = await node.metrics.query(tenant, RANGES[pod], Times(at_ms, at_ms))
    return [
        name for labels, floats, _ in answer.result.series() for name in _names(labels, floats.ts_ms, floats.values.astype(np.float64, copy=False))
    ], answer.warnings


def of_range_vector(pod: int, acked: Iterable[str], sent: Iterable[str]) -> set[str]:
    """Acknowledged samples that a range vector must have: none of a time for which a stale marker was sent, for that may be the one that counts."""
    stale = {place_of(name) for name in sent if name.endswith(f"{STALE_BITS:016x}")}
    return {name for name in acked if name.startswith(f"{pod} ") and place_of(name) not in stale}


def _names(labels: Labels, ts_ms: I64, values: F64) -> Iterator[str]:
    """In place of the name of a sample that is not of a series as it was sent, its labels."""
    pod = int(dict(labels).get("pod", 0))
    is_right = labels == labels_of(pod)
    for ts, bits in zip(ts_ms.tolist(), values.view(np.uint64).tolist(), strict=True):
        yield SimSample(pod, ts, bits).name if is_right else f"{labels} {ts} {bits:016x}"
