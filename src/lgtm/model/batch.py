"""A batch: rows of one tenant and one signal as Arrow columns, beside the table of the series they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import pyarrow as pa

from lgtm.model.series import Series, SeriesTable
from lgtm.model.signal import TS, Signal
from lgtm.model.tenant import Tenant


class WithRows:
    """What has rows, and is asked for their size again and again: adding it up costs as much as many a kernel."""

    rows: pa.RecordBatch

    @cached_property
    def nbytes(self) -> int:
        """Of the rows."""
        return int(self.rows.nbytes)


@dataclass(frozen=True)
class Batch(WithRows):
    """rows: the signal's fixed columns in order, then dynamic columns, then perhaps `rest`; `rows["series"]` indexes `series`.

    A batch that was projected for a query may lack columns that the query does not read. Rows are in order of arrival unless said otherwise.
    """

    signal: Signal
    tenant: Tenant
    series: Sequence[Series]
    rows: pa.RecordBatch

    @property
    def table(self) -> SeriesTable:
        """`series` as columns, which they are from the start where they come by the thousand."""
        return SeriesTable.of(self.series)

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def time_range_ns(self) -> tuple[int, int]:
        """Least and greatest `ts`, both included. Raises ValueError when there are no rows."""
        if not len(self):
            raise ValueError("an empty batch has no time range")
        return self._time_range_ns

    @cached_property
    def _time_range_ns(self) -> tuple[int, int]:
        ts = self.rows.column(TS).to_numpy()
        return int(ts.min()), int(ts.max())
