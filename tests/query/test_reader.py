"""What every query has around its reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from prometheus_client import CollectorRegistry

from lgtm.errors import Unavailable
from lgtm.model.limits import TenantLimits
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.window import ALWAYS
from lgtm.query.completeness import Incomplete
from lgtm.query.config import QueryConfig
from lgtm.query.heads import HeadSource
from lgtm.query.metrics import QueryMetrics
from lgtm.query.reader import ASKED_AGAIN_MAX, Reader
from lgtm.query.select import Gathered, QueryStats
from lgtm.query.source import Request, RowsMoved
from query.test_remote import NoBlocks

REQUEST = Request(DEFAULT_TENANT, LOGS, (), ALWAYS)


@contextmanager
def reader_of(*warnings: str, strict: bool = False) -> Iterator[tuple[Reader, CollectorRegistry]]:
    registry = CollectorRegistry()

    with ThreadPoolExecutor(1) as threads:
        holders = [HeadSource("a", lambda *_: [])]
        yield (
            Reader(
                lambda: holders, NoBlocks(), TenantLimits(), threads, QueryConfig(strict=strict), QueryMetrics(registry), judge=lambda _: warnings
            ),
            registry,
        )


async def test_what_moved_is_asked_for_again_but_not_for_ever() -> None:
    with reader_of() as (reader, registry):
        calls = 0

        async def ask() -> str:
            nonlocal calls
            calls += 1
            if calls <= moves:
                raise RowsMoved("a", "flushed")
            return "answer"

        moves = ASKED_AGAIN_MAX
        assert await reader.settled(ask) == "answer"
        assert registry.get_sample_value("lgtm_query_asked_again_total") == ASKED_AGAIN_MAX
        calls, moves = 0, ASKED_AGAIN_MAX + 1
        with pytest.raises(RowsMoved):
            await reader.settled(ask)


async def test_rows_that_may_be_missing_are_a_warning_or_when_strict_an_error() -> None:
    with reader_of("b is away") as (reader, _):
        assert (await reader.gather(REQUEST, QueryStats()))[1] == ("b is away",)
    with reader_of("b is away", strict=True) as (reader, _), pytest.raises(Incomplete, match="b is away"):
        await reader.gather(REQUEST, QueryStats())


@pytest.mark.parametrize("news", range(ASKED_AGAIN_MAX + 2))
async def test_an_instance_that_is_met_while_the_others_are_asked_is_asked_too(news: int) -> None:
    """It may have acknowledged rows long before anybody here knew of it. news: how often another one is met; who comes too late is told."""
    known, judged = [HeadSource("a", lambda *_: [])], list[Gathered]()

    class Meeting(NoBlocks):
        async def refresh(self, age_ns: int, away: Mapping[str, Unavailable]) -> tuple[str, ...]:
            if len(known) <= news:
                known.append(HeadSource(f"new {len(known)}", lambda *_: []))
            return await super().refresh(age_ns, away)

    def judge(gathered: Gathered) -> tuple[str, ...]:
        judged.append(gathered)
        return ()

    with ThreadPoolExecutor(1) as threads:
        metrics = QueryMetrics(CollectorRegistry())
        reader = Reader(lambda: list(known), Meeting(), TenantLimits(), threads, QueryConfig(), metrics, judge=judge)
        await reader.gather(REQUEST, QueryStats())
    (gathered,) = judged
    late = {f"new {ASKED_AGAIN_MAX + 1}"} if news > ASKED_AGAIN_MAX else set()
    assert {each.id for each in known} - gathered.asked == late


async def test_a_turn_is_timed_and_counted() -> None:
    with reader_of() as (reader, registry):
        async with reader.turn("search", DEFAULT_TENANT) as stats:
            assert registry.get_sample_value("lgtm_query_running") == 1
        assert stats.exec_s > 0
        with pytest.raises(Unavailable):
            async with reader.turn("search", DEFAULT_TENANT):
                raise Unavailable("away")
        counts = {
            outcome: registry.get_sample_value("lgtm_query_ended_total", {"kind": "search", "outcome": outcome}) for outcome in ("ok", "refused")
        }
        assert counts == {"ok": 1, "refused": 1}
        assert registry.get_sample_value("lgtm_query_running") == 0
