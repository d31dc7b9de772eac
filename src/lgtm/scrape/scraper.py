"""All jobs of a node, and how one configuration follows another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.pool import JobPool, PoolParts, PoolView


class Scraper:
    """`run` until cancelled; `apply` gives it jobs, before or while it runs."""

    def __init__(self, parts: PoolParts, jobs: Sequence[ScrapeConfig] = ()) -> None:
        self._parts = parts
        self._jobs = tuple(jobs)
        self._changed = asyncio.Event()
        self._pools: dict[str, tuple[JobPool, asyncio.Task[None]]] = {}

    def apply(self, jobs: Sequence[ScrapeConfig]) -> None:
        """Jobs that are as before go on undisturbed; a changed one begins anew, and series of targets that it no longer has end."""
        self._jobs = tuple(jobs)
        self._changed.set()

    def views(self) -> tuple[PoolView, ...]:
        return tuple(pool.view() for pool, _ in self._pools.values())

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                await self._switch(group)
                await self._changed.wait()

    async def _switch(self, group: asyncio.TaskGroup) -> None:
        wanted = {job.job_name: job for job in self._jobs}
        stopped = {name: pool for name, (pool, _) in self._pools.items() if wanted.get(name) != pool.job}
        for name in stopped:
            _, task = self._pools.pop(name)
            task.cancel()
            await asyncio.wait([task])
        started = {name: JobPool(job, self._parts) for name, job in wanted.items() if name not in self._pools}
        for name, pool in started.items():
            self._pools[name] = pool, group.create_task(pool.run())
        for name, pool in stopped.items():
            group.create_task(self._end(pool, started.get(name)))

    async def _end(self, pool: JobPool, successor: JobPool | None) -> None:
        """Ends the series of targets that the successor has not found by the time they are due."""
        async with asyncio.TaskGroup() as group:
            for loop in pool.to_end():
                group.create_task(loop.end(_found_by(successor, loop.target.hash)))
        self._parts.claims.forget(pool.hashes - (successor.hashes if successor is not None else frozenset()))


def _found_by(pool: JobPool | None, target_hash: int) -> Callable[[], bool]:
    return lambda: pool is not None and target_hash in pool.hashes
