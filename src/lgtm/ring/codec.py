"""Messages ↔ bytes: a type byte and a map (cluster protocol of hashicorp/memberlist). Pure; `packet.py` and `stream.py` put layers around them."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from typing import Any

from lgtm.ring.messages import (
    META_BYTES_MAX,
    Ack,
    Alive,
    Dead,
    IndirectPing,
    Message,
    Nack,
    NodeState,
    Ping,
    RemoteError,
    State,
    Suspect,
    UserMessage,
    normal_ip,
)
from lgtm.ring.msgpack import Fields, MalformedMessage, Reader, Signed, Value, encode_map

NAME_BYTES_MAX = 512


class Kind(enum.IntEnum):
    PING = 0
    INDIRECT_PING = 1
    ACK = 2
    SUSPECT = 3
    ALIVE = 4
    DEAD = 5
    PUSH_PULL = 6
    COMPOUND = 7
    USER = 8
    COMPRESS = 9
    ENCRYPT = 10
    NACK = 11
    HAS_CRC = 12
    ERROR = 13
    HAS_LABEL = 244


def encode_message(message: Message) -> bytes:
    """A message that fits into a packet: everything but a push/pull."""
    if isinstance(message, UserMessage):
        return bytes([Kind.USER]) + message.data
    kind, fields = _fields_of(message)
    return bytes([kind]) + encode_map(fields)


def _fields_of(message: Message) -> tuple[Kind, Fields]:
    match message:
        case Ping():
            return Kind.PING, {"Node": message.node.encode(), "SeqNo": message.seq_no, **_source(message)}
        case IndirectPing():
            target: dict[str, Value] = {"Nack": message.nack, "Node": message.node.encode(), "Port": message.port, "Target": message.target}
            return Kind.INDIRECT_PING, {**target, "SeqNo": message.seq_no, **_source(message)}
        case Ack():
            return Kind.ACK, {"SeqNo": message.seq_no, "Payload": message.payload}
        case Nack():
            return Kind.NACK, {"SeqNo": message.seq_no}
        case RemoteError():
            return Kind.ERROR, {"Error": message.error.encode()}
        case Suspect() | Dead():
            kind = Kind.SUSPECT if isinstance(message, Suspect) else Kind.DEAD
            return kind, {"From": message.sender.encode(), "Incarnation": message.incarnation, "Node": message.node.encode()}
        case Alive():
            what: dict[str, Value] = {"Addr": message.addr, "Incarnation": message.incarnation, "Meta": message.meta}
            return Kind.ALIVE, {**what, "Node": message.node.encode(), "Port": message.port, "Vsn": bytes(message.versions)}
        case _:
            raise ValueError(f"{type(message).__name__} does not fit into a packet")


def _source(message: Ping | IndirectPing) -> dict[str, Value]:
    optional: dict[str, Value] = {"SourceAddr": message.source_addr, "SourceNode": message.source_node.encode(), "SourcePort": message.source_port}
    return {name: value for name, value in optional.items() if value}


def encode_node_state(node: NodeState) -> bytes:
    where: dict[str, Value] = {"Addr": node.addr, "Incarnation": node.incarnation, "Meta": node.meta, "Name": node.name.encode(), "Port": node.port}
    return encode_map({**where, "State": Signed(int(node.state)), "Vsn": bytes(node.versions)})


def read_node_state(reader: Reader) -> NodeState:
    """Raises MalformedMessage."""
    fields = reader.fields()
    try:
        state = State(_int(fields, "State"))
    except ValueError as error:
        raise MalformedMessage("a node in no state") from error
    where = (_text(fields, "Name"), normal_ip(_bytes(fields, "Addr")), _int(fields, "Port", 65_535), _int(fields, "Incarnation", _U32))
    return NodeState(*where, state, _meta(fields), _versions(fields))


def decode_message(data: bytes | memoryview) -> Message:
    """A message as it stands in a packet, without layers. Raises MalformedMessage."""
    if not len(data):
        raise MalformedMessage("an empty message")
    if data[0] == Kind.USER:
        return UserMessage(bytes(data[1:]))
    return decoder_of(data[0])(Reader(data, 1).fields())


def decoder_of(kind: int) -> Callable[[dict[str, object]], Message]:
    """What makes a message of this kind of its fields. It raises MalformedMessage, and so does this for a kind that is not known."""
    make = _DECODERS.get(kind)
    if make is None:
        raise MalformedMessage(f"a message of the unknown type {kind}")
    return make


_U32 = 2**32 - 1


def _int(fields: Mapping[str, object], name: str, most: int = 2**31) -> int:
    value = fields.get(name) or 0
    if type(value) is not int or not 0 <= value <= most:
        raise MalformedMessage(f"{name} is no number that it can be")
    return value


def _bytes(fields: Mapping[str, object], name: str) -> bytes:
    value = fields.get(name) or b""
    if type(value) is not bytes:
        raise MalformedMessage(f"{name} is no text")
    return value


def _text(fields: Mapping[str, object], name: str) -> str:
    value = _bytes(fields, name)
    if len(value) > NAME_BYTES_MAX:
        raise MalformedMessage(f"{name} has {len(value)} bytes")
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise MalformedMessage(f"{name} is no UTF-8") from error


def _reachable_ip(fields: Mapping[str, object], name: str) -> bytes:
    """Answers are sent there, so it is an address and nothing else: the empty one would be this node itself."""
    ip = normal_ip(_bytes(fields, name))
    if len(ip) not in (4, 16):
        raise MalformedMessage(f"{name} is no address")
    return ip


def _meta(fields: Mapping[str, object]) -> bytes | None:
    if fields.get("Meta") is None:
        return None
    if len(meta := _bytes(fields, "Meta")) > META_BYTES_MAX:
        raise MalformedMessage(f"Meta has {len(meta)} bytes, at most {META_BYTES_MAX} are allowed")
    return meta


def _versions(fields: Mapping[str, object]) -> tuple[int, ...]:
    versions = fields.get("Vsn") or b"\0" * 6
    if isinstance(versions, list) and all(type(each) is int and 0 <= each <= 255 for each in versions):
        versions = bytes(versions)
    if type(versions) is not bytes or len(versions) != 6:
        raise MalformedMessage("Vsn has not six parts")
    return tuple(versions)


def _sender(fields: Mapping[str, object]) -> dict[str, Any]:
    source = _reachable_ip(fields, "SourceAddr") if fields.get("SourceAddr") else b""
    return {"source_addr": source, "source_port": _int(fields, "SourcePort", 65_535), "source_node": _text(fields, "SourceNode")}


def _accusation(make: Callable[[int, str, str], Message]) -> Callable[[dict[str, object]], Message]:
    return lambda f: make(_int(f, "Incarnation", _U32), _text(f, "Node"), _text(f, "From"))


_DECODERS: dict[int, Callable[[dict[str, object]], Message]] = {
    Kind.PING: lambda f: Ping(_int(f, "SeqNo", _U32), _text(f, "Node"), **_sender(f)),
    Kind.INDIRECT_PING: lambda f: IndirectPing(
        _int(f, "SeqNo", _U32), _reachable_ip(f, "Target"), _int(f, "Port", 65_535), _text(f, "Node"), bool(f.get("Nack")), **_sender(f)
    ),
    Kind.ACK: lambda f: Ack(_int(f, "SeqNo", _U32), None if f.get("Payload") is None else _bytes(f, "Payload")),
    Kind.NACK: lambda f: Nack(_int(f, "SeqNo", _U32)),
    Kind.ERROR: lambda f: RemoteError(_bytes(f, "Error").decode("utf-8", "replace")),
    Kind.SUSPECT: _accusation(Suspect),
    Kind.DEAD: _accusation(Dead),
    Kind.ALIVE: lambda f: Alive(
        _int(f, "Incarnation", _U32), _text(f, "Node"), normal_ip(_bytes(f, "Addr")), _int(f, "Port", 65_535), _meta(f), _versions(f)
    ),
}
