"""What every decoder of logs returns: streams as they were sent, and their rows as columns in the layout of `model.Batch`.

A decoder judges the form of a request only. What a tenant may send (label rules, sizes, times) is judged later, over these columns,
so that one push is treated alike whichever wire format it came in.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lgtm.model.batch import WithRows


@dataclass(slots=True, frozen=True)
class DecodedStream:
    """A stream as sent.

    text: the label text of the request, or canonical text where the format has none; for messages.
    labels: pairs in the order sent, maybe with duplicate names, never with empty values; None when the text does not parse.
    error: why the text does not parse; None when it does.
    """

    text: str
    labels: tuple[tuple[str, str], ...] | None
    error: str | None = None


@dataclass(frozen=True)
class DecodedLogs(WithRows):
    """streams: one for each stream of the request, in its order; the same labels may come twice.

    rows: `series` (uint32 position in `streams`), `ts`, `line`, then `meta.<name>` columns with sanitised names, then perhaps `rest`, in
    the order of the request. There may be no rows. format: `loki` or `otlp`, for messages and metrics.
    """

    streams: tuple[DecodedStream, ...]
    rows: pa.RecordBatch
    format: str

    def __len__(self) -> int:
        return int(self.rows.num_rows)
