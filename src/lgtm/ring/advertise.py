"""Under which address others reach this node: as configured, as the container's or the instance's metadata says, or as this machine would go out.

configured   an IP address, or the name of an interface
ECS awsvpc   the task's own address
ECS bridge   the address of the EC2 instance, whose ports are mapped to the container's (the metadata service needs a hop limit of 2)
else         the address that a packet to the outside would come from
"""

from __future__ import annotations

import contextlib
import fcntl
import ipaddress
import json
import os
import socket
import struct
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

METADATA_VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
INSTANCE_METADATA = "http://169.254.169.254/latest"
METADATA_TIMEOUT_S = 2.0
METADATA_BYTES_MAX = 1024 * 1024
LOOPBACK = "127.0.0.1"
_SOMEWHERE = ("192.0.2.1", 9)
"""An address for documentation (RFC 5737): nothing is sent there, the route alone is asked for."""
_SIOCGIFADDR = 0x8915


@dataclass(slots=True, frozen=True)
class Ask:
    """A request to a metadata service."""

    uri: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)


Get = Callable[[Ask], bytes]
"""Raises OSError."""


def advertised(configured: str, bound: str, *, environment: Mapping[str, str] = os.environ, get: Get | None = None) -> str:
    """An IP address. configured: ring.advertise; bound: what the listeners are bound to. Blocks for a few seconds at most. Raises ValueError."""
    if configured:
        return _of_the_interface(configured) or str(ipaddress.ip_address(configured))
    if not ipaddress.ip_address(bound).is_unspecified:
        return bound
    return _of_the_task(environment, get or _get) or _of_the_route() or LOOPBACK


def _of_the_interface(name: str) -> str | None:
    """Its IPv4 address; None when there is no such interface, or it has none."""
    if name not in {interface for _, interface in socket.if_nameindex()}:
        return None
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        return socket.inet_ntoa(fcntl.ioctl(sock.fileno(), _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))[20:24])
    return None


def _of_the_task(environment: Mapping[str, str], get: Get) -> str | None:
    """What ECS says of the task; None outside of ECS, and in the host's own network, where the routes know."""
    uri = environment.get(METADATA_VARIABLE)
    if not uri:
        return None
    try:
        networks = json.loads(get(Ask(uri)))["Networks"]
        modes = {network["NetworkMode"]: network for network in networks}
        if "awsvpc" in modes:
            return str(ipaddress.ip_address(modes["awsvpc"]["IPv4Addresses"][0]))
        return _of_the_instance(get) if modes.keys() & {"bridge", "default"} else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def _of_the_instance(get: Get) -> str:
    """Raises OSError, ValueError."""
    token = get(Ask(f"{INSTANCE_METADATA}/api/token", "PUT", {"X-aws-ec2-metadata-token-ttl-seconds": "60"})).decode("ascii")
    found = get(Ask(f"{INSTANCE_METADATA}/meta-data/local-ipv4", headers={"X-aws-ec2-metadata-token": token}))
    return str(ipaddress.ip_address(found.decode("ascii").strip()))


def _of_the_route() -> str | None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(_SOMEWHERE)
        return str(sock.getsockname()[0])
    return None


def _get(ask: Ask) -> bytes:
    request = urllib.request.Request(ask.uri, method=ask.method, headers=dict(ask.headers))
    with urllib.request.urlopen(request, timeout=METADATA_TIMEOUT_S) as answer:
        data: bytes = answer.read(METADATA_BYTES_MAX)
    return data
