"""Clients outside of the cluster: writers of lines, spans and samples that are all different, and readers that know what they must see."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lgtm.app.build import Node
from lgtm.distributor.push import Distributor
from lgtm.errors import BadRequest, LgtmError, LimitExceeded, Unavailable
from lgtm.logql.parser import parse_log_selector
from lgtm.model.signal import LINE, SERIES, TS
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from sim import samples
from sim.spans import Answer, SimSpan, Traces, decoded, names_in_trace, names_of
from sim.world import EPOCH_NS, Host, World

TENANTS = (Tenant("one"), Tenant("two"))
PATIENCE_S = 14.0
QUERY_PATIENCE_S = 40.0
LIMIT = 100_000
TRIES = 6
LINES, SPANS, SAMPLES = "lines", "spans", "samples"
Sends = tuple[tuple[str, ...], ...]
SENDS: tuple[Sends, ...] = (
    ((LINES,), (SPANS,)), ((SAMPLES,), (LINES,)), ((SPANS,), (SAMPLES,)),
    ((LINES, SPANS), (LINES,)), ((SPANS,), (LINES, SPANS)), ((SAMPLES,), (SPANS, SAMPLES)), ((LINES, SAMPLES), (SAMPLES,)),
)  # fmt: skip
"""What the tenants of a run may send. Not everything each time: a signal of a tenant has blocks of its own, which take most of a run's time."""
Push = Callable[[Distributor], Coroutine[Any, Any, None]]


class NoAnswer(Exception):
    """The node died, or took too long."""


def _by_tenant() -> dict[Tenant, set[str]]:
    return {tenant: set() for tenant in TENANTS}


@dataclass
class Records:
    """Lines, or names of spans or samples, by tenant. sent: ever; acked: for good; refused: never to be seen.

    place: what of a record is there once. Of samples that is series and time, and any value that was sent for it may be the one that counts.
    """

    what: str
    place: Callable[[str], str] = str
    sent: dict[Tenant, set[str]] = field(default_factory=_by_tenant)
    acked: dict[Tenant, set[str]] = field(default_factory=_by_tenant)
    refused: dict[Tenant, set[str]] = field(default_factory=_by_tenant)

    @property
    def acked_count(self) -> int:
        return sum(map(len, self.acked.values()))


@dataclass
class Truth:
    sends: Sends
    """By tenant."""
    lines: Records = field(default_factory=lambda: Records(LINES))
    spans: Records = field(default_factory=lambda: Records(SPANS))
    samples: Records = field(default_factory=lambda: Records(SAMPLES, samples.place_of))
    attempts: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_ack_s: float = 0.0

    @property
    def acked_counts(self) -> Counter[str]:
        return Counter({records.what: records.acked_count for records in (self.lines, self.spans, self.samples)})


async def ask(world: World, host: Host, work: Coroutine[Any, Any, Any], patience_s: float) -> Any:
    """Runs the work as a request to the host. Raises NoAnswer, or what the work raised."""
    assert host.process is not None
    task = world.loop.create_task(work, context=host.process.context.copy())
    done, _ = await asyncio.wait({task}, timeout=patience_s)
    if not done:
        world.loop.call_soon(task.cancel, context=host.process.context.copy())
        raise NoAnswer
    return task.result()


def batch(lines: list[tuple[int, int, str]]) -> DecodedLogs:
    """lines: (stream, ts_ns, text)."""
    streams = sorted({stream for stream, _, _ in lines})
    columns = {
        SERIES: pa.array([streams.index(stream) for stream, _, _ in lines], pa.uint32()),
        TS: pa.array([ts for _, ts, _ in lines], pa.int64()),
        LINE: pa.array([text for _, _, text in lines], pa.string()),
    }
    rows = pa.record_batch(list(columns.values()), schema=pa.schema([pa.field(name, c.type, nullable=False) for name, c in columns.items()]))
    labels = [(("app", "sim"), ("pod", f"pod-{stream}")) for stream in streams]
    return DecodedLogs(tuple(DecodedStream("{" + ",".join(f'{k}="{v}"' for k, v in one) + "}", one, None) for one in labels), rows, "sim")


class Writer:
    """Numbers what it writes, so that each record is one of its kind."""

    def __init__(self, world: World, truth: Truth, rng: random.Random, name: str) -> None:
        self._world, self._truth, self._rng, self._name = world, truth, rng, name
        self._number = 0
        self._traces = {tenant: Traces(tenant, name) for tenant in TENANTS}
        self._scrapes = {tenant: samples.Scrapes() for tenant in TENANTS}

    async def write(self, tenant: Tenant, what: str, count: int) -> bool:
        """Whether it was acknowledged."""
        return await {LINES: self._lines, SPANS: self._spans, SAMPLES: self._samples}[what](tenant, count)

    async def _lines(self, tenant: Tenant, count: int) -> bool:
        lines = [self._line(tenant) for _ in range(count)]
        texts = {text for _, _, text in lines}
        return await _write(self._world, self._truth, self._rng, self._truth.lines, tenant, texts, lambda to: to.push(tenant, batch(lines)))

    def _line(self, tenant: Tenant) -> tuple[int, int, str]:
        text = f"{tenant} {self._name} {self._number} " + "x" * self._rng.choice((5, 60, 300))
        self._number += 1
        return self._rng.randrange(6), self._world.now_ns() - self._rng.randrange(10**9), text

    async def _spans(self, tenant: Tenant, count: int) -> bool:
        spans = self._traces[tenant].next(self._rng, self._world.now_ns(), count)
        names = {span.name for span in spans}
        return await _write(self._world, self._truth, self._rng, self._truth.spans, tenant, names, lambda to: to.push_spans(tenant, decoded(spans)))

    async def _samples(self, tenant: Tenant, count: int) -> bool:
        records = self._truth.samples
        sent, too_late = self._scrapes[tenant].next(self._rng, _now_ms(self._world), count)
        refused = {sample.name for sample in too_late}
        records.sent[tenant] |= refused
        records.refused[tenant] |= refused
        names = {sample.name for sample in sent}
        return await _write(self._world, self._truth, self._rng, records, tenant, names, lambda to: samples.push(to, tenant, sent, too_late))


async def write_for_ever(world: World, truth: Truth, rng: random.Random, name: str) -> None:
    writer = Writer(world, truth, rng, name)
    while True:
        await asyncio.sleep(rng.uniform(0.05, 1.2))
        at = rng.randrange(len(TENANTS))
        await writer.write(TENANTS[at], rng.choice(truth.sends[at]), rng.choice((1, 2, 5)))


async def _write(world: World, truth: Truth, rng: random.Random, records: Records, tenant: Tenant, texts: set[str], push: Push) -> bool:
    """Whether it was acknowledged. A client that gives up never knows whether its records are there."""
    records.sent[tenant] |= texts
    began_s = world.loop.time()
    for _ in range(TRIES):
        ready = [host for host in world.hosts if host.node is not None]
        if not ready:
            await asyncio.sleep(1)
            continue
        host = rng.choice(ready)
        assert host.node is not None
        try:
            await ask(world, host, push(host.node.distributor), PATIENCE_S)
        except (Unavailable, NoAnswer) as error:
            truth.attempts[type(error).__name__] += 1
            await asyncio.sleep(rng.uniform(0.1, 1.0))
        except (BadRequest, LimitExceeded) as error:
            truth.attempts[type(error).__name__] += 1
            return False
        else:
            truth.attempts["ok"] += 1
            world.journal.note(f"{host.name} acknowledged {records.what} {sorted(text[:12] for text in texts)}")
            records.acked[tenant] |= texts
            truth.slowest_ack_s = max(truth.slowest_ack_s, world.loop.time() - began_s)
            return True
    return False


def _all_time(world: World) -> Window:
    return Window(EPOCH_NS - 60 * 10**9, world.now_ns() + 60 * 10**9)


def _now_ms(world: World) -> int:
    return world.now_ns() // 10**6


async def lines_of(world: World, node: Node, tenant: Tenant) -> Answer:
    answer = await node.engine.log_query(tenant, parse_log_selector('{app="sim"}'), window=_all_time(world), limit=LIMIT, forward=True)
    return [line for group in answer.result.folded() for line in group.lines], answer.warnings


async def read_for_ever(world: World, truth: Truth, rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0.2, 2) if world.network.cut else rng.uniform(1, 6))
        ready = [host for host in world.hosts if host.node is not None]
        if ready:
            tenant, check = rng.choice(questions(truth))
            await check(world, truth, rng, rng.choice(ready), tenant)


async def check_lines(world: World, truth: Truth, rng: random.Random, host: Host, tenant: Tenant) -> str:
    """Asks for all lines. As `_check`."""
    assert host.node is not None
    return await _check(world, truth, host, tenant, truth.lines, set(truth.lines.acked[tenant]), lines_of(world, host.node, tenant))


async def check_spans(world: World, truth: Truth, rng: random.Random, host: Host, tenant: Tenant) -> str:
    """Asks for the names of all spans. As `_check`."""
    assert host.node is not None
    work = names_of(host.node, tenant, _all_time(world))
    return await _check(world, truth, host, tenant, truth.spans, set(truth.spans.acked[tenant]), work)


async def check_trace(world: World, truth: Truth, rng: random.Random, host: Host, tenant: Tenant) -> str:
    """Asks for a trace with all that its spans have. As `_check`."""
    assert host.node is not None
    sent = sorted(truth.spans.sent[tenant])
    if not sent:
        return "complete"
    trace_id = SimSpan.named(rng.choice(sent)).trace_id
    acked = {name for name in truth.spans.acked[tenant] if trace_id.hex() in name}
    return await _check(world, truth, host, tenant, truth.spans, acked, names_in_trace(host.node, tenant, trace_id, _all_time(world)))


async def check_samples(world: World, truth: Truth, rng: random.Random, host: Host, tenant: Tenant) -> str:
    """Asks for all samples. As `_check`."""
    assert host.node is not None
    work = samples.all_samples(host.node, tenant, _now_ms(world))
    return await _check(world, truth, host, tenant, truth.samples, set(truth.samples.acked[tenant]), work)


async def check_series(world: World, truth: Truth, rng: random.Random, host: Host, tenant: Tenant) -> str:
    """Asks for the range vector of a series. As `_check`."""
    assert host.node is not None
    pod = rng.randrange(samples.PODS)
    acked = samples.of_range_vector(pod, truth.samples.acked[tenant], truth.samples.sent[tenant])
    work = samples.range_vector(host.node, tenant, pod, _now_ms(world))
    return await _check(world, truth, host, tenant, truth.samples, acked, work)


async def _check(
    world: World, truth: Truth, host: Host, tenant: Tenant, records: Records, acked_before: set[str], work: Coroutine[Any, Any, Answer]
) -> str:
    """Holds an answer against I1 to I5. Returns complete, partial or failed."""
    try:
        found, warnings = await ask(world, host, work, QUERY_PATIENCE_S)
    except (LgtmError, NoAnswer) as error:
        truth.answers["failed"] += 1
        world.journal.note(f"{host.name} gives no answer: {type(error).__name__} {error}")
        return "failed"
    kind, what = "partial" if warnings else "complete", records.what
    truth.answers[kind] += 1
    where = f"{host.name}'s {kind} answer for {tenant}"
    names, counted = set(found), Counter(map(records.place, found))
    if twice := [text for text, times in counted.items() if times > 1]:
        world.journal.violated("I2", f"{len(twice)} {what} twice in {where}, as {twice[0][:40]!r}")
    if foreign := names - records.sent[tenant]:
        world.journal.violated("I4", f"{len(foreign)} {what} that were never sent in {where}, as {min(foreign)[:40]!r}")
    if refused := names & records.refused[tenant]:
        world.journal.violated("I3", f"{len(refused)} refused {what} in {where}")
    if not warnings and (missing := set(map(records.place, acked_before)) - counted.keys()):
        world.journal.violated("I1", f"{len(missing)} of {len(acked_before)} acknowledged {what} missing in {where}, as {min(missing)[:40]!r}")
    return kind


Check = Callable[[World, Truth, random.Random, Host, Tenant], Coroutine[Any, Any, str]]
CHECKS: dict[str, tuple[Check, ...]] = {LINES: (check_lines,), SPANS: (check_spans, check_trace), SAMPLES: (check_samples, check_series)}


def questions(truth: Truth) -> list[tuple[Tenant, Check]]:
    """All that may be asked of a node."""
    return [(tenant, check) for tenant, sends in zip(TENANTS, truth.sends, strict=True) for what in sends for check in CHECKS[what]]
