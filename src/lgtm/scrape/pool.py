"""The targets of one job: found, relabelled, and one loop for each that is ours."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from lgtm.clock import NS_PER_S
from lgtm.errors import LgtmError
from lgtm.model.labels import Labels, labels_of
from lgtm.scrape.claims import Claims
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.config_discovery import (
    Discovery,
    DnsDiscovery,
    Ec2Discovery,
    EcsDiscovery,
    FileDiscovery,
    HttpDiscovery,
    NodesDiscovery,
)
from lgtm.scrape.discoverer import Discoverer, Found, expand
from lgtm.scrape.loop import LoopParts, TargetLoop
from lgtm.scrape.target import InvalidTarget, Target, build_target, discovered_labels
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

_MECHANISMS = {
    FileDiscovery: "file", HttpDiscovery: "http", DnsDiscovery: "dns", Ec2Discovery: "ec2", EcsDiscovery: "ecs", NodesDiscovery: "nodes",
}  # fmt: skip


@dataclass(slots=True, frozen=True)
class PoolParts:
    """claims: the same for all jobs of a node."""

    loop: LoopParts
    discoverer: Callable[[Discovery], Discoverer]
    claims: Claims


@dataclass(slots=True, frozen=True)
class PoolView:
    """What there is to tell of a job: loops of our targets, discovered labels of dropped ones (as many as are kept), and how many were dropped.

    others: loops of targets that are left to other nodes; they rest, and remember the last scrape from here, if there was one.
    """

    job: ScrapeConfig
    loops: tuple[TargetLoop, ...]
    dropped: tuple[Labels, ...]
    dropped_count: int
    others: tuple[TargetLoop, ...] = ()


@dataclass(slots=True)
class _Sorted:
    """Found targets by what becomes of them."""

    targets: dict[int, Target] = field(default_factory=dict)
    dropped: list[Labels] = field(default_factory=list)


class JobPool:
    def __init__(self, job: ScrapeConfig, parts: PoolParts) -> None:
        self.job = job
        self._parts = parts
        self._clock, self._claims = parts.loop.clock, parts.claims
        static: Found = [labels for group in job.static for labels in expand(group)]
        self._found: dict[int, Found] = {-1: static}
        self._loops: dict[int, TargetLoop] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._ending: dict[int, tuple[TargetLoop, asyncio.Task[None]]] = {}
        self._dropped: list[Labels] = []
        self._group: asyncio.TaskGroup | None = None

    async def run(self) -> None:
        """Scrapes until it is cancelled; no series ends because of that."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            self._sync()
            for number, discovery in enumerate(self.job.discoveries):
                group.create_task(self._discover(number, self._parts.discoverer(discovery), _MECHANISMS[type(discovery)]))
            group.create_task(self._watch_owners())

    def view(self) -> PoolView:
        mine = set(filter(self._claims.is_mine, self._loops))
        loops = tuple(loop for hash_, loop in self._loops.items() if hash_ in mine)
        others = tuple(loop for hash_, loop in self._loops.items() if hash_ not in mine)
        kept = self.job.limits.kept_dropped_targets_max or len(self._dropped)
        return PoolView(self.job, loops, tuple(self._dropped[:kept]), len(self._dropped), others)

    def to_end(self) -> list[TargetLoop]:
        """Of a pool that was cancelled: the loops of our targets, whose series somebody has to end."""
        return [loop for hash_, loop in self._loops.items() if self._claims.is_mine(hash_)]

    @property
    def hashes(self) -> frozenset[int]:
        return frozenset(self._loops)

    async def _discover(self, number: int, discoverer: Discoverer, mechanism: str) -> None:
        while True:
            try:
                found = await discoverer.find()
            except (LgtmError, OSError) as error:
                self._parts.loop.metrics.discovery_failures.labels(mechanism).inc()
                fields = {"job": self.job.job_name, "mechanism": mechanism, "error": error}
                self._parts.loop.log.tell(logging.WARNING, "targets could not be discovered; those of before stand", **fields)
            except Exception:
                # A bug, but one that an answer of somebody else has found: it costs this answer and not the node.
                self._parts.loop.metrics.discovery_failures.labels(mechanism).inc()
                logger.exception("targets could not be discovered because of an error in the program; those of before stand")
            else:
                if found != self._found.get(number):
                    self._found[number] = found
                    self._sync()
            await self._clock.sleep(discoverer.refresh_ns / NS_PER_S)

    def _sync(self) -> None:
        """Starts loops for targets that are new, and ends those of targets that are gone."""
        found = self._sort()
        self._dropped = found.dropped
        for hash_ in self._loops.keys() - found.targets.keys():
            self._end(hash_)
        for hash_, target in found.targets.items():
            if hash_ not in self._loops or self._loops[hash_].target != target:
                self._begin(hash_, target)
        self._claims.look(self._loops)
        limit = self.job.limits.targets_max
        too_many = f"target_limit exceeded (number of targets: {len(self._loops)}, limit: {limit})" if 0 < limit < len(self._loops) else ""
        for loop in self._loops.values():
            loop.forced_error = too_many

    def _sort(self) -> _Sorted:
        result = _Sorted()
        for labels in (labels for found in self._found.values() for labels in found):
            try:
                target = build_target(self.job, labels)
            except InvalidTarget as error:
                event(logger, logging.WARNING, "a discovered target cannot be scraped", job=self.job.job_name, error=error)
                continue
            if target is None:
                result.dropped.append(labels_of(discovered_labels(self.job, labels)))
            else:
                result.targets[target.hash] = target
        return result

    def _begin(self, hash_: int, target: Target) -> None:
        loop = TargetLoop(self.job, target, self._parts.loop)
        if (before := self._stop(hash_)) is not None:
            loop.follow(before)
        self._loops[hash_] = loop
        assert self._group is not None
        self._tasks[hash_] = self._group.create_task(loop.run(lambda: self._claims.hold(hash_)))

    def _stop(self, hash_: int) -> TargetLoop | None:
        """The loop that had the target until now, running or ending."""
        if hash_ in self._loops:
            self._tasks.pop(hash_).cancel()
            return self._loops.pop(hash_)
        if hash_ in self._ending:
            loop, task = self._ending.pop(hash_)
            task.cancel()
            return loop
        return None

    def _end(self, hash_: int) -> None:
        loop = self._stop(hash_)
        assert loop is not None
        assert self._group is not None
        if self._claims.hold(hash_):
            task = self._group.create_task(loop.end())
            self._ending[hash_] = loop, task
            task.add_done_callback(lambda ended: self._forget_ending(hash_, ended))
        self._claims.forget([hash_])

    def _forget_ending(self, hash_: int, task: asyncio.Task[None]) -> None:
        if hash_ in self._ending and self._ending[hash_][1] is task:
            del self._ending[hash_]

    async def _watch_owners(self) -> None:
        while True:
            self._claims.look(self._loops)
            await self._clock.sleep(self._claims.look_s)
