"""Thrift's binary protocol (strict or not, without the envelope of a call): one struct of bytes as Python values.

struct: fields [type: u8, id: i16, value] until a type of 0; numbers are big-endian; strings, lists, sets and maps say their size first, as i32
Format: the specification of the binary protocol at https://thrift.apache.org/docs/
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

from lgtm.wire.bounds import BodyTooLarge, MalformedBody, TruncatedBody
from lgtm.wire.text import decode

DEPTH_MAX = 16
"""Levels of structs and containers; deeper ones are refused."""
VALUES_MAX = 1_000_000
"""Values in one body. Each costs up to a microsecond and a hundred bytes, while an empty struct in a list is sent as one byte."""

STOP, BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = 0, 2, 3, 4, 6, 8, 10, 11, 12, 13, 14, 15
_FIXED = {kind: struct.Struct(f">{code}") for kind, code in ((BOOL, "?"), (BYTE, "b"), (DOUBLE, "d"), (I16, "h"), (I32, "i"), (I64, "q"))}
_FIELD_HEAD, _SIZE, _LIST_HEAD, _MAP_HEAD = struct.Struct(">h"), struct.Struct(">i"), struct.Struct(">bi"), struct.Struct(">bbi")


class TooManyValues(BodyTooLarge):
    def __str__(self) -> str:
        return f"request body too large: more than {VALUES_MAX} values"


@dataclass(slots=True, frozen=True)
class Struct:
    """Fields by their id, the last of each. where: its path, for errors; `name` is that of the field in errors.

    All methods raise MalformedBody for a field of another type.
    """

    values: dict[int, Any]
    where: str

    def integer(self, field: int, name: str) -> int:
        """0 where absent."""
        return self._of(int, field, name, "an integer") or 0

    def real(self, field: int, name: str) -> float:
        return self._of(float, field, name, "a double") or 0.0

    def flag(self, field: int, name: str) -> bool:
        return self._of(bool, field, name, "a bool") or False

    def binary(self, field: int, name: str) -> bytes:
        return self._of(bytes, field, name, "a string") or b""

    def text(self, field: int, name: str) -> str:
        return decode(self.binary(field, name), lambda: f"thrift: {self._path(name)}")

    def struct(self, field: int, name: str) -> Struct:
        """For a field that has to be there."""
        found: dict[int, Any] | None = self._of(dict, field, name, "a struct")
        return Struct(found, self._path(name)) if found is not None else self.expected("a struct", name)

    def structs(self, field: int, name: str) -> Iterator[Struct]:
        """Of a list; none where absent."""
        for number, item in enumerate(self._of(list, field, name, "a list") or ()):
            if type(item) is not dict:
                self.expected("a list of structs", name)
            yield Struct(item, f"{self._path(name)}[{number}]")

    def expected(self, what: str, name: str) -> NoReturn:
        raise MalformedBody(f"thrift: {self._path(name)} must be {what}")

    def _of(self, kind: type[Any], field: int, name: str, what: str) -> Any:
        value = self.values.get(field)
        return value if value is None or type(value) is kind else self.expected(what, name)

    def _path(self, name: str) -> str:
        return f"{self.where}.{name}" if self.where else name


def read_struct(data: bytes) -> Struct:
    """The struct at the start of `data`. Raises MalformedBody and TooManyValues."""
    try:
        return Struct(_Reader(data).value(STRUCT, 0), "")
    except (struct.error, IndexError):
        raise TruncatedBody from None


class _Reader:
    """Raises struct.error or IndexError where the data ends too early."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0
        self._values = 0
        self._readers: dict[int, Callable[[int], Any]] = {
            STRING: self._string,
            STRUCT: self._struct,
            MAP: self._map,
            SET: self._list,
            LIST: self._list,
        }

    def value(self, kind: int, depth: int) -> Any:
        self._values += 1
        if self._values > VALUES_MAX:
            raise TooManyValues
        if kind in _FIXED:
            return self._unpack(_FIXED[kind])[0]
        if kind not in self._readers:
            raise MalformedBody(f"thrift: no type {kind}")
        if depth > DEPTH_MAX:
            raise MalformedBody(f"thrift: value is nested deeper than {DEPTH_MAX} levels")
        return self._readers[kind](depth + 1)

    def _unpack(self, form: struct.Struct) -> tuple[Any, ...]:
        found = form.unpack_from(self._data, self._position)
        self._position += form.size
        return found

    def _struct(self, depth: int) -> dict[int, Any]:
        found = {}
        while kind := self._data[self._position]:
            self._position += 1
            (field,) = self._unpack(_FIELD_HEAD)
            found[field] = self.value(kind, depth)
        self._position += 1
        return found

    def _string(self, _depth: int) -> bytes:
        size = self._checked(self._unpack(_SIZE)[0])
        self._position += size
        return self._data[self._position - size : self._position]

    def _list(self, depth: int) -> list[Any]:
        kind, count = self._unpack(_LIST_HEAD)
        return [self.value(kind, depth) for _ in range(self._checked(count))]

    def _map(self, depth: int) -> list[tuple[Any, Any]]:
        key, kind, count = self._unpack(_MAP_HEAD)
        return [(self.value(key, depth), self.value(kind, depth)) for _ in range(self._checked(count))]

    def _checked(self, size: int) -> int:
        """A size of so many bytes, or of items that take one at least."""
        if size < 0:
            raise MalformedBody(f"thrift: negative size {size}")
        if size > len(self._data) - self._position:
            raise TruncatedBody
        return size
