"""The `ring` section of the configuration. Timings are memberlist's for a local network."""

from __future__ import annotations

from dataclasses import dataclass, field

from lgtm.model.secret import Secret


@dataclass(slots=True, frozen=True, kw_only=True)
class RingConfig:
    cluster: str = ""
    """Name of the cluster. Empty: this node is by itself, and nothing is gossiped. Nodes with another name are refused."""
    join: tuple[str, ...] = ()
    """Where other nodes may be found, `host` or `host:port` each; a name stands for all its addresses, looked up again and again. All members are
    equal, so any of them will do, and naming all is best."""
    port: int = 7946
    """Port of the gossip, UDP and TCP. Keep it off the public network. 0: any free one."""
    advertise: str = ""
    """IP address, or name of the interface that has it, under which the other nodes reach this one. Empty: asked of ECS (in bridge mode of the EC2
    instance), else of the routes of this machine."""
    zone: str = ""
    """Failure zone of this node, such as an availability zone. The two copies of a row go to two zones where there are two."""
    instances_expected: int = 0
    """How many instances the cluster should have; only told in metrics. 0: not told."""
    keys: Secret = field(default_factory=Secret)
    """Keys of the gossip's encryption (AES-GCM), 16, 24 or 32 bytes each in base64, separated by commas. The first one writes, all are
    read. Empty: no encryption."""
    heartbeat_s: float = 2.0
    """How often an instance says that it lives."""
    heartbeat_timeout_s: float = 10.0
    """After so long without a word an instance is avoided. Only the membership decides that it is dead."""
    rejoin_s: float = 30.0
    """How often nodes in `join` that are not members are asked again."""
    leave_s: float = 2.0
    """How long a leaving node may take to tell the others."""
    probe_interval_ms: int = 1_000
    """How often one other member is probed."""
    probe_timeout_ms: int = 500
    """After so long without an answer others are asked to probe it too."""
    gossip_interval_ms: int = 200
    """How often news is passed on."""
    gossip_nodes: int = 3
    """To how many members each time."""
    push_pull_interval_s: int = 30
    """How often everything that is known is exchanged with one member."""
    suspicion_multiplier: int = 4
    """Scales how long a member is suspected before it is declared dead."""
    retransmit_multiplier: int = 4
    """Scales how often news is passed on."""
    indirect_checks: int = 3
    """How many others are asked to probe a member that does not answer."""
    gossip_to_dead_s: int = 30
    """How long the dead still get news, so that one who was buried by mistake can say so."""
    reclaim_s: int = 10
    """A name whose bearer has been dead for so long may come back under another address."""
    packet_bytes_max: int = 1_400
    """Largest datagram, below what networks fragment."""

    def __post_init__(self) -> None:
        if self.join and not self.cluster:
            raise ValueError("ring.join is set without ring.cluster; name the cluster, so that no other one is joined by mistake")
        if len(self.cluster.encode()) > 255:
            raise ValueError("ring.cluster has more than 255 bytes")
        if not 0 <= self.port <= 65_535:
            raise ValueError("ring.port must lie between 0 and 65535")
        if not 0 < self.probe_timeout_ms < self.probe_interval_ms:
            raise ValueError("ring.probe_timeout_ms must be above 0 and below ring.probe_interval_ms")
        if self.heartbeat_timeout_s <= self.heartbeat_s:
            raise ValueError("ring.heartbeat_timeout_s must be above ring.heartbeat_s")
        if self.suspicion_multiplier < 3:
            raise ValueError("ring.suspicion_multiplier must be at least 3: a pause of garbage collection is no death")

    @property
    def enabled(self) -> bool:
        return bool(self.cluster)
