"""Halves of requests: the span of a client and that of a server, as columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.spanmetrics.instruments import Ids
from lgtm.spanmetrics.texts import Texts, number
from lgtm.vectors.matrix import F64, I64, Bool

KEY_BYTES = 24
HALF = np.dtype(
    [
        ("key", np.uint8, KEY_BYTES),
        ("is_client", np.bool_),
        ("is_messaging", np.bool_),
        ("failed", np.bool_),
        ("seconds", np.float64),
        ("at_ns", np.int64),
        ("weight", np.float64),
    ]
)
"""key: trace id and the client's span id, which the server knows as its parent. at_ns: end of a client, start of a server. weight: for how many
requests it stands."""
Records = npt.NDArray[np.void]


@dataclass(slots=True, frozen=True, eq=False)
class Halves:
    """records: of the type HALF. texts: the service, what the span calls its other side (perhaps empty), and the dimensions."""

    records: Records
    texts: tuple[Texts, ...]

    def __len__(self) -> int:
        return len(self.records)

    def take(self, rows: I64) -> Halves:
        return Halves(self.records[rows], tuple(column.take(rows) for column in self.texts))

    @property
    def is_client(self) -> Bool:
        column: Bool = self.records["is_client"]
        return column

    @property
    def is_messaging(self) -> Bool:
        column: Bool = self.records["is_messaging"]
        return column

    @property
    def failed(self) -> Bool:
        column: Bool = self.records["failed"]
        return column

    @property
    def seconds(self) -> F64:
        column: F64 = self.records["seconds"]
        return column

    @property
    def at_ns(self) -> I64:
        column: I64 = self.records["at_ns"]
        return column

    @property
    def weight(self) -> F64:
        column: F64 = self.records["weight"]
        return column

    @property
    def keys(self) -> Ids:
        """rows × 24."""
        column: Ids = self.records["key"]
        return column

    @property
    def trace_id(self) -> Ids:
        """rows × 16."""
        return self.keys[:, :16]

    @property
    def service(self) -> Texts:
        return self.texts[0]

    @property
    def peer(self) -> Texts:
        return self.texts[1]

    @property
    def dimensions(self) -> tuple[Texts, ...]:
        return self.texts[2:]

    def key_bytes(self) -> list[bytes]:
        flat: list[bytes] = np.ascontiguousarray(self.keys).view(f"V{KEY_BYTES}").ravel().tolist()
        return flat

    def key_numbers(self) -> I64:
        """Equal keys have equal numbers, from 0."""
        raw = pa.py_buffer(np.ascontiguousarray(self.keys))
        encoded = pa.Array.from_buffers(pa.binary(KEY_BYTES), len(self), [None, raw]).dictionary_encode()
        numbers: I64 = encoded.indices.to_numpy().astype(np.int64)
        return numbers


def pair(keys: I64, is_client: Bool) -> tuple[I64, I64, I64]:
    """Joins clients and servers of equal keys in order of their rows: the first client with the first server, and so on.

    keys: from 0. Returns the rows of the clients that found a server, those of their servers, and the rows left over, ascending.
    """
    turns = rank_among_equals(keys * 2 + is_client)
    most = int(turns.max(initial=0))
    places, count = number(keys * (most + 1) + turns) if most else (keys, int(keys.max(initial=-1)) + 1)
    client, server = np.full(count, -1), np.full(count, -1)
    rows = np.arange(len(keys))
    client[places[is_client]] = rows[is_client]
    server[places[~is_client]] = rows[~is_client]
    both = (client >= 0) & (server >= 0)
    left = np.maximum(client, server)[~both]
    return client[both], server[both], np.sort(left[left >= 0])


def rank_among_equals(keys: I64) -> I64:
    """How many equal keys come before each. keys: from 0."""
    if not len(keys) or int(np.bincount(keys).max()) == 1:
        return np.zeros(len(keys), np.int64)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    is_first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    starts = np.flatnonzero(is_first)
    ranks = np.empty(len(keys), np.int64)
    ranks[order] = np.arange(len(keys)) - starts[np.cumsum(is_first) - 1]
    return ranks
