from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from lgtm.app.lost_rows import RETRY_S, LostRows, recall
from lgtm.clock import ManualClock
from lgtm.errors import Unavailable


class Others:
    """Other nodes: those in `away` cannot be asked. flushed: by whom, in order; blocks_read: how often the list was."""

    def __init__(self, *ids: str) -> None:
        self.ids = set(ids)
        self.away: set[str] = set()
        self.flushed: list[str] = []
        self.blocks_read = 0

    async def flush(self, instance_id: str) -> None:
        if instance_id in self.away:
            raise Unavailable("connection refused")
        self.flushed.append(instance_id)

    async def found(self) -> None:
        self.blocks_read += 1


def lost(path: Path, others: Others, clock: ManualClock, *, has_lost: bool = False) -> LostRows:
    are_missed = recall(path, has_lost=has_lost)
    return LostRows(path, are_missed=are_missed, others=lambda: others.ids, flush=others.flush, found=others.found, clock=clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "lost_rows"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_an_intact_log_has_lost_nothing(path: Path, clock: ManualClock) -> None:
    others = Others("b", "c")
    rows = lost(path, others, clock)
    await rows.run()
    assert (rows.holders(), others.flushed) == (frozenset(), [])


async def test_everybody_else_may_hold_what_was_lost_until_each_has_flushed(path: Path, clock: ManualClock) -> None:
    others = Others("b", "c")
    rows = lost(path, others, clock, has_lost=True)
    assert rows.holders() == {"b", "c"}
    await rows.run()
    assert (rows.holders(), others.flushed, others.blocks_read) == (frozenset(), ["b", "c"], 2)
    assert not recall(path, has_lost=False)


@pytest.mark.parametrize("ids", [{"b", "c"}, set()], ids=["one is away", "nobody was met yet"])
async def test_who_cannot_be_asked_is_asked_again(path: Path, clock: ManualClock, ids: set[str]) -> None:
    others = Others(*ids)
    others.away = {"c"}
    rows = lost(path, others, clock, has_lost=True)
    asking = asyncio.ensure_future(rows.run())
    await clock.advance(5 * RETRY_S)
    assert rows.holders() == ids - {"b"}
    assert recall(path, has_lost=False)
    others.ids, others.away = {"b", "c"}, set()
    await clock.advance(RETRY_S)
    assert (rows.holders(), others.flushed) == (frozenset(), ["b", "c"])
    await asking


async def test_what_was_lost_is_remembered_by_the_next_process(path: Path, clock: ManualClock) -> None:
    lost(path, Others("b"), clock, has_lost=True)
    assert lost(path, Others("b"), clock).holders() == {"b"}


def test_a_disk_that_cannot_remember_it_does_not_keep_the_node_from_starting(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    assert recall(tmp_path / "data" / "lost_rows", has_lost=True)
