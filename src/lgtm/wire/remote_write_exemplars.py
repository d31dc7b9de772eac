"""Exemplars of remote write, both versions of which write them alike but for their labels, as columns of the signal EXEMPLARS.

Exemplar { labels = 1; double value = 2; int64 timestamp = 3 }         timestamps in milliseconds

What is wrong with one of them is no reason to lose the others, nor the samples beside them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.signal import EXEMPLARS
from lgtm.wire.arrays import Flags, numbers
from lgtm.wire.bounds import BodyBounds, TooManyRows
from lgtm.wire.columns import MetadataColumns, Pairs
from lgtm.wire.decoded_samples import EXEMPLAR_RUNES_MAX, Dropped, Loss
from lgtm.wire.fields import Ints, Places
from lgtm.wire.message_columns import MessageColumns
from lgtm.wire.protobuf import FIXED64, VARINT, Buffer, tag
from lgtm.wire.remote_write_rows import NS_PER_MS, out_of_range

_VALUE, _TIMESTAMP = tag(2, FIXED64), tag(3, VARINT)
NOT_UTF8 = "a label of an exemplar is not valid UTF-8"


@dataclass(slots=True)
class Faults:
    """Which of the exemplars are to be left out, and why the first that was found is."""

    wrong: Flags | None = None
    message: str = ""

    def add(self, wrong: Flags | None, message: str) -> None:
        if wrong is not None and wrong.any():
            self.message = self.message or message
            self.wrong = wrong if self.wrong is None else self.wrong | wrong

    def dropped(self) -> tuple[Dropped, ...]:
        return () if self.wrong is None else (Dropped(Loss.INVALID_EXEMPLAR, int(np.count_nonzero(self.wrong)), self.message),)


def exemplar_columns(buffer: Buffer, exemplars: Places, bounds: BodyBounds) -> MessageColumns:
    """The exemplars as messages, their labels not read yet. Raises TooManyRows."""
    if len(exemplars) > bounds.rows_max:
        raise TooManyRows(bounds.rows_max)
    return MessageColumns(buffer, exemplars.start, exemplars.end, _VALUE, _TIMESTAMP)


def exemplar_rows(
    series: Ints, exemplars: MessageColumns, labels: Pairs, faults: Faults, bounds: BodyBounds
) -> tuple[pa.RecordBatch | None, tuple[Dropped, ...]]:
    """Columns of EXEMPLARS and of their labels, and what is left out. faults: what is known of already. Raises MetadataTooLarge."""
    times, values = exemplars.varints(_TIMESTAMP), exemplars.doubles(_VALUE)
    late = out_of_range(times)
    if late is not None:
        at = int(late.argmax())
        faults.add(late, f"timestamp of an exemplar in series {series[at]} is out of range: {times[at]} milliseconds")
    if len(labels.rows):
        _judge_labels(labels, len(series), faults)
    if faults.wrong is not None:
        kept = ~faults.wrong
        labels = _of_kept(labels, kept)
        series, times, values = series[kept], times[kept], values[kept]
    if not len(series):
        return None, faults.dropped()
    fixed = [numbers(series.astype(np.uint32), pa.uint32()), numbers(times * NS_PER_MS, pa.int64()), numbers(values, pa.float64())]
    columns = MetadataColumns(bytes_max=bounds.metadata_bytes_max)
    columns.add(labels)
    fields, arrays = columns.finish(len(series))
    return pa.RecordBatch.from_arrays([*fixed, *arrays], schema=pa.schema([*EXEMPLARS.columns, *fields])), faults.dropped()


def _judge_labels(labels: Pairs, exemplars: int, faults: Faults) -> None:
    """Rules and words are those of Prometheus. Labels with an empty value are none."""
    given = (pc.utf8_length(labels.pool).to_numpy() > 0)[labels.picks]
    rows, picks = labels.rows[given], labels.picks[given]
    numbers: dict[str, int] = {}
    names = np.array([numbers.setdefault(key, len(numbers)) for key in labels.keys], np.int64)[labels.names[given]]
    lengths = np.array(list(map(len, numbers)), np.int64)[names] + pc.utf8_length(labels.pool).to_numpy()[picks]
    too_long = np.bincount(rows, lengths, exemplars) > EXEMPLAR_RUNES_MAX
    faults.add(too_long, f"label length for exemplar exceeds maximum of {EXEMPLAR_RUNES_MAX} UTF-8 characters")
    labels_of_rows, counts = np.unique(rows * len(numbers) + names, return_counts=True)
    twice = labels_of_rows[counts > 1]
    if len(twice):
        wrong = np.zeros(exemplars, np.bool_)
        wrong[twice // len(numbers)] = True
        faults.add(wrong, f'label name "{list(numbers)[twice[0] % len(numbers)]}" is not unique: invalid exemplar')


def _of_kept(labels: Pairs, kept: Flags) -> Pairs:
    """The labels of exemplars that are kept, which are numbered anew."""
    held, place = kept[labels.rows], kept.cumsum() - 1
    return Pairs(place[labels.rows[held]], labels.names[held], labels.picks[held], labels.keys, labels.pool)
