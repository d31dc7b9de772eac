from __future__ import annotations

import asyncio

import pytest

from lgtm.ingester.generation import Generation
from lgtm.model.signal import LOGS
from lgtm.model.tenant import Tenant
from support.parts import part


def test_heads_of_tenants_are_kept_apart() -> None:
    generation = Generation("w", 1, 0)
    assert generation.head(Tenant("a"), LOGS) is generation.head(Tenant("a"), LOGS)
    assert generation.head(Tenant("a"), LOGS) is not generation.head(Tenant("b"), LOGS)


def test_it_knows_the_parts_it_holds() -> None:
    generation = Generation("w", 1, 0)
    generation.add(part(4, ["x"]))

    assert generation.holds(part(4, ["x"]))
    assert not generation.holds(part(5, ["x"]))
    assert generation.row_count == 1


async def test_it_is_drained_once_sealed_and_its_last_append_has_ended() -> None:
    generation = Generation("w", 1, 0)
    generation.append_begins()
    generation.seal()
    drained = asyncio.ensure_future(generation.drained())
    await asyncio.sleep(0)
    assert not drained.done()

    generation.append_ends()
    await drained


def test_no_append_begins_in_a_sealed_generation() -> None:
    generation = Generation("w", 1, 0)
    generation.seal()
    with pytest.raises(AssertionError):
        generation.append_begins()
