"""What a loop is given in tests: pages by script, and a sink that remembers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from prometheus_client import CollectorRegistry

from lgtm.clock import Clock
from lgtm.errors import Unavailable
from lgtm.model.tenant import Tenant
from lgtm.scrape.claims import Claims, everything_is_mine
from lgtm.scrape.config_discovery import Discovery
from lgtm.scrape.discoverer import Discoverer
from lgtm.scrape.fetch import Fetch, Request, Response
from lgtm.scrape.loop import LoopParts
from lgtm.scrape.metrics import ScrapeMetrics
from lgtm.scrape.pool import PoolParts
from lgtm.scrape.target_log import TargetLog
from lgtm.wire.decoded_samples import DecodedSamples

STALE_BITS = 0x7FF0000000000002
TENANT = Tenant("t")


class Pages:
    """Answers with `page`, text or a whole response, or raises it; a callable is asked for it. seconds: how long that takes."""

    def __init__(self, clock: Clock, page: Any = "m 1\n", seconds: float = 0.0) -> None:
        self.clock, self.page, self.seconds = clock, page, seconds
        self.requests: list[tuple[int, Request]] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append((self.clock.now_ns(), request))
        if self.seconds:
            await self.clock.sleep(self.seconds)
        page = self.page(request) if callable(self.page) else self.page
        if isinstance(page, Exception):
            raise page
        return page if isinstance(page, Response) else text_page(page)


def text_page(text: str) -> Response:
    return Response(200, "OK", {"content-type": "text/plain"}, text.encode())


class Remembered:
    """One append after the other: time in seconds, and samples as `name{instance}` → value, or `stale`."""

    def __init__(self) -> None:
        self.appends: list[tuple[float, dict[str, Any]]] = []
        self.tenants: list[Tenant] = []
        self.exemplars: list[int] = []
        self.refuses = False
        self.refused = ""

    async def append(self, tenant: Tenant, samples: DecodedSamples) -> str:
        if self.refuses:
            raise Unavailable("no room")
        self.tenants.append(tenant)
        self.exemplars.append(samples.exemplars.num_rows if samples.exemplars else 0)
        told: dict[str, Any] = {}
        for row in samples.rows.to_pylist():
            labels = dict(samples.labels_of(row["series"]))
            stale = np.array([row["value"]]).view(np.uint64)[0] == STALE_BITS
            told[f"{labels['__name__']}{{{labels['instance']}}}"] = "stale" if stale else row["value"]
        times = set(samples.rows.column("ts").to_pylist())
        self.appends.append((max(times) / 1e9 if times else 0.0, told))
        return self.refused

    def of(self, name: str) -> list[Any]:
        """The values of one series, append by append; None where it has none."""
        return [told.get(name) for _, told in self.appends]

    def clear(self) -> None:
        self.appends.clear()


class Listed:
    """A discoverer whose targets the test sets; an error is raised."""

    refresh_ns = 10_000_000_000

    def __init__(self, *targets: str) -> None:
        self.found: Any = [{"__address__": target} for target in targets]

    async def find(self) -> Sequence[dict[str, str]]:
        if isinstance(self.found, Exception):
            raise self.found
        return list(self.found)


def loop_parts(clock: Clock, fetch: Fetch, sink: Remembered) -> LoopParts:
    return LoopParts(clock, fetch, sink, TENANT, ScrapeMetrics(CollectorRegistry()), TargetLog(clock))


def pool_parts(
    loop: LoopParts,
    discoverer: Discoverer | None = None,
    *,
    is_mine: Callable[[int], bool] = everything_is_mine,
    handover_s: float = 0.0,
) -> PoolParts:
    def only(_discovery: Discovery) -> Discoverer:
        assert discoverer is not None
        return discoverer

    return PoolParts(loop, only, Claims(loop.clock, is_mine, handover_s))
