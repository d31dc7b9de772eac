"""What all push routes share: the function they push to, and the frame around a request."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from lgtm.api.bodies import Bodies, Decoder, Hold
from lgtm.api.errors import client_gone
from lgtm.api.metrics import PushMetrics
from lgtm.model.tenant import Tenant


class Decoded(Protocol):
    """Rows of one signal, as a decoder gives them."""

    @property
    def nbytes(self) -> int: ...

    def __len__(self) -> int: ...


D = TypeVar("D", bound=Decoded)

Push = Callable[[Tenant, D], Awaitable[None]]
"""Returns when the accepted rows are durable. Raises a BadRequest or LimitExceeded kind after it has stored the valid rest, Unavailable when
it could not store."""


async def push_body(route: str, request: Request, tenant: Tenant, decoder: Decoder[D], push: Push[D], bodies: Bodies, metrics: PushMetrics) -> None:
    """Reads, decodes and pushes one request, within the bounds of `bodies`."""
    with bodies.hold() as hold:
        body = await hold.read(request)
        metrics.received(route, len(body))
        await push_bytes(route, body, tenant, decoder, push, hold, metrics)


async def push_bytes(route: str, body: bytes, tenant: Tenant, decoder: Decoder[D], push: Push[D], hold: Hold, metrics: PushMetrics) -> None:
    decoded = await hold.decode(body, decoder)
    metrics.decoded(route, len(decoded))
    await push(tenant, decoded)


async def answer(
    route: str, work: Awaitable[None], success: Callable[[], Response], failure: Callable[[Exception], Response], metrics: PushMetrics
) -> Response:
    """Awaits the work and words its outcome."""
    start = time.perf_counter()
    try:
        await work
        response = success()
    except ClientDisconnect:
        response = client_gone()
    except Exception as error:
        response = failure(error)
    metrics.answered(route, str(response.status_code), time.perf_counter() - start)
    return response
