"""A batch: rows of one tenant and one signal as Arrow columns, beside the table of the series they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.fingerprint_index import Prints, prints_of
from lgtm.model.labels import Fingerprint, Labels, fingerprint
from lgtm.model.signal import TS, Signal
from lgtm.model.tenant import Tenant


@dataclass(slots=True, frozen=True)
class Series:
    """What has labels and an identity: a log stream, a metric series, a resource of spans.

    labels is None where the receiver is known to have them already: labels travel once a generation.
    """

    fingerprint: Fingerprint
    labels: Labels | None
    _bare: Series | None = field(init=False, default=None, compare=False, repr=False)
    _label_bytes: int = field(init=False, default=-1, compare=False, repr=False)

    @classmethod
    def of(cls, labels: Labels) -> Series:
        return cls(fingerprint(labels), labels)

    @property
    def bare(self) -> Series:
        """The same without labels; made once, for series are sent by the thousand again and again."""
        if self.labels is None:
            return self
        if self._bare is None:
            object.__setattr__(self, "_bare", Series(self.fingerprint, None))
        assert self._bare is not None
        return self._bare

    @property
    def label_bytes(self) -> int:
        """Characters of names and values, about; counted once."""
        if self._label_bytes < 0:
            object.__setattr__(self, "_label_bytes", sum(len(name) + len(value) for name, value in self.labels or ()))
        return self._label_bytes


class SeriesTable(tuple[Series, ...]):
    """The series of a batch in their order. What is asked of all of them is computed once: samples come in batches of thousands of series."""

    @cached_property
    def fingerprints(self) -> list[Fingerprint]:
        return [one.fingerprint for one in self]

    @cached_property
    def prints(self) -> Prints:
        """The fingerprints as numbers."""
        return prints_of(self.fingerprints)

    @cached_property
    def is_bare(self) -> bool:
        """Whether none has labels."""
        return not any(one.labels is not None for one in self)

    @cached_property
    def is_labelled(self) -> bool:
        """Whether all have labels."""
        return all(one.labels is not None for one in self)

    @cached_property
    def label_bytes(self) -> int:
        return sum([one._label_bytes if one._label_bytes >= 0 else one.label_bytes for one in self])

    @property
    def bare(self) -> SeriesTable:
        """The same series without labels."""
        return SeriesTable.bare_of(self.fingerprints, self.prints, [one._bare or one.bare for one in self])

    @classmethod
    def bare_of(cls, fingerprints: list[Fingerprint], prints: Prints, series: Iterable[Series]) -> SeriesTable:
        """series: without labels, with these fingerprints."""
        table = cls(series)
        table.fingerprints, table.prints, table.is_bare, table.is_labelled = fingerprints, prints, True, not fingerprints
        return table


@dataclass(slots=True, frozen=True)
class Batch:
    """rows: the signal's fixed columns in order, then dynamic columns, then perhaps `rest`; `rows["series"]` indexes `series`.

    A batch that was projected for a query may lack columns that the query does not read. Rows are in order of arrival unless said otherwise.
    """

    signal: Signal
    tenant: Tenant
    series: tuple[Series, ...]
    rows: pa.RecordBatch

    @property
    def table(self) -> SeriesTable:
        """`series`, with what is known of all of them; where they come by the thousand, they are one from the start."""
        return self.series if isinstance(self.series, SeriesTable) else SeriesTable(self.series)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def time_range_ns(self) -> tuple[int, int]:
        """Least and greatest `ts`, both included. Raises ValueError when there are no rows."""
        if not len(self):
            raise ValueError("an empty batch has no time range")
        bounds = pc.min_max(self.rows.column(TS)).as_py()
        return int(bounds["min"]), int(bounds["max"])
