"""What of an export of spans may be stored: all decisions of the distributor about it, without waiting.

the tenant's rate → start times → long attributes are cut. Ids were judged when the request was decoded.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from lgtm.distributor.admit import Admission
from lgtm.distributor.merge import Accepted, with_series
from lgtm.distributor.refusals import Reason, Refusal, SpanRateLimited, SpansRefused, rfc3339
from lgtm.distributor.tenants import TenantState
from lgtm.distributor.truncate import truncate_attributes, truncate_labels
from lgtm.model.labels import Fingerprint, Labels
from lgtm.model.limits import Limits
from lgtm.model.series import Series
from lgtm.model.signal import SERIES, TS
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_spans import DecodedSpans


def admit_spans(tenant: Tenant, decoded: DecodedSpans, state: TenantState, *, nbytes: int, now_ns: int, monotonic_ns: int) -> Admission:
    """Takes tokens from the tenant's rate. nbytes: of the columns, which are near those of the request."""
    limits, rows = state.limits, decoded.rows
    if not len(decoded):
        return Admission(None, 0, (), None)
    if not state.span_bucket.allow(nbytes, monotonic_ns):
        wait_s = state.span_bucket.wait_s(nbytes, monotonic_ns)
        error = SpanRateLimited(tenant, state.span_bucket.rate, state.span_bucket.burst, nbytes, wait_s)
        return Admission(None, 0, (Refusal(Reason.RATE_LIMITED, str(error), len(decoded), nbytes),), error)
    rows, refusals = _in_time(rows, limits, now_ns)
    error_of_some = SpansRefused(refusals) if refusals else None
    if not rows.num_rows:
        return Admission(None, 0, refusals, error_of_some)
    accepted = _completed(decoded.series, rows, limits)
    return Admission(accepted, nbytes, refusals, error_of_some)


def _in_time(rows: pa.RecordBatch, limits: Limits, now_ns: int) -> tuple[pa.RecordBatch, tuple[Refusal, ...]]:
    """Without spans that start too far ahead of the clock: each date of them would be a block of its own, to be kept until it is over."""
    if limits.creation_grace_period_ns <= 0:
        return rows, ()
    ts = rows.column(TS).to_numpy()
    ahead = ts > now_ns + limits.creation_grace_period_ns
    if not ahead.any():
        return rows, ()
    kept = rows.filter(pa.array(~ahead))
    count = int(ahead.sum())
    message = f"{count} spans start too far in the future, the first of them at {rfc3339(int(ts[ahead][0]))}; check the sender's clock"
    return kept, (Refusal(Reason.TOO_FAR_IN_FUTURE, message, count, int(rows.nbytes - kept.nbytes)),)


def _completed(sent: tuple[Labels, ...], rows: pa.RecordBatch, limits: Limits) -> Accepted:
    """Series that have rows, each once, with attributes of bounded length."""
    numbers: dict[Fingerprint, int] = {}
    series: list[Series] = []
    of = rows.column(SERIES).to_numpy()
    renumbered = np.zeros(len(sent), np.uint32)
    for at in np.flatnonzero(np.bincount(of, minlength=len(sent))).tolist():
        one = Series.of(truncate_labels(sent[at], limits.max_attribute_bytes))
        number = renumbered[at] = numbers.setdefault(one.fingerprint, len(series))
        if number == len(series):
            series.append(one)
    return Accepted(tuple(series), (), with_series(truncate_attributes(rows, limits.max_attribute_bytes), renumbered[of]))
