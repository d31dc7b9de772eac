"""What rides on the gossip, in the frame of grafana/dskit: key, value and codec as one protobuf message; the whole state as a row of them.

user message  KeyValuePair
push/pull     (u32 big-endian length | KeyValuePair)*

KeyValuePair  1: key, text   2: value, bytes   3: codec, text   4: deleted, bool   5: update time, unix ms
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lgtm.errors import BadRequest

_LENGTH = struct.Struct(">I")
_VARINT, _BYTES = 0, 2


class MalformedState(BadRequest):
    """The bytes are no state that this program reads."""


@dataclass(slots=True, frozen=True)
class KeyValue:
    key: str
    value: bytes
    codec: str

    def to_bytes(self) -> bytes:
        return b"".join(_field(number, data) for number, data in ((1, self.key.encode()), (2, self.value), (3, self.codec.encode())))

    @classmethod
    def from_bytes(cls, data: bytes) -> KeyValue:
        """Unknown fields are skipped. Raises MalformedState."""
        fields = {1: b"", 2: b"", 3: b""}
        for number, value in _fields(data):
            if number in fields:
                fields[number] = value
        try:
            return cls(fields[1].decode(), fields[2], fields[3].decode())
        except UnicodeDecodeError as error:
            raise MalformedState("a key that is no text") from error


def encode_state(pairs: Iterable[KeyValue]) -> bytes:
    encoded = [pair.to_bytes() for pair in pairs]
    return b"".join(part for data in encoded for part in (_LENGTH.pack(len(data)), data))


def decode_state(data: bytes) -> Iterator[KeyValue]:
    """Raises MalformedState, after the pairs before the damage."""
    at = 0
    while at < len(data):
        if len(data) - at < _LENGTH.size:
            raise MalformedState("state ends within a length")
        (length,) = _LENGTH.unpack_from(data, at)
        at += _LENGTH.size
        if length > len(data) - at:
            raise MalformedState(f"state announces {length} bytes and has {len(data) - at}")
        yield KeyValue.from_bytes(data[at : at + length])
        at += length


def _field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | _BYTES) + _varint(len(data)) + data


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        tag, at = _read_varint(data, at)
        if tag & 7 == _VARINT:
            _, at = _read_varint(data, at)
        elif tag & 7 == _BYTES:
            length, at = _read_varint(data, at)
            if length > len(data) - at:
                raise MalformedState("a field ends too early")
            yield tag >> 3, data[at : at + length]
            at += length
        else:
            raise MalformedState(f"field of wire type {tag & 7}")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise MalformedState("a number that does not end")
