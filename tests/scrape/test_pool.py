"""The targets of a job come, change, go and move to other nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from lgtm.clock import NS_PER_S, ManualClock
from lgtm.errors import Unavailable
from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import ScrapeConfig, ScrapeLimits
from lgtm.scrape.config_discovery import FileDiscovery, StaticConfig
from lgtm.scrape.pool import JobPool
from scrape.fakes import Listed, Pages, Remembered, loop_parts, pool_parts


class Pooled:
    def __init__(self, *targets: str, handover_s: float = 0.0, **job: Any) -> None:
        self.clock, self.sink, self.listed = ManualClock(), Remembered(), Listed(*targets)
        self.pages = Pages(self.clock)
        self.mine: set[int] | None = None
        discoveries = (FileDiscovery(files=("x.json",)),)
        self.job = ScrapeConfig(job_name="j", interval_ns=10 * NS_PER_S, timeout_ns=5 * NS_PER_S, discoveries=discoveries, **job)
        parts = pool_parts(
            loop_parts(self.clock, self.pages, self.sink),
            self.listed,
            is_mine=lambda hash_: self.mine is None or hash_ in self.mine,
            handover_s=handover_s,
        )
        self.pool = JobPool(self.job, parts)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.pool.run())
        try:
            await self.clock.advance(0)
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    def asked(self) -> list[str]:
        """Hosts in the order in which they were asked since the last call."""
        urls = [request.url.removeprefix("http://").removesuffix("/metrics") for _, request in self.pages.requests]
        self.pages.requests.clear()
        return sorted(urls)


async def test_static_and_discovered_targets_are_scraped_once_each() -> None:
    pooled = Pooled("a", "b", "a", static=(StaticConfig(("b", "c")),))
    async with pooled.running():
        await pooled.clock.advance(10)
        assert pooled.asked() == ["a", "b", "c"]
        assert {loop.target.url for loop in pooled.pool.view().loops} == {f"http://{host}/metrics" for host in "abc"}


async def test_targets_come_and_go_and_the_series_of_those_that_are_gone_end() -> None:
    pooled = Pooled("a")
    async with pooled.running():
        await pooled.clock.advance(19)
        pooled.listed.found = [{"__address__": "b"}]
        await pooled.clock.advance(2)
        pooled.asked()
        await pooled.clock.advance(30)
        assert pooled.asked() == ["b", "b", "b"]
        assert pooled.sink.of("m{a}").count("stale") == 1


async def test_a_target_that_comes_back_soon_has_no_gap() -> None:
    pooled = Pooled("a")
    async with pooled.running():
        await pooled.clock.advance(15)
        pooled.listed.found = []
        await pooled.clock.advance(10)
        pooled.listed.found = [{"__address__": "a", "__meta_x": "new"}]
        await pooled.clock.advance(40)
        assert "stale" not in pooled.sink.of("m{a}")
        assert dict(pooled.pool.view().loops[0].target.discovered)["__meta_x"] == "new"


async def test_a_discovery_that_fails_leaves_the_targets_of_before() -> None:
    pooled = Pooled("a")
    async with pooled.running():
        await pooled.clock.advance(10)
        pooled.listed.found = Unavailable("nobody there")
        await pooled.clock.advance(10)
        pooled.asked()
        await pooled.clock.advance(10)
        assert pooled.asked() == ["a"]


async def test_a_target_whose_interval_changes_is_scraped_at_the_new_one() -> None:
    pooled = Pooled("a")
    async with pooled.running():
        await pooled.clock.advance(15)
        pooled.listed.found = [{"__address__": "a", "__scrape_interval__": "5s"}]
        await pooled.clock.advance(10)
        pooled.asked()
        await pooled.clock.advance(20)
        assert pooled.asked() == ["a"] * 4
        assert "stale" not in pooled.sink.of("m{a}")


async def test_too_many_targets_fail_all_of_them() -> None:
    pooled = Pooled("a", "b", limits=ScrapeLimits(targets_max=1))
    async with pooled.running():
        await pooled.clock.advance(10)
        assert pooled.asked() == []
        assert {loop.state.last_error for loop in pooled.pool.view().loops} == {"target_limit exceeded (number of targets: 2, limit: 1)"}
        pooled.listed.found = [{"__address__": "a"}]
        await pooled.clock.advance(20)
        assert "a" in pooled.asked()


async def test_dropped_and_impossible_targets_are_not_scraped() -> None:
    drop = RelabelRule(action=Action.DROP, source_labels=("__address__",), regex="d.")
    pooled = Pooled("a", "d1", "d2", "http://x", relabel=(drop,), limits=ScrapeLimits(kept_dropped_targets_max=1))
    async with pooled.running():
        await pooled.clock.advance(10)
        assert pooled.asked() == ["a"]
        view = pooled.pool.view()
        assert (view.dropped_count, [dict(labels)["__address__"] for labels in view.dropped]) == (2, ["d1"])


async def test_targets_of_other_nodes_are_left_to_them() -> None:
    pooled = Pooled("a", "b")
    async with pooled.running():
        hashes = {loop.target.url: loop.target.hash for loop in pooled.pool.view().loops}
        pooled.mine = {hashes["http://a/metrics"]}
        await pooled.clock.advance(10)
        assert pooled.asked() == ["a"]
        assert len(pooled.pool.view().loops) == len(pooled.pool.view().others) == len(pooled.pool.to_end()) == 1
        assert len(pooled.pool.hashes) == 2


async def test_a_target_that_is_taken_over_is_scraped_only_after_the_handover() -> None:
    pooled = Pooled("a", handover_s=15)
    pooled.mine = set()
    async with pooled.running():
        await pooled.clock.advance(20)
        pooled.mine = None
        await pooled.clock.advance(14)
        assert pooled.asked() == []
        await pooled.clock.advance(16)
        assert pooled.asked() == ["a"]


async def test_two_nodes_never_scrape_a_target_at_the_same_time_though_they_hear_of_a_move_at_different_times() -> None:
    clock = ManualClock()
    owners = [True, False]
    nodes = []
    for number in range(2):
        pages = Pages(clock)
        parts = pool_parts(loop_parts(clock, pages, Remembered()), Listed("a"), is_mine=lambda _hash, number=number: owners[number], handover_s=12)  # type: ignore[misc]
        job = ScrapeConfig(job_name="j", interval_ns=10 * NS_PER_S, timeout_ns=5 * NS_PER_S, discoveries=(FileDiscovery(files=("x.json",)),))
        nodes.append((pages, asyncio.ensure_future(JobPool(job, parts).run())))
    await clock.advance(40)
    owners[1] = True
    await clock.advance(11)
    owners[0] = False
    await clock.advance(60)
    times = [at for pages, _ in nodes for at, _ in pages.requests]
    assert len(times) == len(set(times)) >= 8
    assert nodes[1][0].requests
    for _, task in nodes:
        task.cancel()
    await asyncio.wait([task for _, task in nodes])


async def test_failures_of_discoveries_are_counted_also_those_that_are_bugs() -> None:
    pooled = Pooled("a")
    failures = pooled.pool._parts.loop.metrics.discovery_failures.labels("file")
    async with pooled.running():
        await pooled.clock.advance(10)
        for number, error in enumerate((Unavailable("nobody there"), KeyError("x")), 1):
            pooled.listed.found = error
            await pooled.clock.advance(10)
            assert failures._value.get() == number
        assert "a" in pooled.asked()
