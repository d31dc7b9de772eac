from __future__ import annotations

import asyncio
import contextlib

from prometheus_client import CollectorRegistry

from lgtm.app.loop_lag import INTERVAL_S, LoopLag
from lgtm.clock import NS_PER_S, ManualClock


class BusyClock(ManualClock):
    """Whoever sleeps on it is woken late, as when something else holds the loop."""

    late_s = 0.0

    def monotonic_ns(self) -> int:
        return super().monotonic_ns() + int(self.late_s * NS_PER_S)


async def lags(*late_s: float) -> CollectorRegistry:
    clock, registry = BusyClock(), CollectorRegistry()
    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(LoopLag(clock, registry).run())
        await asyncio.sleep(0)
        for seconds in late_s:
            clock.late_s += seconds
            await clock.advance(INTERVAL_S)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return registry


async def test_a_loop_that_keeps_time_has_no_lag() -> None:
    registry = await lags(0, 0, 0)
    assert registry.get_sample_value("lgtm_event_loop_lag_seconds_count") == 3
    assert registry.get_sample_value("lgtm_event_loop_lag_seconds_sum") == 0


async def test_a_loop_that_was_held_is_late_by_as_much() -> None:
    registry = await lags(0, 0.2, 0)
    assert registry.get_sample_value("lgtm_event_loop_lag_seconds_sum") == 0.2
    assert registry.get_sample_value("lgtm_event_loop_lag_seconds_bucket", {"le": "0.1"}) == 2
    assert registry.get_sample_value("lgtm_event_loop_lag_seconds_bucket", {"le": "0.25"}) == 3
