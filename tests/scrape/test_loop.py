"""A target on a clock that stands still until it is told: what is appended after pages, failures and the end."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import prometheus_client
import pytest
from prometheus_client.openmetrics import exposition as openmetrics

from lgtm.clock import NS_PER_S, ManualClock, SystemClock
from lgtm.scrape.config import ScrapeConfig, ScrapeLimits
from lgtm.scrape.fetch import BodySizeLimitReached, FetchFailed, Response
from lgtm.scrape.http_client import HttpClient
from lgtm.scrape.loop import DECODE_INLINE_BYTES_MAX, DESCRIPTIONS_MAX, DOWN, UNKNOWN, UP, Descriptions, TargetLoop, within
from lgtm.scrape.target import build_target
from lgtm.wire.decoded_samples import Metadata
from scrape.fakes import TENANT, Pages, Remembered, loop_parts, text_page
from scrape.servers import answer, serving


class Scraped:
    """One target `h` with an interval of 10 s and a timeout of 5 s."""

    def __init__(self, page: Any = "m 1\n", seconds: float = 0.0, **job: Any) -> None:
        self.clock, self.sink = ManualClock(), Remembered()
        self.pages = Pages(self.clock, page, seconds)
        config = ScrapeConfig(job_name="j", interval_ns=10 * NS_PER_S, timeout_ns=5 * NS_PER_S, **job)
        target = build_target(config, {"__address__": "h"})
        assert target is not None
        self.loop = TargetLoop(config, target, loop_parts(self.clock, self.pages, self.sink))
        self.mine = True

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.loop.run(lambda: self.mine))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def once(self) -> dict[str, Any]:
        """One scrape at its time, and what was appended."""
        await self.loop.scrape(self.clock.now_ns())
        return self.sink.appends[-1][1]


async def test_a_scrape_is_its_samples_and_what_is_told_about_it() -> None:
    scraped = Scraped("m 1\nn 2\n")
    assert await scraped.once() == {
        "m{h}": 1.0,
        "n{h}": 2.0,
        "up{h}": 1.0,
        "scrape_duration_seconds{h}": 0.0,
        "scrape_samples_scraped{h}": 2.0,
        "scrape_samples_post_metric_relabeling{h}": 2.0,
        "scrape_series_added{h}": 2.0,
    }
    assert scraped.sink.tenants == [TENANT]
    assert (scraped.loop.state.health, scraped.loop.state.last_error) == (UP, "")


async def test_targets_are_asked_at_every_interval_with_the_headers_of_prometheus() -> None:
    scraped = Scraped()
    async with scraped.running():
        await scraped.clock.advance(60)
    times = [at for at, _ in scraped.pages.requests]
    assert len(times) == 6
    assert {later - at for at, later in pairwise(times)} == {10 * NS_PER_S}
    request = scraped.pages.requests[0][1]
    assert (request.url, dict(request.headers)["Accept-Encoding"]) == ("http://h/metrics", "gzip")
    assert dict(request.headers)["X-Prometheus-Scrape-Timeout-Seconds"] == "5"
    assert dict(request.headers)["Accept"].startswith("application/openmetrics-text;version=1.0.0")


@pytest.mark.parametrize(
    ("page", "error"),
    [
        (FetchFailed("http://h/metrics", "connection refused"), 'Get "http://h/metrics": connection refused'),
        (Response(503, "Service Unavailable", {}, b""), "server returned HTTP status 503 Service Unavailable"),
        (Response(200, "OK", {}, b"m 1"), "blank Content-Type"),
        (BodySizeLimitReached(), "body size limit exceeded"),
        ("m x\n", "invalid syntax"),
        ('m{a="1",a="2"} 1\n', 'label name "a" is not unique: invalid sample'),
    ],
)
async def test_a_failed_scrape_is_told_and_ends_what_was_there(page: Any, error: str) -> None:
    scraped = Scraped()
    await scraped.once()
    scraped.pages.page = page
    told = await scraped.once()
    assert (told["up{h}"], told["m{h}"], told["scrape_series_added{h}"]) == (0.0, "stale", 0.0)
    assert scraped.loop.state.health == DOWN
    assert error in scraped.loop.state.last_error
    assert "m{h}" not in await scraped.once()
    scraped.pages.page = "m 2\n"
    assert (await scraped.once())["m{h}"] == 2.0


async def test_a_page_with_too_many_samples_is_counted_but_not_kept() -> None:
    scraped = Scraped("m 1\nn 2\n", limits=ScrapeLimits(samples_max=1), extra_metrics=True)
    told = await scraped.once()
    assert "m{h}" not in told
    assert (told["up{h}"], told["scrape_samples_scraped{h}"], told["scrape_sample_limit{h}"]) == (0.0, 2.0, 1.0)
    assert (told["scrape_samples_post_metric_relabeling{h}"], told["scrape_series_added{h}"]) == (2.0, 0.0)
    assert scraped.loop.state.last_error == "sample limit exceeded"


async def test_timeout_limit_and_size_are_told_when_asked_for() -> None:
    scraped = Scraped(extra_metrics=True)
    told = await scraped.once()
    assert (told["scrape_timeout_seconds{h}"], told["scrape_sample_limit{h}"], told["scrape_body_size_bytes{h}"]) == (5.0, 0.0, 4.0)
    scraped.pages.page = BodySizeLimitReached()
    assert (await scraped.once())["scrape_body_size_bytes{h}"] == -1.0


async def test_a_target_that_takes_too_long_is_down_at_the_timeout() -> None:
    scraped = Scraped(seconds=7)
    async with scraped.running():
        await scraped.clock.advance(20)
    (_, told), *_ = scraped.sink.appends
    assert (told["up{h}"], told["scrape_duration_seconds{h}"]) == (0.0, 5.0)
    assert scraped.loop.state.last_error == 'Get "http://h/metrics": context deadline exceeded'


async def test_a_forced_error_fails_without_asking() -> None:
    scraped = Scraped()
    scraped.loop.forced_error = "target_limit exceeded"
    assert (await scraped.once())["up{h}"] == 0.0
    assert not scraped.pages.requests


async def test_what_another_node_has_is_left_to_it() -> None:
    scraped = Scraped()
    async with scraped.running():
        await scraped.clock.advance(10)
        scraped.mine = False
        await scraped.clock.advance(30)
        assert len(scraped.pages.requests) == 1
        scraped.mine, scraped.pages.page = True, "n 1\n"
        await scraped.clock.advance(10)
    assert scraped.sink.of("m{h}") == [1.0, None]


async def test_a_target_that_is_gone_ends_after_an_interval_and_a_tenth() -> None:
    scraped = Scraped()
    await scraped.once()
    ending = asyncio.ensure_future(scraped.loop.end())
    await scraped.clock.advance(10.9)
    assert len(scraped.sink.appends) == 1
    await scraped.clock.advance(10.2)
    await ending
    at, told = scraped.sink.appends[-1]
    assert set(told.values()) == {"stale"}
    assert told.keys() >= {"m{h}", "up{h}", "scrape_series_added{h}"}
    assert at <= scraped.sink.appends[0][0] + 10


async def test_a_target_that_goes_on_or_never_began_does_not_end() -> None:
    scraped = Scraped()
    await scraped.loop.end()
    await scraped.once()
    ending = asyncio.ensure_future(scraped.loop.end(lambda: True))
    await scraped.clock.advance(30)
    await ending
    assert len(scraped.sink.appends) == 1


async def test_a_loop_goes_on_from_the_last_page_of_another() -> None:
    scraped = Scraped()
    await scraped.once()
    after = TargetLoop(scraped.loop.job, scraped.loop.target, scraped.loop.parts)
    assert after.state.health == UNKNOWN
    after.follow(scraped.loop)
    scraped.pages.page = "n 1\n"
    await after.scrape(scraped.clock.now_ns())
    assert scraped.sink.appends[-1][1]["m{h}"] == "stale"


async def test_samples_that_are_not_stored_are_told_and_the_loop_goes_on() -> None:
    scraped = Scraped(tenant="other")
    scraped.sink.refuses = True
    await scraped.loop.scrape(scraped.clock.now_ns())
    assert scraped.loop.state.last_error == "samples were not stored: no room"
    scraped.sink.refuses = False
    await scraped.once()
    assert scraped.sink.tenants == ["other"]


async def test_what_was_refused_is_told_of_a_target_that_is_up() -> None:
    scraped = Scraped()
    scraped.sink.refused = "label value too long"
    await scraped.once()
    assert (scraped.loop.state.health, scraped.loop.state.last_error) == (UP, "samples were refused: label value too long")
    scraped.pages.page = FetchFailed("http://h/metrics", "EOF")
    await scraped.once()
    assert (scraped.loop.state.health, scraped.loop.state.last_error) == (DOWN, 'Get "http://h/metrics": EOF')
    scraped.pages.page, scraped.sink.refused = "m 1\n", ""
    await scraped.once()
    assert (scraped.loop.state.health, scraped.loop.state.last_error) == (UP, "")


async def test_exemplars_of_a_scrape_that_was_not_stored_come_with_the_next() -> None:
    body = b'# TYPE a counter\na_total 1 # {id="t"} 0.5\n# EOF\n'
    scraped = Scraped(Response(200, "OK", {"content-type": "application/openmetrics-text"}, body))
    scraped.sink.refuses = True
    await scraped.loop.scrape(scraped.clock.now_ns())
    scraped.sink.refuses = False
    for _ in range(3):
        await scraped.once()
    assert scraped.sink.exemplars == [1, 0, 0]


async def test_work_ends_in_time_or_is_cancelled() -> None:
    clock, cancelled = ManualClock(), []

    async def work(seconds: float) -> str:
        try:
            await clock.sleep(seconds)
        except asyncio.CancelledError:
            cancelled.append(seconds)
            raise
        return "done"

    quick, slow = asyncio.ensure_future(within(clock, 2, work(1))), asyncio.ensure_future(within(clock, 2, work(3)))
    await clock.advance(5)
    assert await quick == "done"
    with pytest.raises(TimeoutError):
        await slow
    assert cancelled == [3]


async def test_a_real_page_is_scraped_over_a_real_connection() -> None:
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Counter("visits", "Visits.", ["path"], registry=registry).labels("/").inc(3)
    histogram = prometheus_client.Histogram("latency_seconds", "Latency.", registry=registry, buckets=(1,))
    histogram.observe(0.5)
    page = openmetrics.generate_latest(registry)  # type: ignore[no-untyped-call]
    sent = answer(gzip.compress(page), "Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8", "Content-Encoding: gzip")
    clock, sink, client = SystemClock(), Remembered(), HttpClient()
    async with serving(lambda target: sent) as asked:
        config = ScrapeConfig(job_name="j")
        target = build_target(config, {"__address__": f"127.0.0.1:{asked.port}", "instance": "i"})
        assert target is not None
        loop = TargetLoop(config, target, replace(loop_parts(clock, client, sink), user_agent="lgtm/1"))
        await loop.scrape(clock.now_ns())
        await client.close()
    assert loop.state.last_error == ""
    (_, told), *_ = sink.appends
    assert (told["visits_total{i}"], told["latency_seconds_count{i}"], told["up{i}"], told["scrape_samples_scraped{i}"]) == (3.0, 1.0, 1.0, 5.0)
    assert "User-Agent: lgtm/1\r\n" in asked.heads[0]
    assert "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n" in asked.heads[0]


async def test_a_large_page_is_read_in_a_thread_and_means_the_same() -> None:
    text = "".join(f'm{{number="{number}"}} {number}\n' for number in range(20_000))
    assert len(text) > DECODE_INLINE_BYTES_MAX
    scraped = Scraped(text + "alone 1\n")
    for appends in (11, 12):
        scraping = asyncio.ensure_future(scraped.loop.scrape(scraped.clock.now_ns()))
        await asyncio.sleep(0)
        turns = 0
        while not scraping.done():
            await asyncio.sleep(0)
            turns += 1
        assert turns > 5, "the event loop goes round while the page is read"
        assert {told["alone{h}"] for _, told in scraped.sink.appends if "alone{h}" in told} == {1.0}
        assert len(scraped.sink.appends) == appends, "in pieces while its series are new, and whole later"
        assert {at for at, _ in scraped.sink.appends} == {scraped.sink.appends[0][0]}
    assert scraped.sink.appends[-1][1]["scrape_samples_scraped{h}"] == 20_001
    assert scraped.sink.appends[-1][1]["scrape_series_added{h}"] == 0


async def test_a_bug_that_a_page_finds_ends_the_scrape_only(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    scraped = Scraped()

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("lgtm.scrape.loop.decode_page", fail)
        assert (await scraped.once())["up{h}"] == 0.0
    assert scraped.loop.state.last_error == "internal error"
    assert "ZeroDivisionError" in caplog.text


async def test_a_bug_in_what_is_known_of_a_target_does_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    scraped = Scraped("m 1\nn 1\n")
    await scraped.once()
    monkeypatch.setattr(scraped.loop._series, "_on_page", np.zeros(17, np.bool_))
    assert await scraped.once() | {"up{h}": 0.0, "m{h}": "stale", "n{h}": "stale"} == scraped.sink.appends[-1][1]
    assert scraped.loop.state.last_error == "internal error"
    assert (await scraped.once())["up{h}"] == 1.0


async def test_outcomes_are_counted_and_only_changes_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    scraped = Scraped()
    for page in ("m 1\n", Response(503, "Away", {}, b""), FetchFailed("http://h/metrics", "refused"), BodySizeLimitReached(), "m x\n", "m 1\n"):
        scraped.pages.page = page
        await scraped.once()
    outcomes = scraped.loop.parts.metrics.scrapes
    counted = {name: outcomes.labels(name)._value.get() for name in ("ok", "timeout", "unreachable", "status", "limit", "malformed")}
    assert counted == {"ok": 2, "timeout": 0, "unreachable": 1, "status": 1, "limit": 1, "malformed": 1}
    assert [record.getMessage() for record in caplog.records] == ["target cannot be scraped", "target is scraped again"]


async def test_what_a_page_says_of_its_families_is_remembered() -> None:
    scraped = Scraped(text_page("# TYPE m counter\n# HELP m Ms.\nm 1\n"))
    await scraped.once()
    scraped.pages.page = FetchFailed("http://h/metrics", "refused")
    await scraped.once()
    assert [(one.family, one.type, one.help) for one in scraped.loop.state.metadata] == [("m", "counter", "Ms.")]


def test_equal_descriptions_are_kept_once_and_not_for_ever() -> None:
    descriptions = Descriptions()
    (first,), (second,) = (descriptions.shared([Metadata("m", "counter", "Ms.", "")]) for _ in range(2))
    assert first is second
    descriptions.shared([Metadata(f"m{number}", "counter", "", "") for number in range(DESCRIPTIONS_MAX)])
    (third,) = descriptions.shared([Metadata("m", "counter", "Ms.", "")])
    assert third == first
    assert third is not first
