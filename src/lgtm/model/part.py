"""A part: the rows of a batch that go to one set of replicas, under an id that travels with every copy and every retry."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from lgtm.errors import Unavailable
from lgtm.model.batch import Batch
from lgtm.model.labels import Fingerprint

_ID = struct.Struct(">16sIQ")
PART_ID_BYTES = _ID.size


@dataclass(slots=True, frozen=True, order=True)
class PartId:
    """writer: 16 bytes of the sending instance; epoch: how often it has started; sequence: counts its parts since then, without gaps."""

    writer: bytes
    epoch: int
    sequence: int

    def of_remains(self) -> PartId:
        """The id of what is left of the part after damage: it is no copy of the part, and does not stand for it."""
        return PartId(hashlib.sha256(b"remains of " + self.writer).digest()[:16], self.epoch, self.sequence)

    def to_bytes(self) -> bytes:
        return _ID.pack(self.writer, self.epoch, self.sequence)

    @classmethod
    def from_bytes(cls, data: bytes) -> PartId:
        return cls(*_ID.unpack(data))

    def __str__(self) -> str:
        return f"{self.writer.hex()}-{self.epoch}-{self.sequence}"


@dataclass(slots=True, frozen=True)
class Part:
    """owners: instance ids in preference order, the first is the primary."""

    id: PartId
    owners: tuple[str, ...]
    batch: Batch


@dataclass(slots=True, frozen=True)
class Appended:
    """An ingester's answer: the part is on its synced log and visible to its queries."""

    generation: int
    """Series whose labels were sent in this generation may be sent without them until the number changes."""
    homes: int = 1
    """Durable places that hold it: 1 is the synced log, 2 the log and the object store."""


class UnknownSeries(Unavailable):
    """An ingester has no labels for some series of a part in its open generation: send the part again, under the same id, with labels."""

    def __init__(self, fingerprints: tuple[Fingerprint, ...], generation: int) -> None:
        self.fingerprints, self.generation = fingerprints, generation

    def __str__(self) -> str:
        return f"{len(self.fingerprints)} series of the part are not known in generation {self.generation}"
