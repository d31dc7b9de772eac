"""Configurations follow one another without harm to what is the same in both."""

from __future__ import annotations

import asyncio
from typing import Any

from lgtm.clock import NS_PER_S, ManualClock
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.config_discovery import StaticConfig
from lgtm.scrape.scraper import Scraper
from scrape.fakes import Pages, Remembered, loop_parts, pool_parts


def job(name: str, *targets: str, **fields: Any) -> ScrapeConfig:
    return ScrapeConfig(job_name=name, interval_ns=10 * NS_PER_S, timeout_ns=5 * NS_PER_S, static=(StaticConfig(targets),), **fields)


async def test_jobs_go_on_change_come_and_go() -> None:
    clock, sink = ManualClock(), Remembered()
    pages = Pages(clock)
    scraper = Scraper(pool_parts(loop_parts(clock, pages, sink)), [job("same", "s"), job("changed", "kept", "lost"), job("gone", "g")])
    running = asyncio.ensure_future(scraper.run())
    await clock.advance(20)
    scraper.apply([job("same", "s"), job("changed", "kept", metrics_path="/metrics"), job("new", "n")])
    await clock.advance(50)
    ended = {host: sink.of(f"m{{{host}}}").count("stale") for host in ("s", "kept", "lost", "g", "n")}
    assert ended == {"s": 0, "kept": 0, "lost": 1, "g": 1, "n": 0}
    assert {view.job.job_name for view in scraper.views()} == {"same", "changed", "new"}
    assert len([told for told in sink.of("m{s}") if told is not None]) == 7
    running.cancel()
    await asyncio.wait([running])


async def test_series_do_not_end_because_the_scraper_does() -> None:
    clock, sink = ManualClock(), Remembered()
    scraper = Scraper(pool_parts(loop_parts(clock, Pages(clock), sink)))
    running = asyncio.ensure_future(scraper.run())
    scraper.apply([job("j", "a")])
    await clock.advance(20)
    running.cancel()
    await asyncio.wait([running])
    await clock.advance(100)
    assert sink.of("m{a}") == [1.0, 1.0]


async def test_a_new_configuration_does_not_make_targets_wait_that_were_ours_already() -> None:
    clock, sink = ManualClock(), Remembered()
    parts = pool_parts(loop_parts(clock, Pages(clock), sink), handover_s=15)
    scraper = Scraper(parts, [job("j", "a", "b")])
    running = asyncio.ensure_future(scraper.run())
    await clock.advance(40)
    sink.clear()
    scraper.apply([job("j", "a", honor_labels=True)])
    await clock.advance(10)
    assert sink.of("m{a}").count(1.0) == 1
    await clock.advance(40)
    assert len(parts.claims) == 1
    running.cancel()
    await asyncio.wait([running])
