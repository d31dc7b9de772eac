"""The side that is called: checks who calls, hands bytes to handlers, and tells errors in a form that the caller understands."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import grpc

from lgtm.errors import LgtmError
from lgtm.peer.calls import SERVICE, Pass, Streaming, Unary
from lgtm.peer.config import PeerConfig
from lgtm.peer.faults import FAULT_KEY, TEXT_CHARACTERS_MAX, encode_fault
from lgtm.peer.metrics import PeerMetrics
from lgtm.peer.tls import Certificates
from lgtm.peer.transport import GrpcTransport, Transport
from lgtm.telemetry import event

logger = logging.getLogger(__name__)

CONCURRENT_CALLS_MAX = 1_024
LOGGED_EVERY = 1_000


class PeerServer:
    """unary, streaming: handlers by method. They raise LgtmError for what the caller should hear; anything else is a bug and logged here."""

    def __init__(
        self,
        unary: Mapping[str, Unary],
        streaming: Mapping[str, Streaming],
        config: PeerConfig,
        expected: Pass,
        metrics: PeerMetrics,
        instance: str,
        transport: Transport | None = None,
    ) -> None:
        self._config, self._expected, self._metrics, self._instance = config, expected, metrics, instance
        self._strangers: dict[str, int] = {}
        handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(self._unary(handler)) for name, handler in unary.items()}
        handlers |= {name: grpc.unary_stream_rpc_method_handler(self._streaming(handler)) for name, handler in streaming.items()}
        limit = config.message_bytes_max
        options = [
            ("grpc.max_receive_message_length", limit),
            ("grpc.max_send_message_length", limit),
            ("grpc.so_reuseport", 0),
            ("grpc.http2.min_ping_interval_without_data_ms", 2_000),
            ("grpc.keepalive_permit_without_calls", 1),
            # A caller that lost its power closes nothing: its streams end here when it does not answer pings.
            ("grpc.keepalive_time_ms", 10_000),
            ("grpc.keepalive_timeout_ms", 5_000),
            ("grpc.http2.ping_timeout_ms", 5_000),
            ("grpc.http2.max_pings_without_data", 0),
        ]
        self._server = (transport or GrpcTransport()).server(options, CONCURRENT_CALLS_MAX)
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))

    async def start(self, host: str, port: int) -> int:
        """Returns the port. Raises RuntimeError when it is taken, OSError when a certificate cannot be read."""
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if self._config.tls:
            bound = int(self._server.add_secure_port(address, Certificates(self._config).server()))
        else:
            bound = int(self._server.add_insecure_port(address))
        await self._server.start()
        return bound

    async def stop(self, grace_s: float) -> None:
        await self._server.stop(grace_s)

    def _unary(self, handler: Unary) -> Any:
        async def answer(data: bytes, context: Any) -> bytes:
            await self._check(context)
            try:
                return await handler(data)
            except LgtmError as error:
                await _tell(context, error)
            except Exception:
                logger.exception("a call of another node failed")
                await context.abort(grpc.StatusCode.INTERNAL, "internal error")
            raise AssertionError("abort raises")

        return answer

    def _streaming(self, handler: Streaming) -> Any:
        async def answer(data: bytes, context: Any) -> Any:
            await self._check(context)
            try:
                async with aclosing(handler(data)) as pieces:  # type: ignore[type-var]  # handlers are generators
                    async for piece in pieces:
                        yield piece
            except LgtmError as error:
                await _tell(context, error)
            except Exception:
                logger.exception("a call of another node failed")
                await context.abort(grpc.StatusCode.INTERNAL, "internal error")

        return answer

    async def _check(self, context: Any) -> None:
        objection = self._expected.objection(dict(context.invocation_metadata() or ()), self._instance)
        if objection is None:
            return
        reason, text = objection
        self._metrics.rejected.labels(reason).inc()
        count = self._strangers[reason] = self._strangers.get(reason, 0) + 1
        if count == 1 or count % LOGGED_EVERY == 0:
            event(logger, logging.ERROR, "a call of a stranger was refused", caller=context.peer(), why=text, times=count)
        await context.abort(grpc.StatusCode.PERMISSION_DENIED, f"refused: {text}")


async def _tell(context: Any, error: LgtmError) -> Any:
    text = str(error)[:TEXT_CHARACTERS_MAX].encode("ascii", "replace").decode()
    await context.abort(grpc.StatusCode.ABORTED, text, ((FAULT_KEY, encode_fault(error)),))
