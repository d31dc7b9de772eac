"""When a list of blocks is new enough for an answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import pytest
from prometheus_client import CollectorRegistry

from lgtm.app.catalogue import CatalogueNotLoaded, LoadedCatalog
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.errors import Unavailable
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.model.window import ALWAYS
from lgtm.peer.faults import PeerRefused, PeerUnknown
from lgtm.query.source import FOREVER_NS
from lgtm.storage.catalog import Catalog
from lgtm.storage.config import StorageConfig
from lgtm.storage.memory import MemoryStore
from lgtm.storage.metrics import StorageMetrics
from support.faultystore import Fault, FaultyStore

GONE: Mapping[str, Unavailable] = {"b": PeerRefused("b", "connection refused")}
SILENT: Mapping[str, Unavailable] = {"b": PeerUnknown("b", "no answer in time")}


class World:
    def __init__(self) -> None:
        self.clock, self.store, self.looks = ManualClock(), FaultyStore(MemoryStore()), 0
        self.catalogue = LoadedCatalog(Catalog(self.store, StorageConfig(), StorageMetrics(CollectorRegistry())), self.clock, 30)
        self.catalogue.look_for_spilled = self._look
        self.spilled = frozenset({"b"})

    async def _look(self) -> frozenset[str]:
        self.looks += 1
        return self.spilled

    @property
    def polls(self) -> int:
        return sum(call.startswith("list") for call in self.store.calls)


@pytest.fixture
async def world() -> World:
    world = World()
    await world.clock.advance(100)
    await world.catalogue.poll()
    await world.clock.advance(20)
    return world


async def test_it_refuses_before_it_was_read_once() -> None:
    with pytest.raises(CatalogueNotLoaded):
        World().catalogue.blocks(DEFAULT_TENANT, LOGS, ALWAYS)


async def test_a_list_that_is_newer_than_what_others_have_forgotten_will_do(world: World) -> None:
    assert await world.catalogue.refresh(20 * NS_PER_S, {}) == ()
    assert await world.catalogue.refresh(FOREVER_NS, {}) == ()
    assert world.polls == 1


async def test_it_is_read_anew_when_another_node_has_forgotten_rows_since(world: World) -> None:
    assert await world.catalogue.refresh(19 * NS_PER_S, {}) == ()
    assert world.polls == 2
    assert await world.catalogue.refresh(19 * NS_PER_S, {}) == ()
    assert world.polls == 2


async def test_a_departure_costs_one_look_however_often_one_asks(world: World) -> None:
    for _ in range(3):
        assert await world.catalogue.refresh(FOREVER_NS, GONE) == ()
        await world.clock.advance(1)
    assert world.polls == 2
    await world.catalogue.refresh(FOREVER_NS, {})
    await world.catalogue.refresh(FOREVER_NS, GONE)
    assert world.polls == 3, "it was back and went again"


async def test_who_is_silent_may_be_storing_rows_right_now(world: World) -> None:
    for _ in range(3):
        await world.clock.advance(1)
        assert await world.catalogue.refresh(FOREVER_NS, SILENT) == ()
    assert (world.looks, world.polls) == (4, 4), "one with the first poll, and one each time"


async def test_a_look_counts_with_the_list_that_was_read_after_it(world: World) -> None:
    assert world.catalogue.spilled_by == {"b"}
    world.spilled = frozenset()  # its rows are in a block by now, which only a new list has
    world.store.play([Fault.FAIL] * 10)
    await world.clock.advance(1)
    assert await world.catalogue.refresh(FOREVER_NS, SILENT) != ()
    assert world.catalogue.spilled_by == {"b"}
    world.store.play([])
    assert await world.catalogue.refresh(FOREVER_NS, SILENT) == ()
    assert world.catalogue.spilled_by == frozenset()


async def test_questions_that_come_together_share_a_list(world: World) -> None:
    await world.clock.advance(1)
    await asyncio.gather(*(world.catalogue.refresh(FOREVER_NS, SILENT) for _ in range(5)))
    assert world.polls == 2


async def test_a_store_that_cannot_be_read_makes_the_answer_partial(world: World) -> None:
    world.store.play([Fault.FAIL] * 10)
    (warning,) = await world.catalogue.refresh(19 * NS_PER_S, {})
    assert "20 s ago" in warning
    assert await world.catalogue.refresh(20 * NS_PER_S, {}) == (), "what nobody has forgotten since is in memory somewhere"


async def test_the_loop_reports_what_fails_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.store.play([Fault.FAIL])
    running = asyncio.ensure_future(world.catalogue.run())
    with caplog.at_level(logging.WARNING):
        await world.clock.advance(0.5)
    assert "cannot list blocks" in caplog.text
    assert not world.catalogue.is_loaded
    await world.clock.advance(1)
    assert world.catalogue.is_loaded
    running.cancel()
