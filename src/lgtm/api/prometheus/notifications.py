"""`/api/v1/notifications`: what Prometheus tells operators who look at its pages. What would be told there is here in metrics and the log."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer, no_content


async def notifications(_side: PrometheusSide, _call: Call) -> Response:
    return json_answer(success([]))


async def no_live_notifications(_side: PrometheusSide, _call: Call) -> Response:
    """As Prometheus answers who comes when its streams are all taken: clients then ask for the list now and then."""
    return no_content()
