from __future__ import annotations

import asyncio
import dataclasses

import pytest

from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant
from lgtm.query.admission import Admission, QueryTimeout, TooManyQueries

A, B = Tenant("a"), Tenant("b")
ONE_AT_A_TIME = Limits(max_concurrent_queries=1, max_queued_queries=1)


async def held(admission: Admission, tenant: Tenant, release: asyncio.Event, limits: Limits = ONE_AT_A_TIME) -> None:
    async with admission.turn(tenant, limits):
        await release.wait()


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_some_run_some_wait_and_one_more_is_refused() -> None:
    admission, release = Admission(), asyncio.Event()
    tasks = [asyncio.ensure_future(held(admission, A, release)) for _ in range(2)]
    await settle()
    assert (admission.running, admission.waiting) == (1, 1)
    with pytest.raises(TooManyQueries):
        await held(admission, A, release)

    release.set()
    await asyncio.gather(*tasks)
    assert (admission.running, admission.waiting) == (0, 0)


async def test_tenants_do_not_wait_for_each_other() -> None:
    admission, release = Admission(), asyncio.Event()
    tasks = [asyncio.ensure_future(held(admission, tenant, release)) for tenant in (A, B)]
    await settle()
    assert admission.running == 2
    release.set()
    await asyncio.gather(*tasks)


@pytest.mark.parametrize("who", [0, 1, 2])
async def test_a_query_that_goes_away_gives_its_place_to_the_next(who: int) -> None:
    admission, release = Admission(), asyncio.Event()
    limits = Limits(max_concurrent_queries=1, max_queued_queries=5)
    tasks = [asyncio.ensure_future(held(admission, A, release, limits)) for _ in range(3)]
    await settle()
    tasks[who].cancel()
    await settle()
    assert (admission.running, admission.waiting) == (1, 1)
    release.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (admission.running, admission.waiting) == (0, 0)


async def test_past_the_deadline_a_query_ends_whether_it_runs_or_waits() -> None:
    admission, never = Admission(), asyncio.Event()
    limits = dataclasses.replace(ONE_AT_A_TIME, query_timeout_ns=20_000_000)
    outcomes = await asyncio.gather(*(held(admission, A, never, limits) for _ in range(2)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [QueryTimeout, QueryTimeout]
