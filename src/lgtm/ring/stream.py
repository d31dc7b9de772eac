"""Messages on a TCP stream: label, perhaps encryption with its length, perhaps compression, then the message. Pure: bytes in, messages out."""

from __future__ import annotations

import struct
from collections.abc import Callable, Generator
from typing import TypeVar

from lgtm.ring.codec import Kind, decoder_of, encode_message, encode_node_state, read_node_state
from lgtm.ring.keyring import OVERHEAD_BYTES, KeyRing
from lgtm.ring.messages import Message, PushPull, UserMessage
from lgtm.ring.msgpack import EndsTooEarly, MalformedMessage, Reader, Signed, encode_map
from lgtm.ring.packet import expanded_of, label_header, strip_label

STATE_BYTES_MAX = 20 * 1024 * 1024
NODES_MAX = 1_048_576
STREAM_BYTES_MAX = 21 * 1024 * 1024
TRIES_MAX = 256
"""How often one map is begun anew because its end has not come. A map that comes byte by byte takes three for each of its values."""
_SEALED = struct.Struct(">BI")

T = TypeVar("T")
Reading = Generator[None, None, T]
"""Returns what it read. Yields while bytes are missing, and goes on where it was: each byte is read once, in however many pieces it comes."""


class StreamCodec:
    """As `PacketCodec`, for streams."""

    def __init__(self, label: str, keys: KeyRing | None = None, *, encrypt: bool = True, verify: bool = True) -> None:
        self._label, self._keys, self._encrypt, self._verify = label.encode(), keys, encrypt, verify

    def encode(self, message: Message) -> bytes:
        body = _encode(message)
        if self._keys is not None and self._encrypt:
            head = _SEALED.pack(Kind.ENCRYPT, len(body) + OVERHEAD_BYTES)
            body = head + self._keys.encrypt(body, head + self._label)
        return label_header(self._label) + body

    def reader(self) -> StreamReader:
        return StreamReader(self)

    def decode(self, data: memoryview) -> Message | None:
        """The message that begins the stream, or None if more bytes are needed. Raises MalformedMessage."""
        reader = self.reader()
        reader.feed(bytes(data))
        return reader.take()

    def read(self, pending: _Pending) -> Reading[Message]:
        """Raises MalformedMessage."""
        first = yield from pending.peek(1)
        if first[0] == Kind.HAS_LABEL:
            head = yield from pending.peek(2)
            labelled = yield from pending.take(2 + head[1])
        else:
            labelled = b""
        strip_label(memoryview(labelled), self._label)
        first = yield from pending.peek(1)
        if first[0] == Kind.ENCRYPT:
            opened = yield from self._open(pending)
            return _whole(opened, _read_layers)
        if self._keys is not None and self._verify:
            raise MalformedMessage("a stream that is not encrypted")
        return (yield from _read_layers(pending))

    def _open(self, pending: _Pending) -> Reading[bytes]:
        if self._keys is None:
            raise MalformedMessage("an encrypted stream, and this node has no key")
        head = yield from pending.take(_SEALED.size)
        length = _SEALED.unpack(head)[1]
        if length > STREAM_BYTES_MAX:
            raise MalformedMessage(f"a stream that announces {length} bytes")
        sealed = yield from pending.take(length)
        return self._keys.decrypt(sealed, head + self._label)


class StreamReader:
    """Collects bytes until there is a message. Holds no more than a message may have. After an error it is of no more use."""

    def __init__(self, codec: StreamCodec) -> None:
        self._pending, self._fed_bytes = _Pending(), 0
        self._reading = codec.read(self._pending)
        self._message: Message | None = None

    def feed(self, data: bytes) -> None:
        """Raises MalformedMessage when there is more than any message may have."""
        self._fed_bytes += len(data)
        if self._fed_bytes > STREAM_BYTES_MAX + 1024 * 1024:
            raise MalformedMessage("a stream without an end")
        self._pending.feed(data)

    def take(self) -> Message | None:
        """The message, or None while it is not complete. Raises MalformedMessage."""
        if self._message is None:
            try:
                next(self._reading)
            except StopIteration as end:
                self._message = end.value
        return self._message


class _Pending:
    """Bytes that came and are not read yet. Pieces are joined only once there are enough of them."""

    def __init__(self) -> None:
        self._data, self._at = b"", 0
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0

    def feed(self, data: bytes) -> None:
        self._pieces.append(data)
        self._pieces_bytes += len(data)

    def peek(self, size: int) -> Reading[bytes]:
        while len(self._data) - self._at + self._pieces_bytes < size:
            yield
        if len(self._data) - self._at < size:
            self._data, self._at = b"".join([self._data[self._at :], *self._pieces]), 0
            self._pieces, self._pieces_bytes = [], 0
        return self._data[self._at : self._at + size]

    def take(self, size: int) -> Reading[bytes]:
        found = yield from self.peek(size)
        self._at += size
        return found

    def parse(self, read: Callable[[Reader], T]) -> Reading[T]:
        """What `read` makes of the bytes, begun anew when they did not suffice."""
        for _ in range(TRIES_MAX):
            reader = Reader(self._data, self._at)
            try:
                found = read(reader)
            except EndsTooEarly as error:
                missing = error.wanted - self._at
            else:
                self._at = reader.at
                return found
            yield from self.peek(missing)
        raise MalformedMessage("a message in too many pieces")


def _whole(data: bytes, read: Callable[[_Pending], Reading[Message]]) -> Message:
    """Nothing more will come, so what is incomplete is damaged."""
    pending = _Pending()
    pending.feed(data)
    try:
        next(read(pending))
    except StopIteration as end:
        message: Message = end.value
        return message
    raise MalformedMessage("a stream ends too early")


def _read_layers(pending: _Pending) -> Reading[Message]:
    first = yield from pending.peek(1)
    if first[0] != Kind.COMPRESS:
        return (yield from _read_message(pending))
    yield from pending.take(1)
    fields = yield from pending.parse(Reader.fields)
    return _whole(expanded_of(fields, STREAM_BYTES_MAX), _read_message)


def _read_message(pending: _Pending) -> Reading[Message]:
    kind = (yield from pending.take(1))[0]
    make = None if kind in (Kind.PUSH_PULL, Kind.USER) else decoder_of(kind)
    fields = yield from pending.parse(Reader.fields)
    if make is not None:
        return make(fields)
    if kind == Kind.USER:
        return UserMessage((yield from pending.take(_size(fields, "UserMsgLen", STATE_BYTES_MAX))))
    count, length = _size(fields, "Nodes", NODES_MAX), _size(fields, "UserStateLen", STATE_BYTES_MAX)
    nodes = []
    for _ in range(count):
        node = yield from pending.parse(read_node_state)
        nodes.append(node)
    return PushPull(bool(fields.get("Join")), tuple(nodes), (yield from pending.take(length)))


def _size(fields: dict[str, object], name: str, most: int) -> int:
    size = fields.get(name) or 0
    if type(size) is not int or not 0 <= size <= most:
        found = str(size) if type(size) is int else "no number"
        raise MalformedMessage(f"{name} is {found}, at most {most} is allowed")
    return size


def _encode(message: Message) -> bytes:
    match message:
        case PushPull():
            head = encode_map({"Join": message.join, "Nodes": Signed(len(message.nodes)), "UserStateLen": Signed(len(message.user_state))})
            return bytes([Kind.PUSH_PULL]) + head + b"".join(encode_node_state(node) for node in message.nodes) + message.user_state
        case UserMessage(data):
            return bytes([Kind.USER]) + encode_map({"UserMsgLen": Signed(len(data))}) + data
        case _:
            return encode_message(message)
