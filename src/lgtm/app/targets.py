"""Ingesters as the distributor sees them, here and on other nodes, and the other end of those calls."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import orjson

from lgtm.distributor.ingesters import Ingester as Target
from lgtm.ingester.ingester import Ingester
from lgtm.model.part import Appended, Part
from lgtm.peer.client import PeerClient, Peers
from lgtm.ring.instances import Instance
from lgtm.wire.part import decode_part

APPEND, APPEND_SPILLED = "append", "append_spilled"
DECODE_INLINE_BYTES_MAX = 256 * 1024


class Here:
    """The ingester in this process."""

    def __init__(self, ingester: Ingester) -> None:
        self.id, self._ingester = ingester.id, ingester

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:
        return await self._ingester.append(part, payload, spill=spill)

    async def take(self, data: bytes, *, spill: bool) -> bytes:
        """What another node's `There` sent."""
        part = decode_part(data) if len(data) <= DECODE_INLINE_BYTES_MAX else await asyncio.to_thread(decode_part, data)
        answer = await self.append(part, data, spill=spill)
        return orjson.dumps({"generation": answer.generation, "homes": answer.homes})


class There:
    """An ingester on another node."""

    def __init__(self, ingester_id: str, client: PeerClient, timeout_s: float) -> None:
        self.id, self._client, self._timeout_s = ingester_id, client, timeout_s

    async def append(self, part: Part, payload: bytes, *, spill: bool = False) -> Appended:  # noqa: ARG002 # the payload is the part
        fields = orjson.loads(await self._client.call(APPEND_SPILLED if spill else APPEND, bytes(payload), self._timeout_s))
        return Appended(int(fields["generation"]), int(fields["homes"]))


class Targets:
    """One for each instance at its address."""

    def __init__(self, here: Here, peers: Peers, timeout_s: float) -> None:
        self._here, self._peers, self._timeout_s = here, peers, timeout_s
        self._known: dict[tuple[str, str], Target] = {}

    def of(self, instance: Instance) -> Target:
        key = (instance.id, instance.rpc)
        if key not in self._known:
            client = None if instance.id == self._here.id else self._peers.client(*key)
            self._known[key] = self._here if client is None else There(instance.id, client, self._timeout_s)
        return self._known[key]

    def keep(self, wanted: Collection[tuple[str, str]]) -> bool:
        """Forgets all other (instance, address); whether there were any. They hold clients, which are to be closed then."""
        dropped = not self._known.keys() <= set(wanted)
        self._known = {key: target for key, target in self._known.items() if key in wanted}
        return dropped
