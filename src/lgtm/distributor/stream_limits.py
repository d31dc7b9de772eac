"""Limits that are kept stream by stream: how many are active, how fast each comes, how far behind its newest an entry may be.

They are judged last, over what is otherwise accepted, in Loki's order. Of several streams that fail, the last one's error answers the request.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from lgtm.distributor.refusals import (
    LISTED_ENTRIES_MAX,
    Reason,
    Refusal,
    StreamLimitReached,
    StreamRateLimited,
    TooFarBehind,
    ignored_entries,
    stream_rate_reason,
    too_far_behind_reason,
)
from lgtm.distributor.resolve import ResolvedStream
from lgtm.distributor.sizes import Ints
from lgtm.distributor.streams import ActiveStreams, StreamState
from lgtm.errors import LgtmError
from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant
from lgtm.model.window import TS_NS_MIN


@dataclass(slots=True)
class StreamJudgement:
    """kept: one flag a row. error: what to answer when something was refused."""

    kept: npt.NDArray[np.bool_]
    refusals: list[Refusal] = field(default_factory=list)
    error: LgtmError | None = None


@dataclass(slots=True, frozen=True)
class StreamRows:
    """Accepted rows by stream. series: of each row a position in `streams`, all of which have a series and a row. sizes: bytes of each row."""

    streams: tuple[ResolvedStream, ...]
    series: npt.NDArray[np.uint32]
    ts: Ints
    sizes: Ints


def judge_streams(tenant: Tenant, rows: StreamRows, active: ActiveStreams, limits: Limits, now_ns: int) -> StreamJudgement:
    """now_ns: monotonic. Marks the streams as used."""
    judgement = StreamJudgement(np.ones(len(rows.series), np.bool_))
    states = [active.use(stream.series.fingerprint, now_ns) for stream in rows.streams if stream.series is not None]
    if None not in states and limits.per_stream_rate_bytes <= 0 and limits.max_behind_newest_ns <= 0:
        return judgement
    order = np.argsort(rows.series, kind="stable")
    bounds = np.searchsorted(rows.series[order], np.arange(len(rows.streams) + 1))
    for number, (stream, state) in enumerate(zip(rows.streams, states, strict=True)):
        _Stream(tenant, str(stream), order[bounds[number] : bounds[number + 1]], rows).judge(state, limits, now_ns, judgement)
    return judgement


@dataclass(slots=True, frozen=True)
class _Stream:
    """at: the stream's rows in the order of the push."""

    tenant: Tenant
    text: str
    at: Ints
    rows: StreamRows

    def judge(self, state: StreamState | None, limits: Limits, now_ns: int, judgement: StreamJudgement) -> None:
        nbytes = int(self.rows.sizes[self.at].sum())
        if state is None:
            self._refuse(self.at, Reason.STREAM_LIMIT, StreamLimitReached(self.tenant, self.text), judgement)
        elif state.bucket is not None and not state.bucket.allow(nbytes, now_ns):
            reason = stream_rate_reason(state.bucket.rate, self.text, nbytes)
            error = StreamRateLimited(self._ignored(self.at, lambda _: reason), state.bucket.wait_s(nbytes, now_ns))
            self._refuse(self.at, Reason.PER_STREAM_RATE_LIMIT, error, judgement)
        elif limits.max_behind_newest_ns > 0:
            self._judge_times(state, limits.max_behind_newest_ns, judgement)

    def _judge_times(self, state: StreamState, behind_ns_max: int, judgement: StreamJudgement) -> None:
        """Each entry is compared with the newest before it, in this push or an earlier one."""
        ts = self.rows.ts[self.at]
        newest = np.maximum(np.maximum.accumulate(ts), state.newest_ns)
        oldest = np.maximum(newest, TS_NS_MIN + behind_ns_max) - behind_ns_max
        late = ts < oldest
        state.newest_ns = int(newest[-1])
        if late.any():
            text = self._ignored(self.at[late], lambda row: too_far_behind_reason(int(ts[late][row]), int(oldest[late][row])))
            self._refuse(self.at[late], Reason.TOO_FAR_BEHIND, TooFarBehind(text), judgement)

    def _ignored(self, at: Ints, reason: Callable[[int], str]) -> str:
        """reason: of an entry by its position in `at`."""
        listed = [(int(self.rows.ts[row]), reason(number)) for number, row in enumerate(at[:LISTED_ENTRIES_MAX].tolist())]
        return ignored_entries(self.tenant, self.text, listed, ignored=len(at), total=len(self.at))

    def _refuse(self, at: Ints, reason: Reason, error: LgtmError, judgement: StreamJudgement) -> None:
        judgement.kept[at] = False
        judgement.refusals.append(Refusal(reason, str(error), lines=len(at), bytes=int(self.rows.sizes[at].sum())))
        judgement.error = error
