"""Which rows of a push may be stored. The judgement is made over columns; Python runs once for each stream and each distinct message."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from lgtm.clock import NS_PER_S
from lgtm.distributor.refusals import Reason, Refusal, rfc3339
from lgtm.distributor.resolve import ResolvedStream
from lgtm.distributor.sizes import Ints, RowSizes
from lgtm.model.limits import Limits
from lgtm.model.signal import SERIES, TS

Mask = npt.NDArray[np.bool_]

_SEE = "or contact your Loki administrator to"


@dataclass(slots=True, frozen=True)
class Judgement:
    """kept: one flag a row. refusals: in the order in which their first rows came."""

    kept: Mask
    refusals: tuple[Refusal, ...]


@dataclass(slots=True, frozen=True)
class _Check:
    """detail: what the message tells beside the stream, in whole `unit`s; rows alike in both share a message."""

    reason: Reason
    failed: Mask
    detail: Ints
    message: Callable[[str, int], str]
    unit: int = 1


def judge(rows: pa.RecordBatch, streams: Sequence[ResolvedStream], sizes: RowSizes, limits: Limits, now_ns: int) -> Judgement:
    """rows: `series` is a position in `streams`. The first check that a row fails is the one it is refused for."""
    series = rows.column(SERIES).to_numpy()
    found: list[tuple[int, Refusal]] = []
    kept = np.ones(len(series), np.bool_)
    if any(stream.refusal is not None for stream in streams):
        kept = np.array([stream.refusal is None for stream in streams])[series]
        found.extend(_refused_streams(series, streams, sizes))
    for check in _checks(rows, sizes, limits, now_ns):
        failed = kept & check.failed
        if failed.any():
            found.extend(_refused_entries(check, np.flatnonzero(failed), series, streams, sizes))
            kept &= ~failed
    return Judgement(kept, tuple(refusal for _, refusal in sorted(found, key=lambda pair: pair[0])))


def _refused_streams(series: npt.NDArray[np.uint32], streams: Sequence[ResolvedStream], sizes: RowSizes) -> Iterator[tuple[int, Refusal]]:
    numbers, first, lines = np.unique(series, return_index=True, return_counts=True)
    nbytes = np.bincount(series, weights=sizes.total)
    for number, row, count in zip(numbers.tolist(), first.tolist(), lines.tolist(), strict=True):
        if (refusal := streams[number].refusal) is not None:
            reason, message = refusal
            yield row, Refusal(reason, message, lines=count, bytes=int(nbytes[number]))


def _refused_entries(
    check: _Check, failed: Ints, series: npt.NDArray[np.uint32], streams: Sequence[ResolvedStream], sizes: RowSizes
) -> Iterator[tuple[int, Refusal]]:
    keys = np.stack((series[failed].astype(np.int64), check.detail[failed] // check.unit * check.unit))
    distinct, first, group, counts = np.unique(keys, axis=1, return_index=True, return_inverse=True, return_counts=True)
    nbytes = np.bincount(group.reshape(-1), weights=sizes.total[failed])
    for number, detail, at, count, size in zip(*distinct.tolist(), first.tolist(), counts.tolist(), nbytes.tolist(), strict=True):
        message = check.message(str(streams[number]), detail)
        yield int(failed[at]), Refusal(check.reason, message, lines=count, bytes=int(size), times=count)


def _checks(rows: pa.RecordBatch, sizes: RowSizes, limits: Limits, now_ns: int) -> Iterator[_Check]:
    """The checks that the limits ask for, in Loki's order. Each is evaluated only when the one before it has been used."""
    ts: Ints = rows.column(TS).to_numpy()
    if limits.reject_old_samples and limits.reject_old_samples_max_age_ns > 0:
        oldest_ns = now_ns - limits.reject_old_samples_max_age_ns
        yield _Check(Reason.GREATER_THAN_MAX_SAMPLE_AGE, ts < oldest_ns, ts, lambda stream, ts_ns: _too_old(stream, ts_ns, oldest_ns), NS_PER_S)
    if limits.creation_grace_period_ns > 0:
        too_new = ts > now_ns + limits.creation_grace_period_ns
        yield _Check(Reason.TOO_FAR_IN_FUTURE, too_new, ts, _too_new, NS_PER_S)
    if (most := limits.max_line_size) > 0:
        yield _Check(Reason.LINE_TOO_LONG, sizes.lines > most, sizes.lines, lambda stream, size: _line_too_long(stream, size, most))
    if sizes.has_metadata:
        yield from _metadata_checks(sizes, limits)


def _metadata_checks(sizes: RowSizes, limits: Limits) -> Iterator[_Check]:
    if not limits.allow_structured_metadata:
        disallowed = sizes.metadata_counts > 0
        yield _Check(Reason.DISALLOWED_STRUCTURED_METADATA, disallowed, np.zeros(len(disallowed), np.int64), _disallowed)
    if (most_bytes := limits.max_structured_metadata_size) > 0:
        too_large = sizes.metadata > most_bytes
        message = _metadata_message("structured metadata too large: '%d' bytes, limit: '%d' bytes", "max_structured_metadata_size", most_bytes)
        yield _Check(Reason.STRUCTURED_METADATA_TOO_LARGE, too_large, sizes.metadata, message)
    if (most := limits.max_structured_metadata_entries_count) > 0:
        too_many = sizes.metadata_counts > most
        message = _metadata_message("too many structured metadata labels: '%d', limit: '%d'", "max_structured_metadata_entries_count", most)
        yield _Check(Reason.STRUCTURED_METADATA_TOO_MANY, too_many, sizes.metadata_counts, message)


def _too_old(stream: str, ts_ns: int, oldest_ns: int) -> str:
    return f"entry for stream '{stream}' has timestamp too old: {rfc3339(ts_ns)}, oldest acceptable timestamp is: {rfc3339(oldest_ns)}"


def _too_new(stream: str, ts_ns: int) -> str:
    return f"entry for stream '{stream}' has timestamp too new: {rfc3339(ts_ns)}"


def _line_too_long(stream: str, size: int, most: int) -> str:
    return f"max entry size '{most}' bytes exceeded for stream '{stream}' while adding an entry with length '{size}' bytes"


def _disallowed(stream: str, _: int) -> str:
    return (
        f"stream '{stream}' includes structured metadata, but this feature is disallowed. "
        f"Please see `limits_config.allow_structured_metadata` {_SEE} enable it"
    )


def _metadata_message(what: str, limit_name: str, limit: int) -> Callable[[str, int], str]:
    return lambda stream, size: f"stream '{stream}' has {what % (size, limit)}. Please see `limits_config.{limit_name}` {_SEE} increase it"
