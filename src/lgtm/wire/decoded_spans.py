"""What every decoder of spans returns, in the layout of `model.Batch`."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from lgtm.model.batch import WithRows
from lgtm.model.labels import Labels


@dataclass(frozen=True)
class DecodedSpans(WithRows):
    """series: resource and scope of the rows as labels (`model/attributes.py`), each combination of the request once or more often.

    rows: columns of the signal SPANS (nullable ones only where some row has a value), then dynamic columns, then perhaps `rest`, in the order of
    the request.
    Times beyond int64 are its greatest value. format: `otlp`, `zipkin` or `jaeger`.
    """

    series: tuple[Labels, ...]
    rows: pa.RecordBatch
    format: str

    def __len__(self) -> int:
        return int(self.rows.num_rows)
