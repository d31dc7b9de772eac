"""What of a request of samples may be stored: all decisions of the distributor about it, without waiting.

the tenant's rate → series, of which known ones cost a look-up → times, and the order of samples where a tenant wants one
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.distributor.histogram_rules import faults_of
from lgtm.distributor.label_rules import series_text
from lgtm.distributor.merge import Accepted, with_series
from lgtm.distributor.metric_metadata import metadata_at
from lgtm.distributor.refusals import Reason, Refusal, SampleRateLimited, Written
from lgtm.distributor.tenants import TenantState
from lgtm.errors import LgtmError
from lgtm.model.signal import HISTOGRAM, SERIES, TS
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_samples import DecodedSamples

Numbers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
MESSAGES_MAX = 20
"""Series that are named one by one for each reason."""
MESSAGE_MAX = 4_096
"""Characters of one message: the labels of a series may be megabytes."""


@dataclass(slots=True, frozen=True)
class SampleAdmission:
    """accepted, exemplars, metadata: None when there is nothing to store. error: instead of everything. points: as in SamplesRefused."""

    accepted: Accepted | None = None
    exemplars: Accepted | None = None
    metadata: Accepted | None = None
    refusals: tuple[Refusal, ...] = ()
    error: LgtmError | None = None
    points: int = 0
    stored: Callable[[], None] = lambda: None
    """To be called once everything is stored."""

    @property
    def written(self) -> Written:
        if self.accepted is None:
            return Written(exemplars=_rows(self.exemplars))
        rows = self.accepted.rows
        histograms = len(rows) - rows.column(HISTOGRAM).null_count if HISTOGRAM in rows.schema.names else 0
        return Written(len(rows) - histograms, histograms, _rows(self.exemplars))


def _rows(accepted: Accepted | None) -> int:
    return 0 if accepted is None else int(accepted.rows.num_rows)


def admit_samples(tenant: Tenant, decoded: DecodedSamples, state: TenantState, *, now_ns: int, monotonic_ns: int) -> SampleAdmission:
    """Takes tokens from the tenant's rate. now_ns: wall time."""
    limits = state.limits
    if not state.sample_bucket.allow(len(decoded), monotonic_ns):
        wait_s = state.sample_bucket.wait_s(len(decoded), monotonic_ns)
        error = SampleRateLimited(tenant, state.sample_bucket.rate, state.sample_bucket.burst, len(decoded), wait_s)
        return SampleAdmission(error=error, refusals=(Refusal(Reason.RATE_LIMITED, str(error), len(decoded), 0),))
    series = _Resolved(decoded, state, monotonic_ns)
    latest_ns = now_ns + limits.creation_grace_period_ns if limits.creation_grace_period_ns > 0 else None
    series.refuse_empty(decoded.empty_series)
    said = state.metadata.fresh(decoded.metadata, now_ns) if decoded.metadata else ()

    def stored() -> None:
        series.stored()
        state.metadata.stored(said, now_ns)

    return SampleAdmission(
        accepted=series.kept(decoded.rows, latest_ns, limits.out_of_order_time_window_ns),
        exemplars=None if decoded.exemplars is None else series.kept_exemplars(decoded.exemplars, latest_ns, decoded.empty_series),
        metadata=metadata_at(said, now_ns),
        refusals=(*series.refusals, *(Refusal(lost.reason, lost.message, lost.points, 0) for lost in decoded.dropped)),
        points=sum(lost.points for lost in decoded.dropped) + series.points_refused,
        stored=stored,
    )


class _Resolved:
    """The series of a request, each once."""

    def __init__(self, decoded: DecodedSamples, state: TenantState, monotonic_ns: int) -> None:
        found = state.metric_series.resolve(decoded.keys, decoded.labels_of, monotonic_ns, decoded.sent_labels)
        self._refusals: dict[Reason, list[Refusal]] = {}
        self.series, self._numbers = found.series, found.numbers
        self._found, self._known = found, state.metric_series
        self.stored: Callable[[], None] = lambda: None
        self._points = decoded.points
        self.points_refused = 0
        if found.refused:
            rows = np.bincount(decoded.rows.column(SERIES).to_numpy(), minlength=len(decoded.keys))
            for at, refusal in found.refused:
                self._refuse(*refusal, int(rows[at]))

    @property
    def refusals(self) -> list[Refusal]:
        return [refusal for of_reason in self._refusals.values() for refusal in of_reason]

    def _refuse(self, reason: Reason, message: str, rows: int, times: int = 1) -> None:
        """The first of a reason are named, the others counted with the last of them."""
        told = self._refusals.setdefault(reason, [])
        if len(told) >= MESSAGES_MAX:
            last = told[-1]
            told[-1] = Refusal(reason, last.message, last.lines + rows, 0, last.times + times)
            return
        told.append(Refusal(reason, message if len(message) <= MESSAGE_MAX else f"{message[:MESSAGE_MAX]}…", rows, 0, times))

    def _refuse_rows(self, reason: Reason, text: str, numbers: Numbers) -> None:
        """numbers: of each refused row its series, which are named in the order in which they came."""
        series, first, counts = np.unique(numbers, return_index=True, return_counts=True)
        order = first.argsort()
        named = order[:MESSAGES_MAX]
        for number, rows in zip(series[named].tolist(), counts[named].tolist(), strict=True):
            self._refuse(reason, f"{text} for series {self._text(number)}", rows)
        others = order[MESSAGES_MAX:]
        if len(others):
            self._refuse(reason, "", int(counts[others].sum()), len(others))

    def kept(self, rows: pa.RecordBatch, latest_ns: int | None, window_ns: int = 0) -> Accepted | None:
        """Rows of series that are none of the refused, not later than that, no histograms that make no sense, and not too old for the window."""
        numbers = self._numbers_of(rows)
        bad = self._bad(rows, numbers, latest_ns)
        if window_ns > 0:
            bad = self._without_too_old(rows, numbers, bad, window_ns)
        if self._points is not None and (bad is not None or self._numbers is not None):
            points = self._points()[(numbers < 0) if bad is None else (numbers < 0) | bad]
            self.points_refused = len(np.unique(points[points >= 0]))
        return self._accepted(rows, numbers, bad)

    def kept_exemplars(self, rows: pa.RecordBatch, latest_ns: int | None, empty_series: Sequence[int]) -> Accepted | None:
        """Exemplars of series that are none of the refused, nor of those without samples, and not later than that."""
        numbers, late = self._numbers_of(rows), _later(rows, latest_ns)
        bad = np.isin(rows.column(SERIES).to_numpy(), empty_series) if empty_series else None
        if late is not None:
            text = "out of bounds: timestamp of an exemplar is too far in the future"
            bad = np.zeros(len(late), np.bool_) if bad is None else bad
            self._refuse_rows(Reason.EXEMPLAR_TOO_FAR_IN_FUTURE, text, numbers[late & ~bad & (numbers >= 0)])
            bad = bad | late
        return self._accepted(rows, numbers, bad)

    def _numbers_of(self, rows: pa.RecordBatch) -> Numbers:
        """Of each row the place of its series, -1 for those of a refused one."""
        at: Numbers = rows.column(SERIES).to_numpy()
        return at if self._numbers is None else self._numbers[at]

    def _accepted(self, rows: pa.RecordBatch, numbers: Numbers, bad: Flags | None) -> Accepted | None:
        if self._numbers is None and bad is None:
            return Accepted(self.series, (), rows) if rows.num_rows else None
        keep = numbers >= 0 if bad is None else (numbers >= 0) & ~bad
        if not keep.any():
            return None
        used, renumbered = np.unique(numbers[keep], return_inverse=True)
        return Accepted(self.series.take(used), (), with_series(rows.filter(pa.array(keep)), renumbered.astype(np.uint32)))

    def _bad(self, rows: pa.RecordBatch, numbers: Numbers, latest_ns: int | None) -> Flags | None:
        """Rows that are refused, which is told; None when there are none."""
        late = _later(rows, latest_ns)
        senseless = self._senseless(rows, numbers) if HISTOGRAM in rows.schema.names else None
        if late is None:
            return senseless
        text, told = "out of bounds: timestamp is too far in the future", late & (numbers >= 0) & self._was_sent()
        self._refuse_rows(Reason.TOO_FAR_IN_FUTURE, text, numbers[told if senseless is None else told & ~senseless])
        return late if senseless is None else late | senseless

    def _without_too_old(self, rows: pa.RecordBatch, numbers: Numbers, bad: Flags | None, window_ns: int) -> Flags:
        """The bad rows, and those of the others that are too old, which is told."""
        bad = np.zeros(rows.num_rows, bool) if bad is None else bad
        judged = np.flatnonzero((numbers >= 0) & ~bad)
        series, ts = numbers[judged], rows.column(TS).to_numpy()[judged]
        late = self._known.too_old(self._found, series, ts, window_ns)
        self.stored = partial(self._known.stored, self._found, series[~late], ts[~late])
        if late.any():
            too_old = np.zeros(rows.num_rows, np.bool_)
            too_old[judged[late]] = True
            self._refuse_rows(Reason.SAMPLE_TOO_OLD, "too old sample", numbers[too_old & self._was_sent()])
            bad = bad | too_old
        return bad

    def _was_sent(self) -> Flags | bool:
        """Of the samples, which are not of our own making: nobody is told of these."""
        return True if self._points is None else self._points() >= 0

    def _senseless(self, rows: pa.RecordBatch, numbers: Numbers) -> Flags | None:
        column = rows.column(HISTOGRAM)
        of_rows = np.flatnonzero(np.asarray(column.is_valid()))
        found = faults_of(column.drop_null()) if len(of_rows) else {}
        if not found:
            return None
        bad = np.zeros(rows.num_rows, bool)
        for number, text in found.items():
            row = int(of_rows[number])
            bad[row] = True
            if numbers[row] >= 0:
                self._refuse(Reason.INVALID_HISTOGRAM, f"{text} for series {self._text(int(numbers[row]))}", 1)
        return bad

    def _text(self, number: int) -> str:
        return series_text(self.series.labels_at(number) or ())

    def refuse_empty(self, keys: Sequence[int]) -> None:
        """Series that came without samples."""
        for key in keys:
            number = key if self._numbers is None else int(self._numbers[key])
            if number >= 0:
                text = f"TimeSeries must contain at least one sample or histogram for series {self._text(number)}"
                self._refuse(Reason.EMPTY_SERIES, text, 0)


def _later(rows: pa.RecordBatch, latest_ns: int | None) -> Flags | None:
    """Which rows are later than that, None when there are none."""
    ts = rows.column(TS).to_numpy()
    if latest_ns is None or not len(ts) or int(ts.max()) <= latest_ns:
        return None
    late: Flags = ts > latest_ns
    return late
