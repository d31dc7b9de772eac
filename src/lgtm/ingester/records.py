"""What a record of the log holds: a kind, and its payload. Drawn in docs/formats/part.md.

    u64 little-endian kind | payload

Eight bytes, so that the Arrow buffers of a part keep the alignment that the log gives its payloads.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from lgtm.errors import Corruption
from lgtm.model.part import PartId

KIND_PART = 1
"""The payload is an encoded part, byte for byte as it was received."""
KIND_GENERATION = 2
"""A generation begins here; the payload is its number in ASCII digits."""
KIND_ALONE = 3
"""A part that no other node has. The payload: copies there are (2: the other one is in the object store), rows, and the part's id, as ASCII."""

_PREFIX = struct.Struct("<Q")


class UnknownRecord(Corruption):
    """A record of a kind that this version does not write."""


def record(kind: int, payload: bytes) -> tuple[bytes, bytes]:
    """Buffers to append, one after the other."""
    return _PREFIX.pack(kind), payload


@dataclass(slots=True, frozen=True)
class Alone:
    """homes: 1 or 2, this log included."""

    part: PartId
    homes: int
    rows: int

    def to_bytes(self) -> bytes:
        return f"{self.homes} {self.rows} {self.part.writer.hex()} {self.part.epoch} {self.part.sequence}".encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Alone:
        """Raises ValueError."""
        homes, rows, writer, epoch, sequence = data.decode("ascii").split(" ")
        return cls(PartId(bytes.fromhex(writer), int(epoch), int(sequence)), int(homes), int(rows))


def split_record(data: memoryview) -> tuple[int, memoryview]:
    """Kind and payload. Raises UnknownRecord."""
    if len(data) < _PREFIX.size:
        raise UnknownRecord(f"record of {len(data)} bytes in the log")
    (kind,) = _PREFIX.unpack_from(data)
    if kind not in (KIND_PART, KIND_GENERATION, KIND_ALONE):
        raise UnknownRecord(f"record of kind {kind} in the log; was it written by a newer version?")
    return kind, data[_PREFIX.size :]
