"""Scraping as part of a node: jobs from the file, samples the way of remote write, targets shared with the other nodes of the ring.

file, SIGHUP, /-/reload ──▶ jobs ──▶ Scraper: a loop for each target, asked by the node that it falls to ──▶ distributor
/api/v1/targets ◀── this node's account, and that of each other node of the targets it scrapes
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from prometheus_client import CollectorRegistry, Gauge

from lgtm.api.operations import Reloaded
from lgtm.api.prometheus.scraping import ActiveTarget, PoolNotFound, TenantTargets
from lgtm.app.config import Config
from lgtm.app.config_given import InvalidConfig
from lgtm.app.machine import Machine
from lgtm.app.scrape_jobs import Jobs, jobs_of, read_source, tenant_of_jobs
from lgtm.app.scraped_targets import decode_scraped, encode_scraped, targets_of
from lgtm.clock import NS_PER_S
from lgtm.distributor.refusals import SamplesRefused
from lgtm.errors import LgtmError, Unavailable
from lgtm.model.tenant import Tenant
from lgtm.scrape.claims import Claims, everything_is_mine
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.discover_nodes import Nodes
from lgtm.scrape.discoveries import Discoverers
from lgtm.scrape.dns_client import DnsClient, name_servers
from lgtm.scrape.loop import DOWN, UNKNOWN, UP, LoopParts
from lgtm.scrape.metrics import ScrapeMetrics
from lgtm.scrape.pool import PoolParts, PoolView
from lgtm.scrape.relabel_steps import relabel_steps
from lgtm.scrape.scraper import Scraper
from lgtm.scrape.target_log import TargetLog
from lgtm.telemetry import event
from lgtm.wire.decoded_samples import DecodedSamples

logger = logging.getLogger(__name__)

LOOK_S = 5.0
"""How often it is looked whether the file has changed. It is small, and reading it sees more than its times do."""
COUNTED_FOR_NS = NS_PER_S
Push = Callable[[Tenant, DecodedSamples], Awaitable[object]]


async def _nobody(_: bytes) -> Sequence[bytes]:
    return ()


@dataclass(slots=True, frozen=True)
class Sharing:
    """How targets are shared with other nodes. is_mine, handover_s: as in Claims. seed: the same on all of them. ask: the others' answers."""

    nodes: Nodes
    is_mine: Callable[[int], bool] = everything_is_mine
    handover_s: float = 0.0
    seed: int = 0
    ask: Callable[[bytes], Awaitable[Sequence[bytes]]] = _nobody


class Samples:
    """A Sink that goes on to the distributor."""

    def __init__(self, push: Push, log: TargetLog) -> None:
        self._push, self._log = push, log

    async def append(self, tenant: Tenant, samples: DecodedSamples) -> str:
        """What is refused of a page is counted by the distributor and does not fail the scrape, as in Prometheus."""
        try:
            await self._push(tenant, samples)
        except SamplesRefused as error:
            refused = str(error).partition("\n")[0]
            self._log.tell(logging.WARNING, "samples of a target were refused", tenant=tenant, error=refused)
            return refused
        except LgtmError:
            raise
        except Exception as error:
            logger.exception("scraped samples were not stored because of an error in the program")
            raise Unavailable("internal error") from error
        return ""


class Scraping:
    """Satisfies api.prometheus.scraping.Scraping. Run `run` once the node answers: it may be a target itself."""

    def __init__(self, config: Config, jobs: Jobs, push: Push, machine: Machine, registry: CollectorRegistry, sharing: Sharing) -> None:
        self._config, self._clock, self._sharing = config, machine.clock, sharing
        self._tenant = tenant_of_jobs(config)
        self._client = machine.open_http()
        dns = DnsClient(name_servers(), machine.clock, machine.identities)
        metrics, log = ScrapeMetrics(registry), TargetLog(machine.clock)
        loop = LoopParts(machine.clock, self._client, Samples(push, log), self._tenant, metrics, log, sharing.seed)
        discoverers = Discoverers(machine.clock, self._client, dns.resolve, metrics, sharing.nodes)
        claims = Claims(machine.clock, sharing.is_mine, sharing.handover_s)
        self._scraper = Scraper(PoolParts(loop, discoverers, claims))
        self._told = _ConfigMetrics(registry)
        self._reloading, self._hurry = asyncio.Lock(), asyncio.Event()
        self._reloaded = Reloaded()
        self._tried = jobs.source
        self._counts: tuple[int, Mapping[str, int]] = -COUNTED_FOR_NS, {}
        metrics.watch(self._counted)
        self._jobs = Jobs()
        self._use(jobs)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._scraper.run())
                group.create_task(self._reload_when_told())
                if self._config.scrape.config_file:
                    group.create_task(self._reload_when_changed())
        finally:
            await self._client.close()

    # --- configuration

    def hurry(self) -> None:
        """Reads the file anew soon; what goes wrong is logged."""
        self._hurry.set()

    async def reload(self) -> None:
        """Reads the file anew. Raises InvalidConfig; then what was scraped before still is."""
        async with self._reloading:
            self._tried = ""
            try:
                self._tried = source = await asyncio.to_thread(read_source, self._config)
                jobs = await asyncio.to_thread(jobs_of, self._config, source)
            except InvalidConfig as error:
                self._reloaded = Reloaded(is_well=False, at_ns=self._reloaded.at_ns)
                self._told.failed()
                event(logger, logging.ERROR, "what is scraped cannot be read anew; what was scraped before still is", error=str(error))
                raise
            self._use(jobs)
            event(logger, logging.INFO, "what is scraped was read anew", jobs=len(jobs.configs))

    def reloaded(self) -> Reloaded:
        return self._reloaded

    async def _reload_when_told(self) -> None:
        while True:
            await self._hurry.wait()
            self._hurry.clear()
            with contextlib.suppress(InvalidConfig):
                await self.reload()

    async def _reload_when_changed(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            try:
                source = await asyncio.to_thread(read_source, self._config)
            except InvalidConfig:
                source = ""
            if source != self._tried:
                with contextlib.suppress(InvalidConfig):
                    await self.reload()

    def _use(self, jobs: Jobs) -> None:
        now_ns = self._clock.now_ns()
        if jobs.ignored != self._jobs.ignored:
            for text in jobs.ignored:
                event(logger, logging.WARNING, "a part of the file of scrape_configs is passed over", file=self._config.scrape.config_file, part=text)
        self._jobs = jobs
        self._reloaded = Reloaded(at_ns=now_ns)
        self._told.succeeded(now_ns, jobs.source)
        self._scraper.apply(jobs.configs)

    # --- what is scraped

    async def targets(self, tenant: Tenant, *, metadata: bool = False) -> TenantTargets:
        """Of all nodes. What one that does not answer would say of its targets is missing: they are told as this node knows them."""
        question = orjson.dumps({"tenant": tenant, "metadata": metadata})
        told: list[ActiveTarget] = []
        for answer in await self._sharing.ask(question):
            told += decode_scraped(answer)
        return targets_of(self._views(tenant), told)

    async def tell(self, question: bytes) -> bytes:
        """What another node's `targets` asks."""
        asked = orjson.loads(question)
        return encode_scraped(self._views(Tenant(asked["tenant"])), metadata=asked["metadata"])

    def pool_config(self, tenant: Tenant, pool: str) -> str:
        self._job(tenant, pool)
        return self._jobs.texts[pool]

    def relabel_steps(self, tenant: Tenant, pool: str, labels: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        return relabel_steps(self._job(tenant, pool), labels)

    def _job(self, tenant: Tenant, pool: str) -> ScrapeConfig:
        job = self._jobs.of(tenant, self._tenant).get(pool)
        if job is None:
            raise PoolNotFound(pool)
        return job

    def _views(self, tenant: Tenant) -> list[PoolView]:
        return [view for view in self._scraper.views() if (view.job.tenant or self._tenant) == tenant]

    def _counted(self) -> Mapping[str, int]:
        """Targets by state. Remembered for a moment, since each state is asked for by itself."""
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._counts[0] >= COUNTED_FOR_NS:
            counts = Counter({UP: 0, DOWN: 0, UNKNOWN: 0})
            for view in self._scraper.views():
                counts.update(loop.state.health for loop in view.loops)
                counts.update({"elsewhere": len(view.others), "dropped": view.dropped_count})
            self._counts = now_ns, counts
        return self._counts[1]


class _ConfigMetrics:
    """As Prometheus tells of its configuration."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._is_well = Gauge(
            "lgtm_scrape_config_last_reload_successful", "Whether the last attempt to read what is scraped succeeded.", registry=registry
        )
        self._at = Gauge("lgtm_scrape_config_last_reload_success_timestamp_seconds", "When an attempt succeeded last.", registry=registry)
        self._hash = Gauge("lgtm_scrape_config_hash", "Of the file that is in use; the same on nodes that share targets.", registry=registry)

    def succeeded(self, now_ns: int, source: str) -> None:
        self._is_well.set(1)
        self._at.set(now_ns / NS_PER_S)
        self._hash.set(int.from_bytes(hashlib.sha256(source.encode()).digest()[:6], "big"))

    def failed(self) -> None:
        self._is_well.set(0)
