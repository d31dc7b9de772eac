"""The node as its own customer: its log events are pushed into a tenant like anybody's, so that the first query shows something.

Events are taken off a bounded queue and pushed once a second; while pushes fail they are dropped and counted, never retried into the trouble they
report.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pyarrow as pa
from prometheus_client import Counter

from lgtm.app.build import Node
from lgtm.app.config import Config
from lgtm.errors import LgtmError
from lgtm.model.signal import LINE, META, SERIES, TS
from lgtm.telemetry import JsonFormatter, LogfmtFormatter
from lgtm.wire.decoded import DecodedLogs, DecodedStream

logger = logging.getLogger(__name__)

EVENTS_MAX = 10_000
PUSH_INTERVAL_S = 1.0


class _Collector(logging.Handler):
    def __init__(self, *, json: bool, dropped: Counter) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(JsonFormatter() if json else LogfmtFormatter())
        self.events: deque[tuple[int, str, str]] = deque()
        self._dropped = dropped

    def emit(self, record: logging.LogRecord) -> None:
        """May be called from any thread; appending to a deque is safe there."""
        if len(self.events) >= EVENTS_MAX:
            self._dropped.inc()
            return
        self.events.append((int(record.created * 1e9), self.format(record), record.name))


@asynccontextmanager
async def own_logs(node: Node, config: Config) -> AsyncIterator[None]:
    """While the context lasts, the process's log events go to `config.own_tenant`, if that is enabled."""
    if not config.self_telemetry.enabled:
        yield
        return
    dropped = Counter("lgtm_self_telemetry_dropped_total", "Own log events that were not stored.", registry=node.registry)
    collector = _Collector(json=config.log.format == "json", dropped=dropped)
    root = logging.getLogger()
    root.addHandler(collector)
    pushing = asyncio.ensure_future(_push_forever(node, config, collector, dropped))
    try:
        yield
    finally:
        root.removeHandler(collector)
        pushing.cancel()
        await asyncio.wait({pushing})


async def _push_forever(node: Node, config: Config, collector: _Collector, dropped: Counter) -> None:
    while True:
        await node.clock.sleep(PUSH_INTERVAL_S)
        events = [collector.events.popleft() for _ in range(len(collector.events))]
        if not events:
            continue
        try:
            await node.distributor.push(config.own_tenant, _decoded(events, config))
        except Exception as error:
            dropped.inc(len(events))
            if not isinstance(error, LgtmError):
                logger.exception("own log events could not be pushed")


def _decoded(events: list[tuple[int, str, str]], config: Config) -> DecodedLogs:
    labels = (("instance", f"{os.uname().nodename}:{config.server.http_port}"), ("service_name", "lgtm"))
    times, lines, loggers = zip(*events, strict=True)
    columns = {
        SERIES: pa.array([0] * len(events), pa.uint32()),
        TS: pa.array(times, pa.int64()),
        LINE: pa.array(lines, pa.string()),
        META + "logger": pa.array(loggers, pa.string()),
    }
    return DecodedLogs((DecodedStream(str(labels), labels, None),), pa.record_batch(columns), "own")
