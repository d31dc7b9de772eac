"""Labels of remote write 1.0 from keys that are the label fields of a series, one behind the other."""

from __future__ import annotations

from dataclasses import dataclass, field
from sys import intern

import numpy as np
import pyarrow as pa

from lgtm.wire.bounds import BodyTooLarge, MalformedBody
from lgtm.wire.fields import Ints
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.protobuf import LENGTH_DELIMITED, Buffer, next_field, tag
from lgtm.wire.sent_labels import SentLabels
from lgtm.wire.text import decode, utf8

LABELS = tag(1, LENGTH_DELIMITED)
_NAME, _VALUE = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)
_TAGS = LABELS, _NAME, _VALUE


@dataclass(slots=True, frozen=True)
class LabelBytes:
    keys: pa.Array
    _strings: list[bytes] = field(default_factory=list, init=False, compare=False, repr=False)
    _pairs: dict[bytes, tuple[str, str]] = field(default_factory=dict, init=False, compare=False, repr=False)
    """Labels that were met already: most of them belong to many series, which then also share them in memory."""

    def __call__(self, index: int) -> tuple[tuple[str, str], ...]:
        """Raises MalformedBody."""
        if not self._strings:
            self._strings.extend(self.keys.to_pylist())  # all at once: one by one costs more where many are new, as in a first request
        data = self._strings[index]
        return self._short_pairs(data) or self._any_pairs(data, index)

    def together(self, indices: Ints) -> SentLabels | None:
        keys = self.keys.take(pa.array(indices))
        _, bounds, data = keys.buffers()
        try:
            return _columns(Buffer(data.to_pybytes()), np.frombuffer(bounds, np.int32)[: len(indices) + 1].astype(np.int64))
        except (MalformedBody, BodyTooLarge):
            return None

    def _short_pairs(self, data: bytes) -> tuple[tuple[str, str], ...] | None:
        """Labels as every sender writes them, each under 128 bytes, so that its length is one byte; else None."""
        pairs, at, size, known = [], 0, len(data), self._pairs
        while at < size:
            end = at + 2 + data[at + 1] if at + 1 < size else 0
            label = data[at:end]
            pair = known.get(label) or _short_pair(label)
            if pair is None:
                return None
            known[label] = pair
            pairs.append(pair)
            at = end
        return tuple(pairs)

    def _any_pairs(self, data: bytes, index: int) -> tuple[tuple[str, str], ...]:
        pairs, position = [], 0
        while position < len(data):
            _, start, position = next_field(data, position, len(data))
            pairs.append(_pair(data, start, position, f"labels of series {index}"))
        return tuple(pairs)


def _columns(buffer: Buffer, bounds: Ints) -> SentLabels:
    """bounds: series i has the label fields in [bounds[i], bounds[i + 1]). Raises MalformedBody and BodyTooLarge kinds."""
    labels = buffer.scan(bounds[:-1], bounds[1:]).merged(LABELS)
    encoded = buffer.binary(labels.start, labels.end).dictionary_encode()
    _, offsets, data = encoded.dictionary.buffers()
    places = np.frombuffer(offsets, np.int32)[: len(encoded.dictionary) + 1].astype(np.int64)
    pairs = Buffer(data.to_pybytes() if data else b"")
    found = MessageColumns(pairs, places[:-1], places[1:], _NAME, _VALUE)
    names, values = (utf8(pairs.binary(*found.place(number)), lambda _: "a label") for number in (_NAME, _VALUE))
    of_names = names.dictionary_encode()
    counts = np.bincount(labels.row, minlength=len(bounds) - 1)
    return SentLabels(
        np.concatenate(([0], np.cumsum(counts))),
        encoded.indices.to_numpy().astype(np.int64),
        [intern(name) for name in of_names.dictionary.to_pylist()],
        of_names.indices.to_numpy().astype(np.int64),
        values,
    )


def _short_pair(label: bytes) -> tuple[str, str] | None:
    """The pair of a label field that has its name before its value, with lengths of one byte; else None."""
    try:
        middle = 4 + label[3]
        lengths = label[1], label[3], label[middle + 1]
        if (label[0], label[2], label[middle]) != _TAGS or max(lengths) > 127 or not 2 + lengths[0] == len(label) == middle + 2 + lengths[2]:
            return None
        return intern(label[4:middle].decode()), label[middle + 2 :].decode()
    except (IndexError, UnicodeDecodeError):
        return None


def _pair(data: bytes, position: int, end: int, what: str) -> tuple[str, str]:
    texts = {_NAME: b"", _VALUE: b""}
    while position < end:
        found, start, position = next_field(data, position, end)
        texts[found] = data[start:position]
    return decode(texts[_NAME], lambda: f"name in {what}"), decode(texts[_VALUE], lambda: f"value in {what}")
