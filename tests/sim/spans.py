"""Spans that are all different, and of which the name says everything: what else a row has must follow from it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from lgtm.app.build import Node
from lgtm.model.batch import Batch
from lgtm.model.signal import SERIES, SPANS, TRACE_ID, TS
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.traceql.parser import parse
from lgtm.traceql.steps import Steps
from lgtm.wire.decoded_spans import DecodedSpans

SERVICES = 6
PADS = (None, "x" * 60, "x" * 300)
NUMBER, PAD = "span:int.number", "span.pad"
NAMES = parse("{} | count_over_time() by (name)")


@dataclass(slots=True, frozen=True)
class SimSpan:
    """number: of its writer's spans, from 0."""

    tenant: str
    writer: str
    number: int
    trace_id: bytes
    ts_ns: int

    @property
    def name(self) -> str:
        return f"{self.tenant} {self.writer} {self.number} {self.trace_id.hex()} {self.ts_ns}"

    @classmethod
    def named(cls, name: str) -> SimSpan:
        """Raises ValueError for what is no name of a span."""
        tenant, writer, number, trace_id, ts_ns = name.split(" ")
        return cls(tenant, writer, int(number), bytes.fromhex(trace_id), int(ts_ns))

    @property
    def service(self) -> str:
        return f"service-{self.number % SERVICES}"

    @property
    def columns(self) -> dict[str, object]:
        """Of its row, without the series."""
        ids = {TRACE_ID: self.trace_id, "span_id": (self.number + 1).to_bytes(8), "parent_id": self.number.to_bytes(8) if self.number else None}
        fixed = {"duration_ns": self.number - 10, "name": self.name, "kind": self.number % 6, "status": self.number % 3}
        return {TS: self.ts_ns, **ids, **fixed, NUMBER: self.number, PAD: PADS[self.number % len(PADS)]}


_TYPES = {NUMBER: pa.int64(), PAD: pa.string()}
_REQUIRED = {field.name for field in SPANS.columns if not field.nullable}


def decoded(spans: Sequence[SimSpan]) -> DecodedSpans:
    services = sorted({span.service for span in spans})
    rows = [{SERIES: services.index(span.service), **span.columns} for span in spans]
    types = {field.name: field.type for field in SPANS.columns} | _TYPES
    given = [name for name in rows[0] if name in _REQUIRED or any(row[name] is not None for row in rows)]
    arrays = [pa.array([row[name] for row in rows], types[name]) for name in given]
    schema = pa.schema([pa.field(name, types[name], nullable=name not in _REQUIRED) for name in given])
    return DecodedSpans(tuple((("resource.service.name", service),) for service in services), pa.record_batch(arrays, schema=schema), "sim")


class Traces:
    """Spans of one writer: traces have some spans each, which go out in several requests."""

    def __init__(self, tenant: Tenant, writer: str) -> None:
        self._tenant, self._writer = str(tenant), writer
        self._number = 0
        self._open: list[bytes] = []

    def next(self, rng: random.Random, now_ns: int, count: int) -> list[SimSpan]:
        return [self._span(rng, now_ns - rng.randrange(10**9)) for _ in range(count)]

    def _span(self, rng: random.Random, ts_ns: int) -> SimSpan:
        if not self._open or rng.random() < 0.25:
            self._open = [*self._open[-2:], rng.randbytes(16)]
        span = SimSpan(self._tenant, self._writer, self._number, rng.choice(self._open), ts_ns)
        self._number += 1
        return span


Answer = tuple[list[str], tuple[str, ...]]
"""Names of spans, and warnings."""


async def names_of(node: Node, tenant: Tenant, window: Window) -> Answer:
    """Of all spans, as often as they are counted."""
    answer = await node.traces.metrics(tenant, NAMES, Steps.instant(window.start_ns, window.end_ns), exemplars=0)
    found = [(str(series.labels[0][1]), series.values[0]) for series in answer.series if series.labels]
    return [name for name, times in found for _ in range(int(times))], answer.warnings


async def names_in_trace(node: Node, tenant: Tenant, trace_id: bytes, window: Window) -> Answer:
    """Of the spans of one trace; in place of the name of a span that is not what it says, the row."""
    answer = await node.traces.trace(tenant, trace_id, window)
    return [name for batch in answer.batches for name in _verified(batch)], answer.warnings


def _verified(batch: Batch) -> Iterator[str]:
    for row in batch.rows.to_pylist():
        wanted = SimSpan.named(row["name"])
        labels = batch.series[row.pop(SERIES)].labels
        told = {name: value for name, value in row.items() if value is not None}
        true = {name: value for name, value in wanted.columns.items() if value is not None}
        yield wanted.name if told == true and labels == (("resource.service.name", wanted.service),) else f"{labels} {told}"
