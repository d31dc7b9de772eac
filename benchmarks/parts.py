"""The dataset as the write path sees it behind the decoder: batches, and parts as they are logged."""

from __future__ import annotations

from benchmarks.datasets import Dataset
from lgtm.model.batch import Batch
from lgtm.model.labels import labels_of
from lgtm.model.part import Part, PartId
from lgtm.model.series import Series
from lgtm.model.signal import LOGS
from lgtm.model.tenant import DEFAULT_TENANT
from lgtm.wire.bounds import BodyBounds
from lgtm.wire.compression import snappy_block
from lgtm.wire.loki_push import decode_push
from lgtm.wire.part import encode_part

BOUNDS = BodyBounds()


def batches(data: Dataset) -> list[Batch]:
    """One for each request."""
    found = []
    for request in data.requests:
        decoded = decode_push(snappy_block(request.body, bytes_max=BOUNDS.decompressed_bytes_max), BOUNDS)
        series = tuple(Series.of(labels_of(dict(stream.labels or ()))) for stream in decoded.streams)
        found.append(Batch(LOGS, DEFAULT_TENANT, series, decoded.rows))
    return found


def parts(found: list[Batch]) -> list[bytes]:
    return [encode_part(Part(PartId(bytes(16), 1, number), ("bench",), batch)) for number, batch in enumerate(found)]
