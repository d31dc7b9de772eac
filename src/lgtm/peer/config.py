"""The `peer` section of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.limits import MIB
from lgtm.model.secret import Secret


@dataclass(slots=True, frozen=True, kw_only=True)
class PeerConfig:
    port: int = 3101
    """Port for calls between nodes; opened only in a cluster. Keep it off the public network. 0: any free one."""
    message_bytes_max: int = 16 * MIB
    """Largest message in either direction. A part of the log is at most 8 MiB."""
    calls_in_flight_max: int = 256
    """Calls that may wait for one other node. Further ones fail at once, which lets a write go elsewhere."""
    in_flight_bytes_max: int = 128 * MIB
    """Bytes of requests that may wait for one other node."""
    secret: Secret = field(default_factory=Secret)
    """Shared by all nodes; a call without it is refused. Without TLS it travels in clear."""
    tls_cert_file: str = ""
    """Certificate (PEM) of this node, for calls in both directions. Empty: no TLS."""
    tls_key_file: str = ""
    """Key (PEM) of the certificate."""
    tls_ca_file: str = ""
    """Certificates (PEM) that sign those of the nodes; each side demands one from the other."""
    tls_server_name: str = ""
    """Name that the certificates of other nodes are checked for. Empty: the address that is called."""

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65_535:
            raise ValueError("peer.port must lie between 0 and 65535")
        if self.message_bytes_max < 9 * MIB:
            raise ValueError("peer.message_bytes_max must be at least 9 MiB, so that the largest part of the log fits")
        if len({bool(name) for name in (self.tls_cert_file, self.tls_key_file, self.tls_ca_file)}) > 1:
            raise ValueError("peer.tls_cert_file, peer.tls_key_file and peer.tls_ca_file must be set together")

    @property
    def tls(self) -> bool:
        return bool(self.tls_cert_file)
