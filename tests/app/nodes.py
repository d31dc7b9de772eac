"""A node inside this process, small and with everything in one directory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pyarrow as pa
from prometheus_client import CollectorRegistry

from lgtm.app.build import Node, running
from lgtm.app.config import Config
from lgtm.app.config_load import load
from lgtm.app.machine import Machine
from lgtm.clock import Clock
from lgtm.model.signal import LINE, SERIES, TS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.wire.decoded import DecodedLogs, DecodedStream

TIMEOUT_S = 20.0


def config_in(directory: Path, **settings: str) -> Config:
    """settings: by dotted key with `__` for each dot."""
    small = {"wal.segment_bytes_max": "1MiB", "wal.payload_bytes_max": "256KiB", "wal.pending_bytes_max": "1MiB", "storage.poll_interval_s": "0.05"}
    return load(flags={"data_dir": str(directory), **small, **{name.replace("__", "."): value for name, value in settings.items()}})


@asynccontextmanager
async def node_in(directory: Path, *, clock: Clock | None = None, **settings: str) -> AsyncIterator[Node]:
    """Handed out once it may be asked."""
    async with running(config_in(directory, **settings), registry=CollectorRegistry(), machine=Machine(clock=clock) if clock else None) as node:
        await until(lambda: node.catalogue.is_loaded)
        yield node


async def push(node: Node, *lines: str, tenant: Tenant = DEFAULT_TENANT) -> None:
    now_ns = node.clock.now_ns()
    columns = {SERIES: pa.array([0] * len(lines), pa.uint32()), TS: pa.array([now_ns + n for n in range(len(lines))]), LINE: pa.array(lines)}
    schema = pa.schema([pa.field(name, column.type, nullable=False) for name, column in columns.items()])
    rows = pa.record_batch(list(columns.values()), schema=schema)
    await node.distributor.push(tenant, DecodedLogs((DecodedStream('{app="a"}', (("app", "a"),), None),), rows, "test"))


async def until(holds: Callable[[], bool]) -> None:
    """Waits for what other tasks and threads bring about."""
    async with asyncio.timeout(TIMEOUT_S):
        while not holds():  # noqa: ASYNC110 # what is waited for has no event, and only tests would need one
            await asyncio.sleep(0.002)
