"""Messages on a TCP stream: label, perhaps encryption with its length, perhaps compression, then the message. Pure: bytes in, messages out."""

from __future__ import annotations

import struct

from lgtm.ring.codec import Kind, decode_message, encode_message, encode_node_state, read_node_state
from lgtm.ring.keyring import KeyRing
from lgtm.ring.messages import Message, PushPull, UserMessage
from lgtm.ring.msgpack import EndsTooEarly, MalformedMessage, Reader, Signed, encode_map
from lgtm.ring.packet import expanded, label_header, strip_label

STATE_BYTES_MAX = 20 * 1024 * 1024
NODES_MAX = 1_048_576
STREAM_BYTES_MAX = 21 * 1024 * 1024
_SEALED = struct.Struct(">BI")


class StreamCodec:
    """As `PacketCodec`, for streams."""

    def __init__(self, label: str, keys: KeyRing | None = None, *, encrypt: bool = True, verify: bool = True) -> None:
        self._label, self._keys, self._encrypt, self._verify = label.encode(), keys, encrypt, verify

    def encode(self, message: Message) -> bytes:
        body = _encode(message)
        if self._keys is not None and self._encrypt:
            sealed_bytes = len(body) + 29
            head = _SEALED.pack(Kind.ENCRYPT, sealed_bytes)
            body = head + self._keys.encrypt(body, head + self._label)
        return label_header(self._label) + body

    def reader(self) -> StreamReader:
        return StreamReader(self)

    def decode(self, data: memoryview) -> Message | None:
        """The message that begins the stream, or None as long as more bytes are needed. Raises MalformedMessage."""
        if not len(data) or (data[0] == Kind.HAS_LABEL and (len(data) < 2 or len(data) < 3 + data[1])):
            return None
        body = strip_label(data, self._label)
        if len(body) and body[0] == Kind.ENCRYPT:
            opened = self._open(body)
            return None if opened is None else self._message(memoryview(opened), whole=True)
        if self._keys is not None and self._verify:
            raise MalformedMessage("a stream that is not encrypted")
        return self._message(body, whole=False)

    def _open(self, body: memoryview) -> bytes | None:
        if self._keys is None:
            raise MalformedMessage("an encrypted stream, and this node has no key")
        if len(body) < _SEALED.size:
            return None
        length = _SEALED.unpack_from(body)[1]
        if length > STREAM_BYTES_MAX:
            raise MalformedMessage(f"a stream that announces {length} bytes")
        if len(body) < _SEALED.size + length:
            return None
        sealed = body[_SEALED.size : _SEALED.size + length]
        return self._keys.decrypt(sealed, bytes(body[: _SEALED.size]) + self._label)

    @staticmethod
    def _message(body: memoryview, *, whole: bool) -> Message | None:
        """whole: nothing more will come, so what is incomplete is damaged."""
        try:
            if len(body) and body[0] == Kind.COMPRESS:
                return _decode(memoryview(expanded(body, STREAM_BYTES_MAX)))
            return _decode(body)
        except EndsTooEarly as error:
            if whole:
                raise MalformedMessage("a stream ends too early") from error
            return None


class StreamReader:
    """Collects bytes until there is a message. Holds no more than a message may have."""

    def __init__(self, codec: StreamCodec) -> None:
        self._codec, self._data = codec, bytearray()

    def feed(self, data: bytes) -> None:
        """Raises MalformedMessage when there is more than any message may have."""
        self._data += data
        if len(self._data) > STREAM_BYTES_MAX + 1024 * 1024:
            raise MalformedMessage("a stream without an end")

    def take(self) -> Message | None:
        """The message, or None while it is not complete."""
        return self._codec.decode(memoryview(bytes(self._data)))


def _encode(message: Message) -> bytes:
    match message:
        case PushPull():
            head = encode_map({"Join": message.join, "Nodes": Signed(len(message.nodes)), "UserStateLen": Signed(len(message.user_state))})
            return bytes([Kind.PUSH_PULL]) + head + b"".join(encode_node_state(node) for node in message.nodes) + message.user_state
        case UserMessage(data):
            return bytes([Kind.USER]) + encode_map({"UserMsgLen": Signed(len(data))}) + data
        case _:
            return encode_message(message)


def _decode(body: memoryview) -> Message:
    if not len(body):
        raise EndsTooEarly("a message of nothing")
    if body[0] not in (Kind.PUSH_PULL, Kind.USER):
        return decode_message(body)
    reader = Reader(body, 1)
    fields = reader.fields()
    if body[0] == Kind.USER:
        return UserMessage(bytes(reader.take(_size(fields, "UserMsgLen", STATE_BYTES_MAX))))
    count, length = _size(fields, "Nodes", NODES_MAX), _size(fields, "UserStateLen", STATE_BYTES_MAX)
    nodes = tuple(read_node_state(reader) for _ in range(count))
    return PushPull(bool(fields.get("Join")), nodes, bytes(reader.take(length)))


def _size(fields: dict[str, object], name: str, most: int) -> int:
    size = fields.get(name) or 0
    if type(size) is not int or not 0 <= size <= most:
        raise MalformedMessage(f"{name} is {size!r}, at most {most} is allowed")
    return size
