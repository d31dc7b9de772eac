"""Prometheus remote write 1.0, decompressed, to columns.

WriteRequest   { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3 }
TimeSeries     { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4 }
Label          { string name = 1; string value = 2 }
MetricMetadata { type = 1; string metric_family_name = 2; string help = 4; string unit = 5 }

Version 2.0 is in `remote_write_2.py`, what both have in common in `sample_rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from sys import intern

import numpy as np
import pyarrow as pa

from lgtm.wire.bounds import BOUNDS, BodyBounds, TooManyRows, TooManyStreams
from lgtm.wire.columns import Pairs
from lgtm.wire.decoded_samples import DecodedSamples, Metadata
from lgtm.wire.field_runs import scan_long
from lgtm.wire.fields import Fields, Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.metric_types import type_name
from lgtm.wire.protobuf import FIELDS_MAX, FIELDS_OF_MESSAGE_MAX, LENGTH_DELIMITED, VARINT, Buffer, TooManyFields, next_field, tag
from lgtm.wire.remote_write_rows import exemplar_columns, exemplar_rows, sample_rows
from lgtm.wire.text import decode, utf8

_TIMESERIES, _METADATA = tag(1, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_LABELS, _SAMPLES, _EXEMPLARS, _HISTOGRAMS = (tag(number, LENGTH_DELIMITED) for number in (1, 2, 3, 4))
_NAME, _VALUE = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)
_TAGS = _LABELS, _NAME, _VALUE
_BYTES_MIN = {_TIMESERIES: 48}
"""Labels have the same tag as series and are mostly smaller."""
_FIELDS_APART_MAX = 400_000
"""Fields of all series whose labels do not stand together in front: these are read one by one, at 1 us each."""
_TYPE, _FAMILY, _HELP, _UNIT = tag(1, VARINT), *(tag(number, LENGTH_DELIMITED) for number in (2, 4, 5))


def decode_remote_write_1(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedSamples:
    """Pure, and free to run in any thread. A request without series has no rows.

    The key of a series is the bytes of its label fields in their order, so that senders who write the same labels alike have the same keys.
    Raises MalformedBody and BodyTooLarge kinds; then nothing of the request counts. Labels of series are not looked at before `labels_of`.
    """
    buffer = Buffer(data)
    request = scan_long(buffer, 0, buffer.size, most=2 * bounds.streams_max + FIELDS_OF_MESSAGE_MAX, bytes_min=_BYTES_MIN)
    series = request.places(_TIMESERIES)
    if len(series) > bounds.streams_max:
        raise TooManyStreams(bounds.streams_max)
    fields = buffer.scan(series.start, series.end, most=FIELDS_MAX)
    keys = _label_bytes(buffer, series, fields)
    rows = sample_rows(buffer, fields.merged(_SAMPLES), fields.merged(_HISTOGRAMS), bounds)
    exemplars = _exemplars(buffer, fields.merged(_EXEMPLARS), bounds)
    metadata = tuple(_metadata(buffer, request.places(_METADATA), bounds))
    return DecodedSamples(keys, LabelBytes(keys), rows, "remote_write_1", exemplars, metadata)


@dataclass(slots=True, frozen=True)
class LabelBytes:
    """Labels of series from keys that are label fields."""

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


def _label_bytes(buffer: Buffer, series: Places, fields: Fields) -> pa.Array:
    """The label fields of each series, joined. Every known sender writes them first and together: then they are copied out in one go.

    Raises TooManyFields where others send too many.
    """
    alike = fields.leading(_LABELS)
    if alike is not None:
        return buffer.binary(series.start, alike)
    codes, row, start, end = fields.all
    is_label = np.frombuffer(codes, np.uint8) == _LABELS
    others = (~is_label).nonzero()[0][::-1]
    last = series.start.copy()
    last[row[is_label]] = end[is_label]
    first_other = series.end.copy()
    first_other[row[others]] = start[others]
    apart = (last > first_other).nonzero()[0]
    if not len(apart):
        return buffer.binary(series.start, last)
    if np.bincount(row, minlength=len(series))[apart].sum() > _FIELDS_APART_MAX:
        raise TooManyFields
    last[apart] = series.start[apart]
    keys = buffer.binary(series.start, last).to_pylist()
    for at in apart.tolist():
        keys[at] = b"".join(_label_fields(buffer.data, int(series.start[at]), int(series.end[at])))
    return pa.array(keys, pa.binary())


def _label_fields(data: bytes, position: int, end: int) -> Iterator[bytes]:
    """The label fields of one series, tags included."""
    while position < end:
        before = position
        found, _, position = next_field(data, position, end)
        if found == _LABELS:
            yield data[before:position]


def _exemplars(buffer: Buffer, places: Places, bounds: BodyBounds) -> pa.RecordBatch | None:
    if not len(places):
        return None
    exemplars = exemplar_columns(buffer, places, bounds)
    labels = exemplars.fields.merged(_LABELS)
    pairs = MessageColumns(buffer, labels.start, labels.end, _NAME, _VALUE)
    names = buffer.binary(*pairs.place(_NAME)).dictionary_encode()
    keys = [decode(name, lambda: "name of a label of an exemplar") for name in names.dictionary.to_pylist()]
    pool = utf8(buffer.binary(*pairs.place(_VALUE)), lambda _: "value of a label of an exemplar")
    of_pairs = Pairs(labels.row, names.indices.to_numpy().astype(np.int64), np.arange(len(labels)), keys, pool)
    return exemplar_rows(places.row, exemplars, of_pairs, bounds)


def _metadata(buffer: Buffer, places: Places, bounds: BodyBounds) -> Iterator[Metadata]:
    if len(places) > bounds.streams_max:
        raise TooManyRows(bounds.streams_max)
    if not len(places):
        return
    found = MessageColumns(buffer, places.start, places.end, _TYPE, _FAMILY, _HELP, _UNIT)
    families, helps, units = (_texts(buffer, found.place(number)) for number in (_FAMILY, _HELP, _UNIT))
    for kind, family, text, unit in zip(found.varints(_TYPE).tolist(), families, helps, units, strict=True):
        yield Metadata(family, type_name(kind), text, unit)


def _texts(buffer: Buffer, place: tuple[Ints, Ints]) -> list[str]:
    texts: list[str] = utf8(buffer.binary(*place), lambda index: f"text of metadata {index}").to_pylist()
    return texts
