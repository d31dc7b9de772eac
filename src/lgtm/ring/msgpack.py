"""The msgpack dialect of hashicorp/memberlist: structs are maps with sorted keys, text and bytes both use the old raw family.

Written: nil, booleans, unsigned and signed integers, bytes, maps. Read: all of that, newer forms of text and bytes, and anything else only to be
skipped. The reader checks sizes before it allocates and never goes deeper than DEPTH_MAX.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from lgtm.errors import BadRequest

DEPTH_MAX = 8
ITEMS_MAX = 1_024
"""Entries of one map or array; structs have at most eight fields."""


class MalformedMessage(BadRequest):
    """The bytes are no message of a member."""


class EndsTooEarly(MalformedMessage):
    """The bytes end within a value: of a packet it is damage, of a stream more may come. wanted: how many there must be to get further."""

    def __init__(self, wanted: int) -> None:
        self.wanted = wanted

    def __str__(self) -> str:
        return "a message ends too early"


@dataclass(slots=True, frozen=True)
class Signed:
    """An integer that Go holds as `int`: beyond 127 it takes a signed form."""

    value: int


Value = None | bool | int | bytes | Signed
Fields = Mapping[str, Value]


def encode_map(fields: Fields) -> bytes:
    """Keys in byte order, whatever order they come in."""
    out = [_head(len(fields), 0x80, 15, 0xDE)]
    for name in sorted(fields):
        out += [encode(name.encode()), encode(fields[name])]
    return b"".join(out)


def encode(value: Value) -> bytes:
    match value:
        case None:
            return b"\xc0"
        case bool():
            return b"\xc3" if value else b"\xc2"
        case Signed(number):
            return _integer(number, (0xD1, 0xD2, 0xD3), (">h", ">i", ">q"), (15, 31, 63))
        case int():
            return _integer(value, (0xCC, 0xCD, 0xCE, 0xCF), (">B", ">H", ">I", ">Q"), (8, 16, 32, 64))
        case _:
            return _head(len(value), 0xA0, 31, 0xDA) + value


def _integer(number: int, codes: tuple[int, ...], forms: tuple[str, ...], bits: tuple[int, ...]) -> bytes:
    if 0 <= number <= 127:
        return bytes([number])
    for code, form, width in zip(codes, forms, bits, strict=True):
        if number < 1 << width:
            return bytes([code]) + struct.pack(form, number)
    raise ValueError(f"{number} does not fit")


def _head(size: int, fixed: int, fixed_max: int, code: int) -> bytes:
    if size <= fixed_max:
        return bytes([fixed | size])
    return struct.pack(">BH", code, size) if size < 1 << 16 else struct.pack(">BI", code + 1, size)


class Reader:
    """Reads values from a buffer, front to back. Every method raises MalformedMessage."""

    def __init__(self, data: bytes | memoryview, at: int = 0) -> None:
        self.data, self.at = memoryview(data), at

    def fields(self) -> dict[str, object]:
        """A map with text keys; absent is not the same as nil."""
        found = self._value(0)
        if not isinstance(found, dict):
            raise MalformedMessage("a message without fields")
        return {key.decode("utf-8", "replace"): value for key, value in found.items() if isinstance(key, bytes)}

    def take(self, size: int) -> memoryview:
        if size > len(self.data) - self.at:
            raise EndsTooEarly(self.at + size)
        self.at += size
        return self.data[self.at - size : self.at]

    def _unpack(self, form: str) -> int:
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def _value(self, depth: int) -> object:
        if depth > DEPTH_MAX:
            raise MalformedMessage("a message nested too deep")
        code = self.take(1)[0]
        if code < 0x80:
            return code
        if code < 0x90:
            return self._map(code & 15, depth)
        if code < 0xA0:
            return self._array(code & 15, depth)
        if code < 0xC0:
            return bytes(self.take(code & 31))
        if code >= 0xE0:
            return code - 256
        return self._coded(code, depth)

    def _coded(self, code: int, depth: int) -> object:
        if code in _CONSTANTS:
            return _CONSTANTS[code]
        if code in _INTEGERS:
            return self._unpack(_INTEGERS[code])
        if code in _RAW:
            return bytes(self.take(self._unpack(_RAW[code])))
        if code in _SKIPPED:
            return self.take(_SKIPPED[code]) and None
        if code in _EXTENSIONS:
            return self.take(self._unpack(_EXTENSIONS[code]) + 1) and None
        if code in (0xDC, 0xDD):
            return self._array(self._unpack(">H" if code == 0xDC else ">I"), depth)
        if code in (0xDE, 0xDF):
            return self._map(self._unpack(">H" if code == 0xDE else ">I"), depth)
        raise MalformedMessage(f"a value of the unknown form {code:#x}")

    def _map(self, size: int, depth: int) -> dict[object, object]:
        self._check_items(size)
        found: dict[object, object] = {}
        for _ in range(size):
            key, value = self._value(depth + 1), self._value(depth + 1)
            if isinstance(key, bytes):
                found[key] = value
        return found

    def _array(self, size: int, depth: int) -> list[object]:
        self._check_items(size)
        return [self._value(depth + 1) for _ in range(size)]

    def _check_items(self, size: int) -> None:
        if size > ITEMS_MAX:
            raise MalformedMessage(f"a value with {size} entries")
        if size > len(self.data) - self.at:
            raise EndsTooEarly(self.at + size)


_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_INTEGERS = {0xCC: ">B", 0xCD: ">H", 0xCE: ">I", 0xCF: ">Q", 0xD0: ">b", 0xD1: ">h", 0xD2: ">i", 0xD3: ">q"}
_RAW = {0xD9: ">B", 0xDA: ">H", 0xDB: ">I", 0xC4: ">B", 0xC5: ">H", 0xC6: ">I"}
_SKIPPED = {0xCA: 4, 0xCB: 8, 0xD4: 2, 0xD5: 3, 0xD6: 5, 0xD7: 9, 0xD8: 17}
"""Floats and fixed extensions: bytes behind the code."""
_EXTENSIONS = {0xC7: ">B", 0xC8: ">H", 0xC9: ">I"}
"""A length, a type of one byte, then the content."""
