"""Where a node can be reached."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True, frozen=True)
class Addresses:
    """Ports that were opened, whatever the config asked for."""

    host: str
    http_port: int
    otlp_http_port: int
    otlp_grpc_port: int
