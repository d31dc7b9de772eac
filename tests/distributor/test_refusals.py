from __future__ import annotations

import pytest

from lgtm.distributor.refusals import (
    MESSAGE_BYTES_MAX,
    PushRefused,
    RateLimited,
    Reason,
    Refusal,
    StreamLimitReached,
    byte_size,
    combined,
    go_time,
    ignored_entries,
    rfc3339,
    stream_rate_reason,
    too_far_behind_reason,
)
from lgtm.errors import BadRequest, LimitExceeded
from lgtm.model.tenant import Tenant

TENANT = Tenant("t1")


@pytest.mark.parametrize(
    ("messages", "text"),
    [
        ([("a", 1)], "a"),
        ([("a", 2)], "2 errors like: a"),
        ([("a", 1), ("a", 1)], "2 errors like: a"),
        ([("a", 1), ("b", 3)], "1 errors like: a; 3 errors like: b"),
        ([("a", 1), ("b", 3), ("a", 4)], "5 errors like: a; 3 errors like: b"),
    ],
)
def test_messages_collapse_as_in_loki(messages: list[tuple[str, int]], text: str) -> None:
    assert combined(messages) == text


def test_a_combined_message_is_bounded() -> None:
    text = combined((f"{number} " + "x" * 10_000, 1) for number in range(1_000))
    assert len(text) < 1.1 * MESSAGE_BYTES_MAX
    assert text.endswith("; and 896 more")


@pytest.mark.parametrize(
    ("ts_ns", "rfc", "go"),
    [
        (1_795_168_859_999_999_999, "2026-11-20T10:00:59Z", "2026-11-20 10:00:59.999999999 +0000 UTC"),
        (1_795_168_860_000_000_000, "2026-11-20T10:01:00Z", "2026-11-20 10:01:00 +0000 UTC"),
        (1_795_168_860_500_000_000, "2026-11-20T10:01:00Z", "2026-11-20 10:01:00.5 +0000 UTC"),
        (-1, "1969-12-31T23:59:59Z", "1969-12-31 23:59:59.999999999 +0000 UTC"),
        (-(2**63), "1677-09-21T00:12:43Z", "1677-09-21 00:12:43.145224192 +0000 UTC"),
        (2**63 - 1, "2262-04-11T23:47:16Z", "2262-04-11 23:47:16.854775807 +0000 UTC"),
    ],
)
def test_times_are_written_as_go_writes_them(ts_ns: int, rfc: str, go: str) -> None:
    assert (rfc3339(ts_ns), go_time(ts_ns)) == (rfc, go)


@pytest.mark.parametrize(
    ("nbytes", "text"), [(0, "0B"), (1071, "1071B"), (1024, "1KB"), (3 << 20, "3MB"), ((3 << 20) + 1, "3145729B"), (1 << 60, "1EB")]
)
def test_sizes_are_in_the_largest_unit_that_divides_them(nbytes: int, text: str) -> None:
    assert byte_size(nbytes) == text


def test_ignored_entries_are_listed_and_counted() -> None:
    reason = too_far_behind_reason(1_795_168_859_999_999_999, 1_795_168_860_000_000_000)
    assert ignored_entries(TENANT, '{case="p203"}', [(1_795_168_859_999_999_999, reason)], ignored=1, total=3) == (
        "entry with timestamp 2026-11-20 10:00:59.999999999 +0000 UTC ignored, reason: 'entry too far behind, entry timestamp is: "
        "2026-11-20T10:00:59Z, oldest acceptable timestamp is: 2026-11-20T10:01:00Z',\n"
        "user 't1', total ignored: 1 out of 3 for stream: {case=\"p203\"}"
    )


def test_the_texts_of_limits_are_lokis() -> None:
    assert str(RateLimited(TENANT, 4_194_304, 30, 7_500_050, None)) == (
        "ingestion rate limit exceeded for user t1 (limit: 4194304 bytes/sec) while attempting to ingest '30' lines totaling '7500050' bytes, "
        "reduce log volume or contact your Loki administrator to see if the limit can be increased"
    )
    assert str(StreamLimitReached(TENANT, '{a="b"}')) == (
        'maximum active stream limit exceeded when trying to create stream {a="b"}, reduce the number of active streams (reduce labels or reduce '
        "label values), or contact your Loki administrator to see if the limit can be increased, user: 't1'"
    )
    assert stream_rate_reason(3 << 20, '{a="b"}', 1071) == (
        "Per stream rate limit exceeded (limit: 3MB/sec) while attempting to ingest for stream '{a=\"b\"}' totaling 1071B, consider splitting a "
        "stream via additional labels or contact your Loki administrator to see if the limit can be increased"
    )


def test_invalid_rows_are_the_callers_fault_and_limits_are_not() -> None:
    refused = PushRefused([Refusal(Reason.LINE_TOO_LONG, "a", 1, 1), Refusal(Reason.LINE_TOO_LONG, "a", 2, 9, times=2)])
    assert isinstance(refused, BadRequest)
    assert str(refused) == "3 errors like: a"
    assert isinstance(RateLimited(TENANT, 1, 1, 1, 2.5), LimitExceeded)
    assert RateLimited(TENANT, 1, 1, 1, 2.5).retry_after_s == 2.5
