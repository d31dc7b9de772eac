"""One datagram, in all its layers, outermost first: label, encryption, checksum, compression, compound, message."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence

from lgtm.ring.codec import Kind, decode_message
from lgtm.ring.keyring import OVERHEAD_BYTES, KeyRing
from lgtm.ring.lzw import WIDTH_MAX, WIDTH_MIN, decompress
from lgtm.ring.messages import Message
from lgtm.ring.msgpack import MalformedMessage, Reader

LABEL_BYTES_MAX = 255
EXPANDED_BYTES_MAX = 40 * 1024 * 1024
PARTS_MAX = 255
PART_BYTES_MAX = 65_535
LAYERS_MAX = 2
"""A compressed compound, or a compound of compressed parts."""
_CRC = struct.Struct(">BI")
_PART_OVERHEAD = 2
_COMPOUND_OVERHEAD = 2


class WrongLabel(MalformedMessage):
    """The sender belongs to another cluster."""

    def __init__(self, found: bytes, expected: bytes) -> None:
        self.found, self.expected = found, expected

    def __str__(self) -> str:
        found, expected = (label.decode("utf-8", "replace") for label in (self.found, self.expected))
        return f"the sender belongs to the cluster {found!r}, not to {expected!r}"


class WrongChecksum(MalformedMessage):
    """The packet was changed on its way."""


def label_header(label: bytes) -> bytes:
    return bytes([Kind.HAS_LABEL, len(label)]) + label if label else b""


def strip_label(data: memoryview, label: bytes) -> memoryview:
    """What is behind the label. Raises WrongLabel, MalformedMessage."""
    found, rest = b"", data
    if len(data) and data[0] == Kind.HAS_LABEL:
        if len(data) < 2 or len(data) < 2 + data[1] or not data[1]:
            raise MalformedMessage("a message ends within its label")
        found, rest = bytes(data[2 : 2 + data[1]]), data[2 + data[1] :]
    if found != label:
        raise WrongLabel(found, label)
    return rest


class PacketCodec:
    """label: the cluster's name. keys: None for no encryption. With keys, `encrypt` and `verify` may be off while keys are being introduced."""

    def __init__(self, label: str, keys: KeyRing | None = None, *, encrypt: bool = True, verify: bool = True) -> None:
        self._label = label.encode()
        if len(self._label) > LABEL_BYTES_MAX:
            raise ValueError(f"a cluster's name has at most {LABEL_BYTES_MAX} bytes")
        self._keys, self._encrypt, self._verify = keys, encrypt, verify
        sealed = OVERHEAD_BYTES if keys is not None and encrypt else 0
        self.overhead_bytes = len(label_header(self._label)) + sealed + _CRC.size
        """What the layers add to messages at most."""
        self.parts_dropped = 0
        """Parts of compounds that were damaged or missing, since the start."""

    def encode(self, messages: Sequence[bytes], crc: bool) -> bytes:
        """crc: whether the receiver understands a checksum. messages: encoded; see `pack` for how many fit."""
        body = messages[0] if len(messages) == 1 else compound(messages)
        if crc:
            body = _CRC.pack(Kind.HAS_CRC, zlib.crc32(body)) + body
        if self._keys is not None and self._encrypt:
            body = self._keys.encrypt(body, self._label)
        return label_header(self._label) + body

    def decode(self, data: bytes) -> list[Message]:
        """Messages in order; parts of a compound that are damaged are left out. Raises MalformedMessage, WrongLabel, WrongKey, WrongChecksum."""
        body = strip_label(memoryview(data), self._label)
        if self._keys is not None:
            try:
                body = memoryview(self._keys.decrypt(body, self._label))
            except MalformedMessage:
                if self._verify:
                    raise
        if len(body) >= _CRC.size and body[0] == Kind.HAS_CRC:
            expected = _CRC.unpack_from(body)[1]
            body = body[_CRC.size :]
            if zlib.crc32(body) != expected:
                raise WrongChecksum("a packet that was changed on its way")
        unpacking = _Unpacking()
        messages = list(unpacking.messages(body))
        self.parts_dropped += unpacking.parts_dropped
        return messages


def compound(messages: Sequence[bytes]) -> bytes:
    assert len(messages) <= PARTS_MAX
    assert all(len(message) <= PART_BYTES_MAX for message in messages)
    lengths = b"".join(struct.pack(">H", len(message)) for message in messages)
    return bytes([Kind.COMPOUND, len(messages)]) + lengths + b"".join(messages)


def pack(messages: Iterable[bytes], bytes_max: int) -> Iterator[list[bytes]]:
    """Groups that fit into a packet each, in order. A message that is too large goes alone: its length might not fit into a compound."""
    group: list[bytes] = []
    size = _COMPOUND_OVERHEAD
    for message in messages:
        length = len(message) + _PART_OVERHEAD
        is_large = len(message) > PART_BYTES_MAX or (group and len(group[-1]) > PART_BYTES_MAX)
        if group and (is_large or size + length > bytes_max or len(group) == PARTS_MAX):
            yield group
            group, size = [], _COMPOUND_OVERHEAD
        group.append(message)
        size += length
    if group:
        yield group


class _Unpacking:
    """One packet without its envelope. All its compressed layers together expand to EXPANDED_BYTES_MAX: each part could ask for as much again."""

    def __init__(self) -> None:
        self.parts_dropped = 0
        self._expandable_bytes = EXPANDED_BYTES_MAX

    def messages(self, body: memoryview, depth: int = 0) -> Iterator[Message]:
        is_layer = len(body) > 0 and body[0] in (Kind.COMPRESS, Kind.COMPOUND)
        if is_layer and depth == LAYERS_MAX:
            raise MalformedMessage("a packet with too many layers")
        if not is_layer:
            yield decode_message(body)
        elif body[0] == Kind.COMPRESS:
            yield from self.messages(self._expanded(body), depth + 1)
        else:
            for part in self._parts(body):
                try:
                    yield from self.messages(part, depth + 1)
                except MalformedMessage:
                    self.parts_dropped += 1  # the others are none the worse for it

    def _expanded(self, body: memoryview) -> memoryview:
        codes = len(body) * 8 // WIDTH_MIN
        spent_bytes = codes * min(codes, 1 << WIDTH_MAX)  # by one that fails at its end: the n-th code gives n bytes at most
        try:
            content = expanded(body, self._expandable_bytes)
            spent_bytes = len(content)
        finally:
            self._expandable_bytes = max(0, self._expandable_bytes - spent_bytes)
        return memoryview(content)

    def _parts(self, body: memoryview) -> Iterator[memoryview]:
        """As many as are there: what is cut off is missing, no more."""
        if len(body) < 2 or len(body) < 2 + 2 * body[1]:
            raise MalformedMessage("a compound ends within its lengths")
        count, at = body[1], 2 + 2 * body[1]
        for index, length in enumerate(struct.unpack_from(f">{count}H", body, 2)):
            if at + length > len(body):
                self.parts_dropped += count - index
                return
            yield body[at : at + length]
            at += length


def expanded(body: memoryview, bytes_max: int) -> bytes:
    """The content of a compressed message. Raises MalformedMessage, also for more than bytes_max bytes."""
    return expanded_of(Reader(body, 1).fields(), bytes_max)


def expanded_of(fields: dict[str, object], bytes_max: int) -> bytes:
    """As `expanded`, for fields that were read already."""
    method, buffer = fields.get("Algo"), fields.get("Buf")
    if method not in (0, None) or not isinstance(buffer, bytes):
        # A number only: what a stranger sent does not go into the log as it came.
        raise MalformedMessage(f"a message compressed by the unknown method {method if isinstance(method, int) else '?'}")
    return decompress(buffer, bytes_max)
