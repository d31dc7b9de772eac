"""Symbols of a remote write 2.0 request: texts that series refer to by number.

Labels are told from other labels by their texts, each followed by a byte that no UTF-8 text contains.
"""

from __future__ import annotations

from dataclasses import dataclass
from sys import intern

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.wire.bounds import BodyBounds, MalformedBody, MetadataTooLarge
from lgtm.wire.fields import Ints, Places
from lgtm.wire.gather import gather
from lgtm.wire.number_lists import Unsigned
from lgtm.wire.protobuf import Buffer
from lgtm.wire.sent_labels import SentLabels
from lgtm.wire.text import decode, text_or_none

_END, _NO_SYMBOL, _NAME = b"\xff", b"\xfe", b"__name__"
_NO_TEXT = b"\xfd"
"""Stands for the byte that ends texts where it is in one: no UTF-8 either, so that whoever uses the symbol is refused, and nobody else."""
_NAME_AMONG = 16
"""Labels are sorted by senders, and few sort before an underscore."""
_ARROW_BYTES_MAX = 2**31 - 1


class Symbols:
    def __init__(self, buffer: Buffer, places: Places) -> None:
        self._count = len(places)
        # What follows a symbol is the tag of the next field, or nothing. There is room for the end.
        first, last = (int(places.start[0]), int(places.end[-1])) if self._count else (0, 0)
        data = buffer.array[first : last + 1].copy()
        data[places.end - first] = _END[0]
        ended = gather(pa.py_buffer(data), places.start - first, places.end - first + 1)
        _, offsets, content = ended.buffers()
        self._offsets = np.frombuffer(offsets, np.int32, self._count + 1)
        content = content.slice(0, self._offsets[-1]).to_pybytes() if content else b""
        if content.count(_END) != self._count:
            content, ended = self._without_ends_within(content)
        self._content, self._ended = content, ended

    def _without_ends_within(self, content: bytes) -> tuple[bytes, pa.Array]:
        data = np.frombuffer(content.replace(_END, _NO_TEXT), np.uint8).copy()
        data[self._offsets[1:] - 1] = _END[0]
        return data.tobytes(), pa.Array.from_buffers(pa.binary(), self._count, [None, pa.py_buffer(self._offsets), pa.py_buffer(data)], 0)

    def __len__(self) -> int:
        return self._count

    def join(self, offsets: Ints, refs: Unsigned, bounds: BodyBounds) -> pa.Array:
        """For each series the texts of refs[offsets[i]:offsets[i + 1]], each ended. Raises MetadataTooLarge when they need too many bytes."""
        ended, known = self._ended, refs
        if not self._knows(refs):
            ended, known = pa.concat_arrays([ended, pa.array([_NO_SYMBOL + _END])]), np.minimum(refs, np.uint64(self._count))
        self._check_size(known, min(bounds.metadata_bytes_max, _ARROW_BYTES_MAX))
        texts = ended.take(pa.array(known))
        _, of_texts, data = texts.buffers()
        joined = np.frombuffer(of_texts, np.int32)[offsets] if len(texts) else np.zeros(len(offsets), np.int32)
        return pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, pa.py_buffer(joined), data], 0)

    def _knows(self, refs: Unsigned) -> bool:
        return not len(refs) or bool(refs.max() < self._count)

    def _check_size(self, refs: Unsigned, bytes_max: int) -> None:
        """Of the texts of these symbols, or of a short one if there is no such symbol."""
        sizes = np.append(np.diff(self._offsets), len(_NO_SYMBOL + _END))
        if int(sizes.max()) * len(refs) > bytes_max and int(sizes[refs.astype(np.int64)].sum(dtype=np.int64)) > bytes_max:
            raise MetadataTooLarge(bytes_max)

    def names(self, offsets: Ints, refs: Unsigned) -> Ints:
        """For each series the symbol that is the value of its label `__name__`; -1 where none of its first labels is that."""
        is_name = np.append(pc.equal(self._ended, _NAME + _END).to_numpy(zero_copy_only=False).astype(np.bool_), False)
        names = np.full(len(offsets) - 1, -1, np.int64)
        row, at = np.arange(len(names)), offsets[:-1]
        for _ in range(_NAME_AMONG):  # nearly always the first label of all, so that there is one turn
            held = at + 1 < offsets[row + 1]
            row, at = row[held], at[held]
            if not len(row):
                break
            name, value = (np.minimum(refs[place], np.uint64(self._count)).astype(np.int64) for place in (at, at + 1))
            found = is_name[name]
            names[row[found]] = np.where(value < self._count, value, -1)[found]
            row, at = row[~found], at[~found] + 2
        return names

    def texts(self, indices: Ints) -> list[str]:
        """The symbols of these numbers. Raises MalformedBody."""
        content = self._content
        starts, ends = self._offsets[indices].tolist(), (self._offsets[indices + 1] - len(_END)).tolist()
        try:
            return [content[start:end].decode() for start, end in zip(starts, ends, strict=True)]
        except UnicodeDecodeError as error:
            raise MalformedBody("a symbol is not valid UTF-8") from error

    def texts_or_none(self, indices: Ints) -> list[str | None]:
        """None for symbols that are no UTF-8."""
        try:
            return list(self.texts(indices))
        except MalformedBody:
            starts, ends = self._offsets[indices].tolist(), (self._offsets[indices + 1] - len(_END)).tolist()
            return [text_or_none(self._content[start:end]) for start, end in zip(starts, ends, strict=True)]


_REFS_SHOWN = 100
_REF_BITS, _REF_MASK = 32, np.uint64(2**32 - 1)
"""A symbol takes a byte or more of a request, which is below 4 GiB."""


@dataclass(slots=True, frozen=True)
class JoinedLabels:
    """Labels of series from keys that are ended texts.

    offsets, refs: for each series the numbers of the symbols that they are made of, as CSR.
    """

    keys: pa.Array
    offsets: Ints
    refs: Unsigned
    symbols: Symbols

    def __call__(self, index: int) -> tuple[tuple[str, str], ...]:
        """Raises MalformedBody, in Prometheus' words."""
        texts = self.keys[index].as_py().split(_END)[:-1]
        if len(texts) % 2 or _NO_SYMBOL in texts:
            self._check(self.refs[self.offsets[index] : self.offsets[index + 1]].tolist())
        decoded = [decode(text, lambda: f"labels of series {index}") for text in texts]
        return tuple(zip(decoded[::2], decoded[1::2], strict=True))

    def together(self, indices: Ints) -> SentLabels | None:
        counts = np.diff(self.offsets)[indices]
        bounds = np.concatenate(([0], np.cumsum(counts)))
        refs = self.refs[np.repeat(self.offsets[indices] - bounds[:-1], counts) + np.arange(bounds[-1])]
        if (counts & 1).any() or (refs >= len(self.symbols)).any():
            return None
        pairs = pa.array((refs[::2] << np.uint64(_REF_BITS)) | refs[1::2]).dictionary_encode()
        distinct = pairs.dictionary.to_numpy()
        names = pa.array(distinct >> np.uint64(_REF_BITS)).dictionary_encode()
        try:
            texts = [intern(text) for text in self.symbols.texts(names.dictionary.to_numpy().astype(np.int64))]
            values = pa.array(self.symbols.texts((distinct & _REF_MASK).astype(np.int64)), pa.string())
        except MalformedBody:
            return None
        return SentLabels(bounds // 2, pairs.indices.to_numpy().astype(np.int64), texts, names.indices.to_numpy().astype(np.int64), values)

    def _check(self, refs: list[int]) -> None:
        """Raises MalformedBody. A symbol may be the very byte that stands for none."""
        series = f"parsing labels for series [{' '.join(map(str, refs[:_REFS_SHOWN]))}]"
        if len(refs) % 2:
            raise MalformedBody(f"{series}: invalid labelRefs length {len(refs)}")
        for name, value in zip(refs[::2], refs[1::2], strict=True):
            if max(name, value) >= len(self.symbols):
                size = f"(size {len(self.symbols)})"
                raise MalformedBody(f"{series}: labelRefs {name} (name) = {value} (value) outside of symbols table {size}")
