"""Under which address others reach this node: as configured, as the container's metadata says, or as this machine would go out."""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import socket
import urllib.request
from collections.abc import Callable, Mapping

METADATA_VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
METADATA_TIMEOUT_S = 2.0
METADATA_BYTES_MAX = 1024 * 1024
LOOPBACK = "127.0.0.1"
_SOMEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): nothing is sent there, the route alone is asked for."""

Get = Callable[[str], bytes]


def advertised(configured: str, bound: str, *, environment: Mapping[str, str] = os.environ, get: Get | None = None) -> str:
    """An IP address. configured: ring.advertise; bound: what the listeners are bound to. Blocks for at most two seconds. Raises ValueError."""
    if configured:
        return str(ipaddress.ip_address(configured))
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    return _of_the_task(environment, get or _get) or _of_the_route() or LOOPBACK


def _of_the_task(environment: Mapping[str, str], get: Get) -> str | None:
    """The task's own address, where ECS says it."""
    uri = environment.get(METADATA_VARIABLE)
    if not uri:
        return None
    try:
        networks = json.loads(get(uri))["Networks"]
        return next(str(ipaddress.ip_address(address)) for network in networks for address in network["IPv4Addresses"])
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None


def _of_the_route() -> str | None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(_SOMEWHERE)
        return str(sock.getsockname()[0])
    return None


def _get(uri: str) -> bytes:
    with urllib.request.urlopen(uri, timeout=METADATA_TIMEOUT_S) as answer:
        data: bytes = answer.read(METADATA_BYTES_MAX)
    return data
