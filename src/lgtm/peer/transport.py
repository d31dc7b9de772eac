"""What carries calls between nodes: gRPC, or what a simulation puts in its place. Values are those of grpc.aio, which has no types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import grpc


class Transport(Protocol):
    def channel(self, address: str, options: Sequence[tuple[str, Any]], credentials: Any) -> Any:
        """As grpc.aio's channels; credentials None: without TLS."""

    def server(self, options: Sequence[tuple[str, Any]], calls_max: int) -> Any:
        """As grpc.aio.server."""


class GrpcTransport:
    def channel(self, address: str, options: Sequence[tuple[str, Any]], credentials: Any) -> Any:
        if credentials is None:
            return grpc.aio.insecure_channel(address, options=options)
        return grpc.aio.secure_channel(address, credentials, options=options)

    def server(self, options: Sequence[tuple[str, Any]], calls_max: int) -> Any:
        return grpc.aio.server(options=options, maximum_concurrent_rpcs=calls_max)
