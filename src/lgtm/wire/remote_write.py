"""Prometheus remote write 1.0, decompressed, to columns.

WriteRequest   { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3 }
TimeSeries     { repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3; repeated Histogram histograms = 4 }
Label          { string name = 1; string value = 2 }
MetricMetadata { type = 1; string metric_family_name = 2; string help = 4; string unit = 5 }

Version 2.0 is in `remote_write_2.py`, what both have in common in `sample_rows.py`.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from lgtm.wire.bounds import BOUNDS, BodyBounds, NothingFound, TooManyRows, TooManyStreams
from lgtm.wire.columns import Pairs
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss, Metadata
from lgtm.wire.field_runs import scan_long
from lgtm.wire.fields import Fields, Places
from lgtm.wire.label_fields import LABELS, LabelBytes
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.metric_types import type_name
from lgtm.wire.protobuf import FIELDS_MAX, FIELDS_OF_MESSAGE_MAX, LENGTH_DELIMITED, VARINT, Buffer, TooManyFields, next_field, tag
from lgtm.wire.remote_write_exemplars import NOT_UTF8, Faults, exemplar_columns, exemplar_rows
from lgtm.wire.remote_write_rows import sample_rows
from lgtm.wire.text import utf8_where_valid

MESSAGE_1 = "prometheus.WriteRequest"
_TIMESERIES, _METADATA = tag(1, LENGTH_DELIMITED), tag(3, LENGTH_DELIMITED)
_SAMPLES, _EXEMPLARS, _HISTOGRAMS = (tag(number, LENGTH_DELIMITED) for number in (2, 3, 4))
_NAME, _VALUE = tag(1, LENGTH_DELIMITED), tag(2, LENGTH_DELIMITED)
_BYTES_MIN = {_TIMESERIES: 48}
"""Labels have the same tag as series and are mostly smaller."""
_FIELDS_APART_MAX = 400_000
"""Fields of all series whose labels do not stand together in front: these are read one by one, at 1 us each."""
_TYPE, _FAMILY, _HELP, _UNIT = tag(1, VARINT), *(tag(number, LENGTH_DELIMITED) for number in (2, 4, 5))


def decode_remote_write_1(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedSamples:
    """Pure, and free to run in any thread. A request without series has no rows.

    The key of a series is the bytes of its label fields in their order, so that senders who write the same labels alike have the same keys.
    Samples, exemplars and metadata that cannot be kept are told of in `dropped` and hurt no other. Raises MalformedBody and BodyTooLarge kinds;
    then nothing of the request counts. Labels of series are not looked at before `labels_of`.
    """
    buffer = Buffer(data)
    request = scan_long(buffer, 0, buffer.size, most=2 * bounds.streams_max + FIELDS_OF_MESSAGE_MAX, bytes_min=_BYTES_MIN)
    series = request.places(_TIMESERIES)
    if data and not len(series) and not request.has(_METADATA):
        raise NothingFound(MESSAGE_1, "series or metadata", len(data))
    if len(series) > bounds.streams_max:
        raise TooManyStreams(bounds.streams_max)
    fields = buffer.scan(series.start, series.end, most=FIELDS_MAX)
    keys = _label_bytes(buffer, series, fields)
    rows, lost_rows = sample_rows(buffer, fields.merged(_SAMPLES), fields.merged(_HISTOGRAMS), bounds)
    exemplars, lost_exemplars = _exemplars(buffer, fields.merged(_EXEMPLARS), bounds)
    metadata, lost_metadata = _metadata(buffer, request.places(_METADATA), bounds)
    labels, dropped = LabelBytes(keys), (*lost_rows, *lost_exemplars, *lost_metadata)
    return DecodedSamples(keys, labels, rows, "remote_write_1", exemplars, metadata, dropped, labels.together)


def _label_bytes(buffer: Buffer, series: Places, fields: Fields) -> pa.Array:
    """The label fields of each series, joined. Every known sender writes them first and together: then they are copied out in one go.

    Raises TooManyFields where others send too many.
    """
    alike = fields.leading(LABELS)
    if alike is not None:
        return buffer.binary(series.start, alike)
    codes, row, start, end = fields.all
    is_label = np.frombuffer(codes, np.uint8) == LABELS
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
        if found == LABELS:
            yield data[before:position]


def _exemplars(buffer: Buffer, places: Places, bounds: BodyBounds) -> tuple[pa.RecordBatch | None, tuple[Dropped, ...]]:
    if not len(places):
        return None, ()
    exemplars, faults = exemplar_columns(buffer, places, bounds), Faults()
    labels = exemplars.fields.merged(LABELS)
    pairs = MessageColumns(buffer, labels.start, labels.end, _NAME, _VALUE)
    names = buffer.binary(*pairs.place(_NAME)).dictionary_encode()
    (keys, no_names), (pool, no_values) = utf8_where_valid(names.dictionary), utf8_where_valid(buffer.binary(*pairs.place(_VALUE)))
    name_of = names.indices.to_numpy().astype(np.int64)
    for unreadable in (None if no_names is None else no_names[name_of], no_values):
        if unreadable is not None:
            faults.add(np.bincount(labels.row[unreadable], minlength=exemplars.count) > 0, NOT_UTF8)
    of_pairs = Pairs(labels.row, name_of, np.arange(len(labels)), keys.to_pylist(), pool)
    return exemplar_rows(places.row, exemplars, of_pairs, faults, bounds)


def _metadata(buffer: Buffer, places: Places, bounds: BodyBounds) -> tuple[tuple[Metadata, ...], tuple[Dropped, ...]]:
    if len(places) > bounds.streams_max:
        raise TooManyRows(bounds.streams_max)
    if not len(places):
        return (), ()
    found = MessageColumns(buffer, places.start, places.end, _TYPE, _FAMILY, _HELP, _UNIT)
    columns = [utf8_where_valid(buffer.binary(*found.place(number))) for number in (_FAMILY, _HELP, _UNIT)]
    unreadable = [flags for _, flags in columns if flags is not None]
    texts = zip(found.varints(_TYPE).tolist(), *(column.to_pylist() for column, _ in columns), strict=True)
    metadata = [Metadata(family, type_name(kind), text, unit) for kind, family, text, unit in texts]
    if not unreadable:
        return tuple(metadata), ()
    wrong = np.logical_or.reduce(unreadable)
    text = f"text of metadata {int(wrong.argmax())} is not valid UTF-8"
    kept = tuple(one for one, is_wrong in zip(metadata, wrong.tolist(), strict=True) if not is_wrong)
    return kept, (Dropped(Loss.INVALID_METADATA, int(np.count_nonzero(wrong)), text),)
