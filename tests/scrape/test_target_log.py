"""Lines about targets have a bound."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from lgtm.clock import ManualClock
from lgtm.scrape.target_log import LINES_MAX, TargetLog


async def test_a_minute_has_so_many_lines_and_the_next_one_says_how_many_were_left_out(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    log = TargetLog(clock)

    def tell(times: int) -> list[dict[str, Any]]:
        caplog.clear()
        for _ in range(times):
            log.tell(logging.WARNING, "target cannot be scraped", job="j")
        return [record.fields for record in caplog.records]  # type: ignore[attr-defined]

    assert tell(LINES_MAX + 7) == [{"job": "j"}] * LINES_MAX
    await clock.advance(59)
    assert tell(3) == []
    await clock.advance(1)
    assert tell(2) == [{"job": "j", "left_out": 10}, {"job": "j"}]
