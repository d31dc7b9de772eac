from __future__ import annotations

import asyncio
import contextlib

import pytest
from prometheus_client import CollectorRegistry

from lgtm.errors import BadRequest
from lgtm.query.metrics import QueryMetrics


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (None, "ok"),
        (BadRequest("no"), "refused"),
        (asyncio.CancelledError(), "cancelled"),
        (GeneratorExit(), "cancelled"),
        (KeyError("bug"), "failed"),
    ],
)
def test_a_query_is_counted_by_how_it_ended(error: BaseException | None, outcome: str) -> None:
    registry = CollectorRegistry()
    metrics = QueryMetrics(registry)
    with contextlib.suppress(BaseException), metrics.query("log"):
        if error is not None:
            raise error

    assert registry.get_sample_value("lgtm_query_ended_total", {"kind": "log", "outcome": outcome}) == 1
    assert registry.get_sample_value("lgtm_query_duration_seconds_count", {"kind": "log"}) == 1
