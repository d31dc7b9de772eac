"""Why rows are refused: reasons, texts and errors. Texts are Loki's, word for word, because agents log them and people search for them."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lgtm.clock import NS_PER_S
from lgtm.errors import BadRequest, LimitExceeded, Unavailable
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_samples import Loss

MESSAGE_BYTES_MAX = 1024 * 1024
"""A combined message is not extended beyond this."""

LISTED_ENTRIES_MAX = 10
"""Entries that are named one by one in the error of a stream."""


class Reason(enum.StrEnum):
    """The value of the label `reason` in metrics."""

    MISSING_LABELS = "missing_labels"
    INVALID_LABELS = "invalid_labels"
    MAX_LABEL_NAMES_PER_SERIES = "max_label_names_per_series"
    LABEL_NAME_TOO_LONG = "label_name_too_long"
    LABEL_VALUE_TOO_LONG = "label_value_too_long"
    DUPLICATE_LABEL_NAMES = "duplicate_label_names"
    GREATER_THAN_MAX_SAMPLE_AGE = "greater_than_max_sample_age"
    TOO_FAR_IN_FUTURE = "too_far_in_future"
    LINE_TOO_LONG = "line_too_long"
    DISALLOWED_STRUCTURED_METADATA = "disallowed_structured_metadata"
    STRUCTURED_METADATA_TOO_LARGE = "structured_metadata_too_large"
    STRUCTURED_METADATA_TOO_MANY = "structured_metadata_too_many"
    RATE_LIMITED = "rate_limited"
    STREAM_LIMIT = "stream_limit"
    PER_STREAM_RATE_LIMIT = "per_stream_rate_limit"
    TOO_FAR_BEHIND = "too_far_behind"
    INVALID_HISTOGRAM = "invalid_native_histogram"
    EMPTY_SERIES = "empty_series"
    EXEMPLAR_TOO_FAR_IN_FUTURE = "exemplar_too_far_in_future"
    SAMPLE_TOO_OLD = "sample_timestamp_too_old"
    SERIES_LIMIT = "per_user_series_limit"


@dataclass(slots=True, frozen=True)
class Refusal:
    """Rows refused for one reason. times: how often the message counts (a stream once, entries one by one)."""

    reason: Reason | Loss
    message: str
    lines: int
    bytes: int
    times: int = 1


class PushRefused(BadRequest):
    """Some streams or entries of a push are invalid; the rest of it is stored."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)

    def __str__(self) -> str:
        return combined((refusal.message, refusal.times) for refusal in self.refusals)


class RateLimited(LimitExceeded):
    """A tenant sends more than its limit; nothing of the push is stored."""

    def __init__(self, tenant: Tenant, rate_bytes: int, lines: int, nbytes: int, retry_after_s: float | None) -> None:
        self.tenant, self.rate_bytes, self.lines, self.bytes, self.retry_after_s = tenant, rate_bytes, lines, nbytes, retry_after_s

    def __str__(self) -> str:
        return (
            f"ingestion rate limit exceeded for user {self.tenant} (limit: {self.rate_bytes} bytes/sec) while attempting to ingest "
            f"'{self.lines}' lines totaling '{self.bytes}' bytes, reduce log volume or contact your Loki administrator to see if the limit "
            "can be increased"
        )


@dataclass(slots=True, frozen=True)
class Written:
    """How much of a request of samples was stored."""

    samples: int = 0
    histograms: int = 0
    exemplars: int = 0


class SamplesRefused(BadRequest):
    """Some samples of a request are not stored, and never will be; the rest of it is."""

    def __init__(self, refusals: Sequence[Refusal], written: Written, points: int = 0) -> None:
        """points: of OTLP, that are not stored, or not all of their samples."""
        self.refusals, self.written, self.points = tuple(refusals), written, points

    def __str__(self) -> str:
        return "\n".join(refusal.message for refusal in self.refusals)


class SampleRateLimited(LimitExceeded):
    """A tenant sends more samples than its limit; nothing of the request is stored."""

    def __init__(self, tenant: Tenant, rate: int, burst: int, samples: int, retry_after_s: float | None) -> None:
        self.tenant, self.rate, self.burst, self.samples, self.retry_after_s = tenant, rate, burst, samples, retry_after_s

    def __str__(self) -> str:
        return (
            f"the request has been rejected because tenant {self.tenant} exceeded the ingestion rate limit, set to {self.rate} samples/s with a "
            f"maximum allowed burst of {self.burst}: {self.samples} samples. Raise limits.metrics_rate_samples, or send less"
        )


class SpansRefused(BadRequest):
    """Some spans of an export are not stored, and never will be; the rest of it is."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        self.count = sum(refusal.lines for refusal in refusals)

    def __str__(self) -> str:
        return "; ".join(refusal.message for refusal in self.refusals)


class SpanRateLimited(LimitExceeded):
    """A tenant sends more spans than its limit; nothing of the export is stored. Texts are Tempo's."""

    def __init__(self, tenant: Tenant, rate_bytes: int, burst_bytes: int, nbytes: int, retry_after_s: float | None) -> None:
        self.tenant, self.rate_bytes, self.burst_bytes, self.bytes, self.retry_after_s = tenant, rate_bytes, burst_bytes, nbytes, retry_after_s

    def __str__(self) -> str:
        limit = f"(local: {self.rate_bytes} bytes/s, global: 0 bytes/s, burst: {self.burst_bytes} bytes)"
        if self.retry_after_s is None:
            return (
                f"RATE_LIMITED: batch size ({self.bytes} bytes) exceeds ingestion limit {limit} while adding {self.bytes} bytes for user "
                f"{self.tenant}. consider reducing batch size or increasing rate limit."
            )
        return (
            f"RATE_LIMITED: ingestion rate limit {limit} exceeded while adding {self.bytes} bytes for user {self.tenant}. "
            "consider increasing the limit or reducing ingestion rate."
        )


class StreamLimitReached(LimitExceeded):
    """A tenant has as many active streams as it may; the new one is not stored, all others are."""

    retry_after_s = 60.0

    def __init__(self, tenant: Tenant, stream: str) -> None:
        self.tenant, self.stream = tenant, stream

    def __str__(self) -> str:
        return (
            f"maximum active stream limit exceeded when trying to create stream {self.stream}, reduce the number of active streams (reduce labels "
            f"or reduce label values), or contact your Loki administrator to see if the limit can be increased, user: '{self.tenant}'"
        )


class StreamRateLimited(LimitExceeded):
    """A stream sends more than its limit; nothing of it is stored."""

    def __init__(self, text: str, retry_after_s: float | None) -> None:
        self.text, self.retry_after_s = text, retry_after_s

    def __str__(self) -> str:
        return self.text


class TooFarBehind(BadRequest):
    """Entries of a stream are much older than its newest one; the others are stored."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


class QueueFull(Unavailable):
    """Raised before anything is logged: too many rows wait for acknowledgement."""

    def __init__(self, in_flight_bytes: int, bytes_max: int) -> None:
        self.in_flight_bytes, self.bytes_max = in_flight_bytes, bytes_max

    def __str__(self) -> str:
        return f"{self.in_flight_bytes} bytes of rows wait for acknowledgement, distributor.in_flight_bytes_max is {self.bytes_max}; retry later"


class NotAcknowledged(Unavailable):
    """The outcome of a write is not known: it may yet be stored. Sending again is safe, queries drop the copy."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s

    def __str__(self) -> str:
        return f"rows were not acknowledged within {self.timeout_s:g}s; send again"


class Stopping(Unavailable):
    """The distributor is going down."""

    def __str__(self) -> str:
        return "this distributor is stopping; send to another one"


def combined(messages: Iterable[tuple[str, int]]) -> str:
    """One message verbatim; several as `2 errors like: a; 1 errors like: b`, in order of first appearance."""
    counts: dict[str, int] = {}
    for message, times in messages:
        counts[message] = counts.get(message, 0) + times
    if sum(counts.values()) == 1:
        return next(iter(counts))
    texts: list[str] = []
    size = 0
    for message, times in counts.items():
        if texts and size + len(message) > MESSAGE_BYTES_MAX:
            texts.append(f"and {len(counts) - len(texts)} more")
            break
        texts.append(f"{times} errors like: {message}")
        size += len(message)
    return "; ".join(texts)


def ignored_entries(tenant: Tenant, stream: str, listed: Sequence[tuple[int, str]], *, ignored: int, total: int) -> str:
    """The error of one stream of which some entries were not stored. listed: time and reason of the first LISTED_ENTRIES_MAX of them."""
    lines = [f"entry with timestamp {go_time(ts_ns)} ignored, reason: '{reason}',\n" for ts_ns, reason in listed]
    return "".join(lines) + f"user '{tenant}', total ignored: {ignored} out of {total} for stream: {stream}"


def stream_rate_reason(limit_bytes: int, stream: str, nbytes: int) -> str:
    return (
        f"Per stream rate limit exceeded (limit: {byte_size(limit_bytes)}/sec) while attempting to ingest for stream '{stream}' totaling "
        f"{byte_size(nbytes)}, consider splitting a stream via additional labels or contact your Loki administrator to see if the limit can be "
        "increased"
    )


def too_far_behind_reason(ts_ns: int, oldest_ns: int) -> str:
    return f"entry too far behind, entry timestamp is: {rfc3339(ts_ns)}, oldest acceptable timestamp is: {rfc3339(oldest_ns)}"


def rfc3339(ts_ns: int) -> str:
    """UTC, whole seconds."""
    return f"{_seconds(ts_ns):%Y-%m-%dT%H:%M:%SZ}"


def go_time(ts_ns: int) -> str:
    """UTC as Go's time.Time prints itself: `2026-11-20 10:00:59.5 +0000 UTC`."""
    fraction = f".{ts_ns % NS_PER_S:09d}".rstrip("0").rstrip(".")
    return f"{_seconds(ts_ns):%Y-%m-%d %H:%M:%S}{fraction} +0000 UTC"


def byte_size(nbytes: int) -> str:
    """The largest unit of 1024 that divides it: `3MB`, `1071B`."""
    units = ("B", "KB", "MB", "GB", "TB", "PB", "EB")
    power = 0
    while nbytes and nbytes % 1024 == 0 and power < len(units) - 1:
        nbytes, power = nbytes // 1024, power + 1
    return f"{nbytes}{units[power]}"


def _seconds(ts_ns: int) -> dt.datetime:
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=ts_ns // NS_PER_S)
