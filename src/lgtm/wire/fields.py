"""Where the fields of many messages lie: what one pass over a level of a protobuf body finds, whichever fields are asked for later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
Piece = tuple[bytes, Ints, Ints, Ints]
"""Some fields: codes (the tag of each, or OTHER_TAG), rows, starts and ends of contents."""

OTHER_TAG = 255
"""Stands for tags of fields that no decoder knows; the tag itself has a wire type that does not exist."""
_NOTHING = np.empty(0, np.int64)


@dataclass(slots=True, frozen=True)
class Places:
    """Where one field stands: row i is that of the message, content is buffer[start:end]. Of one row, in order of the message."""

    row: Ints
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.row)

    def in_order(self) -> Places:
        """The same in the order of the body."""
        if b"\1" not in (self.start[1:] < self.start[:-1]).tobytes():
            return self
        order = self.start.argsort(kind="stable")
        return Places(self.row[order], self.start[order], self.end[order])

    def last(self, rows: int) -> tuple[Ints, Ints]:
        """(start, end) of the last occurrence for each of `rows` messages, which is the one that counts; start = end = 0 where absent."""
        start, end = np.zeros(rows, np.int64), np.zeros(rows, np.int64)
        start[self.row] = self.start
        end[self.row] = self.end
        return start, end


NOWHERE = Places(_NOTHING, _NOTHING, _NOTHING)


class Fields:
    """The fields of `count` messages. Fields of one message are in its order; those of different messages alternate."""

    def __init__(self, count: int, pieces: list[Piece]) -> None:
        """pieces: the fields of one step each."""
        self.count = count
        self.pieces = pieces
        self._joined: Piece | None = None

    @property
    def all(self) -> Piece:
        if self._joined is None:
            self._joined = _join(self.pieces)
        return self._joined

    def has(self, tag: int) -> bool:
        """Whether any message has a field with this tag, which is below OTHER_TAG."""
        return tag in self.all[0]

    def places(self, tag: int) -> Places:
        """The fields with this tag, which is below OTHER_TAG."""
        codes, row, start, end = self.all
        found = codes.count(tag)
        if not found:
            return NOWHERE
        if found == len(codes):
            return Places(row, start, end)
        at = (np.frombuffer(codes, np.uint8) == tag).nonzero()[0]
        return Places(row[at], start[at], end[at])

    def merged(self, *tags: int) -> Places:
        """The fields with any of the tags in the order of the body."""
        found = [places for places in map(self.places, tags) if len(places)]
        if len(found) < 2:
            return found[0].in_order() if found else NOWHERE
        joined = (np.concatenate(parts) for parts in zip(*((places.row, places.start, places.end) for places in found), strict=True))
        return Places(*joined).in_order()

    def last(self, *tags: int) -> tuple[Sequence[Ints], Sequence[Ints]]:
        """(start, end) of the last occurrence of each tag in each message, by tag; start = end = 0 where absent."""
        uniform = {piece[0][0]: piece for piece in self.pieces if len(piece[0]) == self.count == piece[0].count(piece[0][:1])}
        if len(uniform) == len(self.pieces):
            nowhere = np.zeros(self.count, np.int64)
            found = [uniform.get(tag) for tag in tags]
            return [piece[2] if piece else nowhere for piece in found], [piece[3] if piece else nowhere for piece in found]
        codes, row, starts, ends = self.all
        start, end = np.zeros((2, len(tags) + 1, self.count), np.int64)
        slot = np.frombuffer(codes.translate(_slots(tags)), np.uint8) * np.int64(self.count) + row
        start.reshape(-1)[slot] = starts
        end.reshape(-1)[slot] = ends
        return list(start[:-1]), list(end[:-1])

    def leading(self, tag: int) -> Ints | None:
        """Where in each message its first fields end, if all have the same number of fields with this tag, and those first; None otherwise."""
        wanted = bytes((tag,))
        count = 0
        while count < len(self.pieces) and self.pieces[count][0] == wanted * self.count:
            count += 1
        if not count or any(wanted in piece[0] for piece in self.pieces[count:]):
            return None
        return self.pieces[count - 1][3]

    def last_of(self, *tags: int) -> tuple[Bytes, Ints, Ints]:
        """(tag, start, end) of the last field with one of the tags in each message: what counts of a oneof. All 0 where absent."""
        codes, row, starts, ends = self.all
        known = np.frombuffer(codes, np.uint8)
        if codes.translate(None, bytes(tags)):
            at = (np.frombuffer(codes.translate(_slots(tags)), np.uint8) < len(tags)).nonzero()[0]
            known, row, starts, ends = known[at], row[at], starts[at], ends[at]
        elif len(self.pieces) == 1 and len(codes) == self.count:
            return known, starts, ends
        code, start, end = np.zeros(self.count, np.uint8), np.zeros(self.count, np.int64), np.zeros(self.count, np.int64)
        code[row], start[row], end[row] = known, starts, ends
        return code, start, end


def _join(pieces: list[Piece]) -> Piece:
    if not pieces:
        return b"", _NOTHING, _NOTHING, _NOTHING
    if len(pieces) == 1:
        return pieces[0]
    codes, row, start, end = zip(*pieces, strict=True)
    return b"".join(codes), np.concatenate(row), np.concatenate(start), np.concatenate(end)


@lru_cache(maxsize=64)
def _slots(tags: tuple[int, ...]) -> bytes:
    """For bytes.translate: the place of each of the tags among them, and their number for all others."""
    return bytes(tags.index(code) if code in tags else len(tags) for code in range(256))
