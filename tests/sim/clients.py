"""Clients outside of the cluster: writers of lines that are all different, and readers that know what they must see."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from lgtm.app.build import Node
from lgtm.errors import BadRequest, LgtmError, LimitExceeded, Unavailable
from lgtm.logql.parser import parse_log_selector
from lgtm.model.signal import LINE, SERIES, TS
from lgtm.model.tenant import Tenant
from lgtm.model.window import Window
from lgtm.wire.decoded import DecodedLogs, DecodedStream
from sim.world import EPOCH_NS, Host, World

TENANTS = (Tenant("one"), Tenant("two"))
PATIENCE_S = 14.0
QUERY_PATIENCE_S = 40.0
LIMIT = 100_000


class NoAnswer(Exception):
    """The node died, or took too long."""


@dataclass
class Truth:
    """Lines by tenant. sent: ever; acked: for good; refused: never to be seen."""

    sent: dict[Tenant, set[str]] = field(default_factory=lambda: {tenant: set() for tenant in TENANTS})
    acked: dict[Tenant, set[str]] = field(default_factory=lambda: {tenant: set() for tenant in TENANTS})
    refused: dict[Tenant, set[str]] = field(default_factory=lambda: {tenant: set() for tenant in TENANTS})
    attempts: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_ack_s: float = 0.0


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


async def write_for_ever(world: World, truth: Truth, rng: random.Random, name: str) -> None:
    number = 0
    while True:
        await asyncio.sleep(rng.uniform(0.05, 1.2))
        tenant = rng.choice(TENANTS)
        lines = []
        for _ in range(rng.choice((1, 2, 5))):
            text = f"{tenant} {name} {number} " + "x" * rng.choice((5, 60, 300))
            lines.append((rng.randrange(6), world.now_ns() - rng.randrange(10**9), text))
            number += 1
        await write(world, truth, rng, tenant, lines)


async def write(world: World, truth: Truth, rng: random.Random, tenant: Tenant, lines: list[tuple[int, int, str]], *, tries: int = 6) -> bool:
    """Whether it was acknowledged. A client that gives up never knows whether its lines are there."""
    texts = {text for _, _, text in lines}
    truth.sent[tenant] |= texts
    began_s = world.loop.time()
    for _ in range(tries):
        ready = [host for host in world.hosts if host.node is not None]
        if not ready:
            await asyncio.sleep(1)
            continue
        host = rng.choice(ready)
        assert host.node is not None
        try:
            await ask(world, host, host.node.distributor.push(tenant, batch(lines)), PATIENCE_S)
        except (Unavailable, NoAnswer) as error:
            truth.attempts[type(error).__name__] += 1
            await asyncio.sleep(rng.uniform(0.1, 1.0))
        except (BadRequest, LimitExceeded) as error:
            truth.attempts[type(error).__name__] += 1
            return False
        else:
            truth.attempts["ok"] += 1
            world.journal.note(f"{host.name} acknowledged {sorted(text[:12] for text in texts)}")
            truth.acked[tenant] |= texts
            truth.slowest_ack_s = max(truth.slowest_ack_s, world.loop.time() - began_s)
            return True
    return False


async def lines_of(world: World, node: Node, tenant: Tenant) -> tuple[list[str], tuple[str, ...]]:
    window = Window(EPOCH_NS - 60 * 10**9, world.now_ns() + 60 * 10**9)
    answer = await node.engine.log_query(tenant, parse_log_selector('{app="sim"}'), window=window, limit=LIMIT, forward=True)
    return [line for group in answer.result.folded() for line in group.lines], answer.warnings


async def read_for_ever(world: World, truth: Truth, rng: random.Random) -> None:
    while True:
        await asyncio.sleep(rng.uniform(0.2, 2) if world.network.cut else rng.uniform(1, 6))
        ready = [host for host in world.hosts if host.node is not None]
        if ready:
            await check(world, truth, rng.choice(ready), rng.choice(TENANTS))


async def check(world: World, truth: Truth, host: Host, tenant: Tenant) -> str:
    """Asks for everything and holds the answer against I1 to I5. Returns complete, partial or failed."""
    assert host.node is not None
    acked_before = set(truth.acked[tenant])
    try:
        found, warnings = await ask(world, host, lines_of(world, host.node, tenant), QUERY_PATIENCE_S)
    except (LgtmError, NoAnswer) as error:
        truth.answers["failed"] += 1
        world.journal.note(f"{host.name} gives no answer: {type(error).__name__} {error}")
        return "failed"
    kind = "partial" if warnings else "complete"
    truth.answers[kind] += 1
    where = f"{host.name}'s {kind} answer for {tenant}"
    counted = Counter(found)
    if twice := [line for line, times in counted.items() if times > 1]:
        world.journal.violated("I2", f"{len(twice)} lines twice in {where}, as {twice[0][:40]!r}")
    if foreign := counted.keys() - truth.sent[tenant]:
        world.journal.violated("I4", f"{len(foreign)} lines that were never sent in {where}, as {min(foreign)[:40]!r}")
    if refused := counted.keys() & truth.refused[tenant]:
        world.journal.violated("I3", f"{len(refused)} refused lines in {where}")
    if not warnings and (missing := acked_before - counted.keys()):
        world.journal.violated("I1", f"{len(missing)} of {len(acked_before)} acknowledged lines missing in {where}, as {min(missing)[:40]!r}")
    return kind
