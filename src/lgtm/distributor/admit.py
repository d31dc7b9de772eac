"""What of a push may be stored: all decisions of the distributor about one request, without waiting.

streams resolved → lines cut → streams and entries judged → times moved → the tenant's rate → limits stream by stream
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.distributor.amend import increment_duplicates, truncate_lines
from lgtm.distributor.merge import Accepted, with_series
from lgtm.distributor.refusals import PushRefused, RateLimited, Reason, Refusal
from lgtm.distributor.resolve import ResolvedStream
from lgtm.distributor.sizes import Ints, RowSizes
from lgtm.distributor.stream_limits import StreamRows, judge_streams
from lgtm.distributor.tenants import TenantState
from lgtm.distributor.validate import judge
from lgtm.errors import LgtmError
from lgtm.model.labels import Fingerprint
from lgtm.model.signal import SERIES, TS
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedLogs


@dataclass(slots=True, frozen=True)
class Admission:
    """accepted: None when nothing may be stored; bytes: of its lines and metadata. error: what to raise once `accepted` is stored."""

    accepted: Accepted | None
    bytes: int
    refusals: tuple[Refusal, ...]
    error: LgtmError | None


@dataclass(slots=True)
class _Rows:
    """sizes: bytes of each row, as limits count them."""

    rows: pa.RecordBatch
    sizes: Ints

    def keep(self, kept: npt.NDArray[np.bool_]) -> None:
        if not kept.all():
            self.rows, self.sizes = self.rows.filter(pa.array(kept)), self.sizes[kept]


def admit(tenant: Tenant, decoded: DecodedLogs, state: TenantState, *, now_ns: int, monotonic_ns: int) -> Admission:
    """Takes tokens from the tenant's rate and marks its streams as used."""
    limits = state.limits
    sent = decoded.rows
    if limits.max_line_size_truncate and limits.max_line_size > 0:
        sent = truncate_lines(sent, limits.max_line_size)
    sizes = RowSizes(sent)
    streams = [state.resolve(stream) for stream in decoded.streams]
    judgement = judge(sent, streams, sizes, limits, now_ns)
    rows = _Rows(sent, sizes.total)
    rows.keep(judgement.kept)
    if not len(rows.sizes):
        return Admission(None, 0, judgement.refusals, PushRefused(judgement.refusals) if judgement.refusals else None)
    if limits.increment_duplicate_timestamp:
        rows.rows = increment_duplicates(rows.rows)
    if not state.bucket.allow(nbytes := int(rows.sizes.sum()), monotonic_ns):
        error = RateLimited(tenant, limits.ingestion_rate_bytes, len(rows.sizes), nbytes, state.bucket.wait_s(nbytes, monotonic_ns))
        refusal = Refusal(Reason.RATE_LIMITED, str(error), len(rows.sizes), nbytes)
        return Admission(None, 0, (*judgement.refusals, refusal), error)
    return _admit_streams(tenant, rows, streams, state, judgement.refusals, monotonic_ns)


def _admit_streams(
    tenant: Tenant, rows: _Rows, streams: Sequence[ResolvedStream], state: TenantState, refusals: tuple[Refusal, ...], monotonic_ns: int
) -> Admission:
    used, series = _distinct(streams, rows.rows.column(SERIES).to_numpy())
    judgement = judge_streams(
        tenant, StreamRows(used, series, rows.rows.column(TS).to_numpy(), rows.sizes), state.streams, state.limits, monotonic_ns
    )
    rows.keep(judgement.kept)
    refusals = (*refusals, *judgement.refusals)
    error = judgement.error or (PushRefused(refusals) if refusals else None)
    if not len(rows.sizes):
        return Admission(None, 0, refusals, error)
    if judgement.refusals:
        used, series = _distinct(used, series[judgement.kept])
    kept = tuple(stream.series for stream in used if stream.series is not None)
    accepted = Accepted(kept, tuple(stream.level for stream in used), with_series(rows.rows, series))
    return Admission(accepted, int(rows.sizes.sum()), refusals, error)


def _distinct(streams: Sequence[ResolvedStream], series: npt.NDArray[np.uint32]) -> tuple[tuple[ResolvedStream, ...], npt.NDArray[np.uint32]]:
    """Streams that have rows, each series once, and the rows' positions among them. All streams with rows must have a series."""
    numbers: dict[Fingerprint, int] = {}
    used: list[ResolvedStream] = []
    renumbered = np.zeros(len(streams), np.uint32)
    for at in np.flatnonzero(np.bincount(series, minlength=len(streams))).tolist():
        stream = streams[at]
        assert stream.series is not None, "a row of a refused stream was kept"
        number = renumbered[at] = numbers.setdefault(stream.series.fingerprint, len(used))
        if number == len(used):
            used.append(stream)
    return tuple(used), renumbered[series]
