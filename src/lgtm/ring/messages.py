"""What members of a cluster say to each other: hashicorp/memberlist's messages as values. `codec.py` has their bytes, `membership.py` their meaning.

Addresses are raw IP bytes, 4 or 16, as they travel; compare them after `normal_ip`, because an IPv4 address has two forms.
"""

from __future__ import annotations

import enum
import ipaddress
from dataclasses import dataclass

PROTOCOL_VERSIONS = (1, 5, 2, 0, 0, 0)
"""Least, greatest and spoken version of the protocol, then of the application. 2 is spoken; 5 is announced so that peers send nacks and checksums."""
META_BYTES_MAX = 512
V4_MAPPED = b"\0" * 10 + b"\xff\xff"


@dataclass(slots=True, frozen=True, order=True)
class Address:
    """Where a member listens, UDP and TCP alike. ip: 4 or 16 bytes, normalised with `normal_ip`."""

    ip: bytes
    port: int

    @classmethod
    def of(cls, host: str, port: int) -> Address:
        """host: an IP address as text. Raises ValueError for anything else."""
        return cls(normal_ip(ipaddress.ip_address(host).packed), port)

    @property
    def host(self) -> str:
        return str(ipaddress.ip_address(self.ip)) if len(self.ip) in (4, 16) else ""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if len(self.ip) == 16 else f"{self.host}:{self.port}"


def normal_ip(ip: bytes) -> bytes:
    """The short form of an IPv4 address that came in the 16 bytes of IPv6."""
    return ip[12:] if len(ip) == 16 and ip.startswith(V4_MAPPED) else ip


class State(enum.IntEnum):
    """As it travels in a push/pull. LEFT never travels by gossip: there it is a Dead whose sender is the node itself."""

    ALIVE = 0
    SUSPECT = 1
    DEAD = 2
    LEFT = 3


@dataclass(slots=True, frozen=True)
class Ping:
    """node: who is meant; empty means whoever listens there. source: where the ack should go, empty when the packet's source will do."""

    seq_no: int
    node: str
    source_addr: bytes = b""
    source_port: int = 0
    source_node: str = ""


@dataclass(slots=True, frozen=True)
class IndirectPing:
    """Ping `node` at target:port for me; nack says whether I understand a Nack when it does not answer."""

    seq_no: int
    target: bytes
    port: int
    node: str
    nack: bool
    source_addr: bytes = b""
    source_port: int = 0
    source_node: str = ""


@dataclass(slots=True, frozen=True)
class Ack:
    seq_no: int
    payload: bytes | None = None


@dataclass(slots=True, frozen=True)
class Nack:
    seq_no: int


@dataclass(slots=True, frozen=True)
class RemoteError:
    """A stream that was not served, and why."""

    error: str


@dataclass(slots=True, frozen=True)
class Suspect:
    incarnation: int
    node: str
    sender: str


@dataclass(slots=True, frozen=True)
class Dead:
    """sender == node: it left by itself."""

    incarnation: int
    node: str
    sender: str


@dataclass(slots=True, frozen=True)
class Alive:
    incarnation: int
    node: str
    addr: bytes
    port: int
    meta: bytes | None = None
    versions: tuple[int, ...] = PROTOCOL_VERSIONS


@dataclass(slots=True, frozen=True)
class NodeState:
    """One member as a push/pull tells of it."""

    name: str
    addr: bytes
    port: int
    incarnation: int
    state: State
    meta: bytes | None = None
    versions: tuple[int, ...] = PROTOCOL_VERSIONS


@dataclass(slots=True, frozen=True)
class PushPull:
    """Everything one member knows. user_state: what rides on the gossip, for `kv.py`."""

    join: bool
    nodes: tuple[NodeState, ...]
    user_state: bytes = b""


@dataclass(slots=True, frozen=True)
class UserMessage:
    data: bytes


Message = Ping | IndirectPing | Ack | Nack | RemoteError | Suspect | Dead | Alive | PushPull | UserMessage
