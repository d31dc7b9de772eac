"""OTLP over gRPC: `Export` of the service of each signal, on raw bytes.

Clients retry UNAVAILABLE always and RESOURCE_EXHAUSTED only where a RetryInfo says when; anything else they drop. So what was stored in
part is INVALID_ARGUMENT, or a partial success where the signal has one, and a limit that waiting does not help against carries no RetryInfo.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

from lgtm.api.errors import grpc_code, grpc_status_of, message_of, retry_after_s
from lgtm.api.otlp import Otlp, partial_success
from lgtm.api.push import push_bytes
from lgtm.api.tenancy import ORG_ID_HEADER
from lgtm.wire.bounds import BodyBounds

DETAILS = "grpc-status-details-bin"
MESSAGE_BYTES_MAX = 1024
"""Texts travel twice in HTTP/2 headers, which peers bound to 8 KiB: percent-encoded, up to three times as long, and in base64."""


def grpc_options(bounds: BodyBounds) -> list[tuple[str, Any]]:
    """Options of a server that keep messages within bounds, also after decompression."""
    return [("grpc.max_receive_message_length", bounds.decompressed_bytes_max), ("grpc.max_metadata_size", 16 * 1024)]


def otlp_grpc_handler(otlp: Otlp) -> grpc.GenericRpcHandler:
    """For `grpc.aio.Server.add_generic_rpc_handlers`."""

    async def export(body: bytes, context: Any) -> bytes:
        start = time.perf_counter()

        def answered(status: str) -> None:
            """To be said before the client hears of it, who may look."""
            otlp.metrics.answered(otlp.route, status, time.perf_counter() - start)

        try:
            answer = await _export(otlp, body, context)
        except asyncio.CancelledError:
            answered(grpc.StatusCode.CANCELLED.name)
            raise
        except Exception as error:
            answered(grpc_status_of(error).name)
            await _abort(context, error)
            raise  # not reached: the call is over
        answered(grpc.StatusCode.OK.name)
        return answer

    return grpc.method_handlers_generic_handler(otlp.service, {"Export": grpc.unary_unary_rpc_method_handler(export)})


async def _export(otlp: Otlp, body: bytes, context: Any) -> bytes:
    metadata = dict(context.invocation_metadata() or ())
    tenant = otlp.tenancy.tenant(metadata.get(ORG_ID_HEADER.lower()))
    with otlp.bodies.hold() as hold:
        hold.add(len(body))
        otlp.metrics.received(otlp.route, len(body))
        try:
            await push_bytes(otlp.route, body, tenant, otlp.decoder(tenant, "", json=False), otlp.push, hold, otlp.metrics)
        except Exception as error:
            some = partial_success(error)
            if some is None:
                raise
            return some.SerializeToString()
    return b""


async def _abort(context: Any, error: Exception) -> None:
    """Ends the call; raises what grpc raises to that end."""
    code, message = grpc_status_of(error), message_of(error).encode()[:MESSAGE_BYTES_MAX].decode(errors="ignore")
    status = status_pb2.Status(code=grpc_code(code), message=message)
    wait_s = retry_after_s(error)
    if wait_s is not None:
        delay = duration_pb2.Duration()
        delay.FromMilliseconds(int(wait_s * 1000))
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.RetryInfo(retry_delay=delay))
        status.details.append(detail)
    await context.abort(code, message, ((DETAILS, status.SerializeToString()),))
