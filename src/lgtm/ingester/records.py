"""What a record of the log holds: a kind, and its payload. Drawn in docs/formats/part.md.

    u64 little-endian kind | payload

Eight bytes, so that the Arrow buffers of a part keep the alignment that the log gives its payloads.
"""

from __future__ import annotations

import struct

from lgtm.errors import Corruption

KIND_PART = 1
"""The payload is an encoded part, byte for byte as it was received."""
KIND_GENERATION = 2
"""A generation begins here; the payload is its number in ASCII digits."""

_PREFIX = struct.Struct("<Q")


class UnknownRecord(Corruption):
    """A record of a kind that this version does not write."""


def record(kind: int, payload: bytes) -> tuple[bytes, bytes]:
    """Buffers to append, one after the other."""
    return _PREFIX.pack(kind), payload


def split_record(data: memoryview) -> tuple[int, memoryview]:
    """Kind and payload. Raises UnknownRecord."""
    if len(data) < _PREFIX.size:
        raise UnknownRecord(f"record of {len(data)} bytes in the log")
    (kind,) = _PREFIX.unpack_from(data)
    if kind not in (KIND_PART, KIND_GENERATION):
        raise UnknownRecord(f"record of kind {kind} in the log; was it written by a newer version?")
    return kind, data[_PREFIX.size :]
