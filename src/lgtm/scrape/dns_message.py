"""Questions and answers of the domain name system as bytes (RFC 1035, RFC 2782, RFC 3596), as far as finding targets needs them."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lgtm.errors import Unavailable

TYPES = {"A": 1, "NS": 2, "MX": 15, "AAAA": 28, "SRV": 33}
_NAMES = {number: name for name, number in TYPES.items()}
_HEADER = struct.Struct(">6H")
_RECORD = struct.Struct(">HHIH")
_IN, _OPT = 1, 41
_RESPONSE, _TRUNCATED, _RECURSION_DESIRED = 0x8000, 0x0200, 0x0100
_POINTERS_MAX = 20
"""Names are shortened by pointing at others; more of them in a row are a loop."""
_NO_ERROR, _NO_SUCH_NAME = 0, 3
UDP_BYTES_MAX = 4_096


class DnsFailed(Unavailable):
    """No answer, or one that does not say what was asked."""


@dataclass(slots=True, frozen=True)
class Record:
    """host: an address for A and AAAA, otherwise a name without the last dot. port: 0 except for SRV."""

    type: str
    host: str
    port: int = 0


@dataclass(slots=True, frozen=True)
class Answer:
    """exists: whether the name does. truncated: it did not fit into a datagram."""

    records: tuple[Record, ...]
    exists: bool
    truncated: bool


def encode_question(id_: int, name: str, type_: str) -> bytes:
    """Raises DnsFailed for what is no name."""
    header = _HEADER.pack(id_, _RECURSION_DESIRED, 1, 0, 0, 1)
    # The last record says how large a datagram may be (RFC 6891).
    return header + _encode_name(name) + struct.pack(">2H", TYPES[type_], _IN) + b"\0" + struct.pack(">HHIH", _OPT, UDP_BYTES_MAX, 0, 0)


def decode_answer(data: bytes, id_: int, type_: str) -> Answer:
    """Records of the type that was asked for. Raises DnsFailed."""
    try:
        return _decode(data, id_, type_)
    except (struct.error, IndexError, UnicodeDecodeError, ValueError) as error:
        raise DnsFailed(f"malformed answer: {error}") from error


def _decode(data: bytes, id_: int, type_: str) -> Answer:
    found_id, flags, questions, answers, _, _ = _HEADER.unpack_from(data)
    if found_id != id_ or not flags & _RESPONSE:
        raise DnsFailed("answer to another question")
    code = flags & 0xF
    if code not in (_NO_ERROR, _NO_SUCH_NAME):
        raise DnsFailed(f"server answered with code {code}")
    position = _HEADER.size
    for _ in range(questions):
        _, position = _read_name(data, position)
        position += 4
    truncated = bool(flags & _TRUNCATED)
    records = () if truncated else tuple(record for record in _records(data, position, answers) if record.type == type_)
    return Answer(records, code == _NO_ERROR, truncated)


def _records(data: bytes, position: int, count: int) -> Iterator[Record]:
    for _ in range(count):
        _, position = _read_name(data, position)
        type_, class_, _, size = _RECORD.unpack_from(data, position)
        start = position + _RECORD.size
        position = start + size
        if position > len(data):
            raise ValueError("record beyond the end")
        if class_ == _IN and type_ in _NAMES:
            yield _record(data, start, position, _NAMES[type_])


def _record(data: bytes, start: int, end: int, type_: str) -> Record:
    match type_:
        case "A" | "AAAA":
            return Record(type_, str(ipaddress.ip_address(data[start:end])))
        case "SRV":
            (port,) = struct.unpack_from(">H", data, start + 4)
            return Record(type_, _read_name(data, start + 6)[0], port)
        case "MX":
            return Record(type_, _read_name(data, start + 2)[0])
        case _:
            return Record(type_, _read_name(data, start)[0])


def _encode_name(name: str) -> bytes:
    encoded = bytearray()
    for label in name.removesuffix(".").split("."):
        try:
            raw = label.encode("ascii") if label.isascii() else label.encode("idna")
        except UnicodeError as error:
            raise DnsFailed(f"{name!r} is no name: {error}") from error
        if not 0 < len(raw) < 64:
            raise DnsFailed(f"{name!r} is no name")
        encoded += bytes([len(raw)]) + raw
    if len(encoded) > 254:
        raise DnsFailed(f"{name!r} is no name")
    return bytes(encoded) + b"\0"


def _read_name(data: bytes, position: int) -> tuple[str, int]:
    """The name, and where the text goes on after it."""
    labels: list[str] = []
    after, pointers = 0, 0
    while size := data[position]:
        if size >= 0xC0:
            after = after or position + 2
            position = (size & 0x3F) << 8 | data[position + 1]
            pointers += 1
            if pointers > _POINTERS_MAX:
                raise ValueError("name points at itself")
        elif size >= 0x40:
            raise ValueError("unknown kind of label")
        else:
            labels.append(data[position + 1 : position + 1 + size].decode("ascii"))
            position += 1 + size
    return ".".join(labels), after or position + 1
