"""Prometheus remote write 2.0 (`io.prometheus.write.v2.Request`), decompressed, to columns.

Request    { repeated string symbols = 4; repeated TimeSeries timeseries = 5 }
TimeSeries { repeated uint32 labels_refs = 1; repeated Sample samples = 2; repeated Histogram histograms = 3; repeated Exemplar exemplars = 4
             Metadata metadata = 5 }
Exemplar   { repeated uint32 labels_refs = 1; double value = 2; int64 timestamp = 3 }
Metadata   { type = 1; uint32 help_ref = 3; uint32 unit_ref = 4 }
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.wire.bounds import BOUNDS, BodyBounds, NothingFound, TooManyStreams
from lgtm.wire.columns import Pairs
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss, Metadata
from lgtm.wire.field_runs import scan_long
from lgtm.wire.fields import Fields, Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.metric_types import TYPES, family_of, type_name
from lgtm.wire.number_lists import varint_lists
from lgtm.wire.protobuf import FIELDS_MAX, FIELDS_OF_MESSAGE_MAX, LENGTH_DELIMITED, VARINT, Buffer, tag
from lgtm.wire.remote_write_exemplars import NOT_UTF8, Faults, exemplar_columns, exemplar_rows
from lgtm.wire.remote_write_rows import sample_rows
from lgtm.wire.symbols import JoinedLabels, Symbols

MESSAGE_2 = "io.prometheus.write.v2.Request"
_SYMBOLS, _TIMESERIES = tag(4, LENGTH_DELIMITED), tag(5, LENGTH_DELIMITED)
_REFS = 1
_SAMPLES, _HISTOGRAMS, _EXEMPLARS, _METADATA = (tag(number, LENGTH_DELIMITED) for number in (2, 3, 4, 5))
_BYTES_MIN = {_TIMESERIES: 16}
"""Metadata of a series has the same tag and at most a type and two numbers of symbols."""
_TYPE, _HELP, _UNIT = tag(1, VARINT), tag(3, VARINT), tag(4, VARINT)


def decode_remote_write_2(data: bytes, bounds: BodyBounds = BOUNDS) -> DecodedSamples:
    """Pure, and free to run in any thread. A request without series has no rows.

    The key of a series is the texts of its labels, since the number of a symbol differs between requests. A series with an odd number of
    references, or one to no symbol or to one that is no text, does no harm to others: `labels_of` raises MalformedBody for it. Samples, exemplars
    and metadata that cannot be kept are told of in `dropped`, and hurt no other either.
    Raises MalformedBody and BodyTooLarge kinds; then nothing of the request counts.
    """
    buffer = Buffer(data)
    request = scan_long(buffer, 0, buffer.size, most=bounds.rows_max + bounds.streams_max + FIELDS_OF_MESSAGE_MAX, bytes_min=_BYTES_MIN)
    series = request.places(_TIMESERIES)
    if data and not len(series) and not request.has(_SYMBOLS):
        raise NothingFound(MESSAGE_2, "series or symbols", len(data))
    if len(series) > bounds.streams_max:
        raise TooManyStreams(bounds.streams_max)
    symbols = Symbols(buffer, request.places(_SYMBOLS))
    fields = buffer.scan(series.start, series.end, most=FIELDS_MAX)
    offsets, refs = varint_lists(buffer, fields, _REFS)
    keys = symbols.join(offsets, refs, bounds)
    samples, histograms = fields.merged(_SAMPLES), fields.merged(_HISTOGRAMS)
    rows, lost_rows = sample_rows(buffer, samples, histograms, bounds)
    exemplars, lost_exemplars = _exemplars(buffer, fields.merged(_EXEMPLARS), symbols, bounds)
    metadata, lost_metadata = _metadata(buffer, fields, symbols, symbols.names(offsets, refs)) if fields.has(_METADATA) else ((), ())
    labels, dropped = JoinedLabels(keys, offsets, refs, symbols), (*lost_rows, *lost_exemplars, *lost_metadata)
    empty = _without_samples(len(series), samples, histograms)
    return DecodedSamples(keys, labels, rows, "remote_write_2", exemplars, metadata, dropped, labels.together, empty)


def _without_samples(series: int, *places: Places) -> tuple[int, ...]:
    counts = sum(np.bincount(of_kind.row, minlength=series) for of_kind in places)
    return tuple(np.flatnonzero(np.equal(counts, 0)).tolist())


def _exemplars(buffer: Buffer, places: Places, symbols: Symbols, bounds: BodyBounds) -> tuple[pa.RecordBatch | None, tuple[Dropped, ...]]:
    if not len(places):
        return None, ()
    exemplars, faults = exemplar_columns(buffer, places, bounds), Faults()
    offsets, refs = varint_lists(buffer, exemplars.fields, _REFS)
    counts = np.diff(offsets)
    row = np.arange(exemplars.count).repeat(counts)
    no_pairs = ((counts & 1) != 0) | (np.bincount(row[refs >= len(symbols)], minlength=exemplars.count) > 0)
    if no_pairs.any():
        faults.add(no_pairs, "labels_refs of an exemplar are not pairs of symbols")
        row, refs = row[~no_pairs[row]], refs[~no_pairs[row]]
    used, picks = np.unique(refs.astype(np.int64), return_inverse=True)
    texts = symbols.texts_or_none(used)
    unreadable = np.array([text is None for text in texts], np.bool_)
    faults.add(np.bincount(row[unreadable[picks]], minlength=exemplars.count) > 0, NOT_UTF8)
    keys = [text or "" for text in texts]
    pairs = Pairs(row[::2], picks[::2], picks[1::2], keys, pa.array(keys, pa.string()))
    return exemplar_rows(places.row, exemplars, pairs, faults, bounds)


def _metadata(buffer: Buffer, fields: Fields, symbols: Symbols, names: Ints) -> tuple[tuple[Metadata, ...], tuple[Dropped, ...]]:
    """Each different one once, in the order of the symbols; names: of each series the symbol of its name, -1 where it has none.

    References to no symbol are as good as one to the first, which senders keep empty: metadata is no reason to lose samples.
    """
    (start,), (end,) = fields.last(_METADATA)
    at = ((end > 0) & (names >= 0)).nonzero()[0]
    found = MessageColumns(buffer, start[at], end[at], _TYPE, _HELP, _UNIT)
    helps, units = (np.where(refs < len(symbols), refs, 0) for refs in (found.counts(_HELP).astype(np.int64), found.counts(_UNIT).astype(np.int64)))
    kinds = np.minimum(found.varints(_TYPE).view(np.uint64), len(TYPES)).astype(np.int64)
    first = _first_of_each(names[at], kinds, helps, units)
    texts = (symbols.texts_or_none(column[first]) for column in (names[at], helps, units))
    metadata = []
    for number, name, text, unit in zip(kinds[first].tolist(), *texts, strict=True):
        if name is not None and text is not None and unit is not None:
            kind = type_name(number)
            metadata.append(Metadata(family_of(name, kind), kind, text, unit))
    lost = len(first) - len(metadata)
    return tuple(metadata), (Dropped(Loss.INVALID_METADATA, lost, "a text of metadata is not valid UTF-8"),) if lost else ()


def _first_of_each(*columns: Ints) -> Ints:
    """Where the different rows of columns of numbers below 2^32 first stand, sorted by the first column, then the second and so on."""
    codes = columns[0]
    for column in columns[1:]:
        codes = np.unique(codes, return_inverse=True)[1] * (np.int64(1) << 32) + column
    first: Ints = np.unique(codes, return_index=True)[1]
    return first
