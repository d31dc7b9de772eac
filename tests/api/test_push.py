"""The frame around a push: what is counted, and how its outcome is told."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from lgtm.api.errors import text_error
from lgtm.api.metrics import PushMetrics
from lgtm.api.push import answer
from lgtm.errors import BadRequest


@pytest.mark.parametrize(
    ("outcome", "status"),
    [(None, 204), (BadRequest("wrong"), 400), (ClientDisconnect(), 499), (ValueError("bug"), 500)],
    ids=lambda value: repr(value),
)
async def test_every_outcome_is_answered_and_counted(outcome: Exception | None, status: int) -> None:
    registry = CollectorRegistry()

    async def work() -> None:
        if outcome is not None:
            raise outcome

    response = await answer("/push", work(), lambda: Response(status_code=204), text_error, PushMetrics(registry))
    assert response.status_code == status
    assert registry.get_sample_value("lgtm_api_push_requests_total", {"route": "/push", "status": str(status)}) == 1
