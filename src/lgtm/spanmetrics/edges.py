"""Edges of the service graph: requests from a client to a server, as columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.spanmetrics.halves import Halves
from lgtm.spanmetrics.instruments import Ids
from lgtm.spanmetrics.texts import ABSENT, Texts, first_of
from lgtm.vectors.matrix import F64, I64, Bool

NO_TYPE, MESSAGING_SYSTEM, DATABASE, VIRTUAL_NODE = range(4)
TYPE_NAMES = ["", "messaging_system", "database", "virtual_node"]
SIDES = ["client", "server"]
USER = "user"


@dataclass(slots=True, frozen=True, eq=False)
class Edges:
    """dimensions: those of the clients and those of the servers. lag_s: from the end of a producer to the start of its consumer, NaN if unknown."""

    client: Texts
    server: Texts
    type: I64
    virtual_node: Texts
    dimensions: tuple[tuple[Texts, ...], tuple[Texts, ...]]
    failed: Bool
    client_s: F64
    server_s: F64
    lag_s: F64
    weight: F64
    trace_id: Ids

    def __len__(self) -> int:
        return len(self.type)

    @classmethod
    def concat(cls, parts: Sequence[Edges]) -> Edges:
        """parts: at least one."""
        return Edges(
            client=Texts.concat([part.client for part in parts]),
            server=Texts.concat([part.server for part in parts]),
            type=np.concatenate([part.type for part in parts]),
            virtual_node=Texts.concat([part.virtual_node for part in parts]),
            dimensions=(_below([part.dimensions[0] for part in parts]), _below([part.dimensions[1] for part in parts])),
            failed=np.concatenate([part.failed for part in parts]),
            client_s=np.concatenate([part.client_s for part in parts]),
            server_s=np.concatenate([part.server_s for part in parts]),
            lag_s=np.concatenate([part.lag_s for part in parts]),
            weight=np.concatenate([part.weight for part in parts]),
            trace_id=np.concatenate([part.trace_id for part in parts]),
        )

    @property
    def connection_type(self) -> Texts:
        return Texts(TYPE_NAMES, self.type)

    def merged_dimensions(self) -> tuple[Texts, ...]:
        """Of the server where it has one, or else of the client."""
        return tuple(first_of([server, client]) for client, server in zip(*self.dimensions, strict=True))


def paired(clients: Halves, servers: Halves) -> Edges:
    """Row i of both belong together. How much a request counts for says the server."""
    lag_ns = servers.at_ns - clients.at_ns
    messaging = clients.is_messaging | servers.is_messaging
    return Edges(
        client=clients.service,
        server=servers.service,
        type=np.where(messaging, MESSAGING_SYSTEM, NO_TYPE),
        virtual_node=Texts.absent(len(clients)),
        dimensions=(clients.dimensions, servers.dimensions),
        failed=clients.failed | servers.failed,
        client_s=clients.seconds,
        server_s=servers.seconds,
        lag_s=np.where(messaging & (lag_ns > 0), lag_ns / NS_PER_S, np.nan),
        weight=servers.weight,
        trace_id=clients.trace_id,
    )


def to_databases(clients: Halves, databases: Texts) -> Edges:
    """A database sends no spans: its side takes as long as the client says."""
    return _alone(clients, clients.service, databases, DATABASE, clients.seconds, clients.seconds, Texts.absent(len(clients)))


def to_peers(clients: Halves) -> Edges:
    """Clients whose server sends no spans; they all name it."""
    unknown = np.zeros(len(clients))
    return _alone(clients, clients.service, clients.peer, VIRTUAL_NODE, clients.seconds, unknown, Texts.constant(SIDES[1], len(clients)))


def from_users(servers: Halves) -> Edges:
    """Servers that begin a trace: who called them sends no spans, and is named by them or else `user`."""
    named = servers.peer.only(servers.peer.filled)
    client = first_of([named, Texts.constant(USER, len(servers))])
    unknown = np.zeros(len(servers))
    return _alone(servers, client, servers.service, VIRTUAL_NODE, unknown, servers.seconds, Texts.constant(SIDES[0], len(servers)))


def _below(tables: Sequence[tuple[Texts, ...]]) -> tuple[Texts, ...]:
    return tuple(Texts.concat(columns) for columns in zip(*tables, strict=True))


def _alone(halves: Halves, client: Texts, server: Texts, kind: int, client_s: F64, server_s: F64, virtual_node: Texts) -> Edges:
    given = halves.dimensions
    nothing = tuple(Texts(column.values, np.full(len(halves), ABSENT)) for column in given)
    of_clients = not len(halves) or bool(halves.is_client[0])
    return Edges(
        client=client,
        server=server,
        type=np.full(len(halves), kind),
        virtual_node=virtual_node,
        dimensions=(given, nothing) if of_clients else (nothing, given),
        failed=halves.failed,
        client_s=client_s,
        server_s=server_s,
        lag_s=np.full(len(halves), np.nan),
        weight=halves.weight,
        trace_id=halves.trace_id,
    )
