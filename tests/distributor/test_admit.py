from __future__ import annotations

import dataclasses

import pytest

from distributor.pushes import MINUTE_AGO_NS, NOW_NS, TENANT, Sent, StoredEntry, entries_of, lines, push_of
from lgtm.clock import NS_PER_S
from lgtm.distributor.admit import Admission, admit
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.refusals import PushRefused, RateLimited, Reason, StreamLimitReached
from lgtm.distributor.tenants import TenantState
from lgtm.model.limits import Limits
from lgtm.wire.decoded import DecodedLogs, DecodedStream

A: Sent = ([("app", "a")], lines("one", "two"))
A_LABELS = (("app", "a"), ("service_name", "a"))
B_LABELS = (("app", "b"), ("service_name", "b"))


def state(**limits: object) -> TenantState:
    return TenantState(dataclasses.replace(Limits(), **limits), DistributorConfig(), 0)  # type: ignore[arg-type]  # limits by name


def admitted(tenant: TenantState, *streams: Sent, monotonic_ns: int = 0) -> Admission:
    return admit(TENANT, push_of(*streams), tenant, now_ns=NOW_NS, monotonic_ns=monotonic_ns)


def stored(admission: Admission) -> list[StoredEntry]:
    if admission.accepted is None:
        return []
    admission.accepted.rows.validate(full=True)
    return entries_of([series.labels or () for series in admission.accepted.series], admission.accepted.rows)


def test_valid_rows_pass_as_they_are_under_the_final_labels() -> None:
    admission = admitted(state(), ([("b", ""), ("app", "a")][1:], [(MINUTE_AGO_NS, "one", {"k": "v"}), (MINUTE_AGO_NS, "two")]))
    assert stored(admission) == [(A_LABELS, MINUTE_AGO_NS, "one", (("k", "v"),)), (A_LABELS, MINUTE_AGO_NS, "two", ())]
    assert (admission.bytes, admission.refusals, admission.error) == (8, (), None)


def test_a_stream_that_comes_twice_is_one_series() -> None:
    admission = admitted(state(), A, ([("app", "b")], lines("x")), ([("service_name", "a"), ("app", "a")], lines("three")))
    assert admission.accepted is not None
    assert [series.labels for series in admission.accepted.series] == [A_LABELS, B_LABELS]
    assert [(labels, line) for labels, _, line, _ in stored(admission)] == [
        (A_LABELS, "one"),
        (A_LABELS, "two"),
        (B_LABELS, "x"),
        (A_LABELS, "three"),
    ]


def test_streams_without_entries_are_skipped_even_when_they_are_invalid() -> None:
    admission = admitted(state(), ([("app", "a"), ("app", "b")], []), A)
    assert admission.error is None
    assert admission.accepted is not None
    assert len(admission.accepted.series) == 1
    nothing = admitted(state(), ([("app", "a")], []))
    assert (nothing.accepted, nothing.error) == (None, None)


def test_the_invalid_is_dropped_and_told() -> None:
    twice = ([("x", "1"), ("x", "2")], lines("dropped"))
    admission = admitted(state(max_line_size=3), ([("app", "a")], lines("one", "toolong", "two")), twice, ([("app", "b")], lines("toolong", "1")))
    assert [(labels, line) for labels, _, line, _ in stored(admission)] == [(A_LABELS, "one"), (A_LABELS, "two"), (B_LABELS, "1")]
    assert isinstance(admission.error, PushRefused)
    assert str(admission.error) == (
        "1 errors like: max entry size '3' bytes exceeded for stream '{app=\"a\", service_name=\"a\"}' while adding an entry with length '7' bytes; "
        '1 errors like: stream \'{service_name="unknown_service", x="1", x="2"}\' has duplicate label name: \'x\'; '
        "1 errors like: max entry size '3' bytes exceeded for stream '{app=\"b\", service_name=\"b\"}' while adding an entry with length '7' bytes"
    )


def test_a_single_error_is_told_verbatim() -> None:
    admission = admitted(state(max_line_size=3), ([("app", "a")], lines("toolong")))
    assert admission.accepted is None
    assert str(admission.error) == (
        "max entry size '3' bytes exceeded for stream '{app=\"a\", service_name=\"a\"}' while adding an entry with length '7' bytes"
    )


def test_labels_that_did_not_parse_drop_their_stream_only() -> None:
    good = push_of(A, ([("app", "b")], lines("x")))
    decoded = DecodedLogs((good.streams[0], DecodedStream("{b", None, "oops")), good.rows, "loki")
    admission = admit(TENANT, decoded, state(), now_ns=NOW_NS, monotonic_ns=0)
    assert [line for _, _, line, _ in stored(admission)] == ["one", "two"]
    assert str(admission.error) == "error parsing labels '{b' with error: oops"


def test_long_lines_are_cut_where_the_tenant_says_so() -> None:
    admission = admitted(state(max_line_size=3, max_line_size_truncate=True), ([("app", "a")], lines("one", "toolong")))
    assert [line for _, _, line, _ in stored(admission)] == ["one", "too"]
    assert (admission.bytes, admission.error) == (6, None)


def test_equal_times_are_moved_apart_among_what_is_kept() -> None:
    entries = [(5, "a"), (5, "toolong"), (5, "b")]
    admission = admitted(state(max_line_size=3, increment_duplicate_timestamp=True), ([("app", "a")], entries))
    assert [(ts, line) for _, ts, line, _ in stored(admission)] == [(5, "a"), (6, "b")]


def test_a_push_beyond_the_rate_is_refused_whole() -> None:
    tenant = state(ingestion_rate_bytes=10, ingestion_burst_bytes=10, max_line_size=20)
    bad = ([("app", "b")], lines("x" * 21))
    admission = admitted(tenant, ([("app", "a")], [(MINUTE_AGO_NS, "12345678", {"k": "vv"})]), bad)
    assert admission.accepted is None
    assert isinstance(admission.error, RateLimited)
    assert str(admission.error).startswith(
        "ingestion rate limit exceeded for user fake (limit: 10 bytes/sec) while attempting to ingest '1' lines totaling '11' bytes, "
    )
    assert admission.error.retry_after_s is None  # larger than the burst
    assert [(r.reason, r.lines, r.bytes) for r in admission.refusals] == [(Reason.LINE_TOO_LONG, 1, 21), (Reason.RATE_LIMITED, 1, 11)]


def test_only_what_is_valid_counts_towards_the_rate_and_time_makes_room() -> None:
    tenant = state(ingestion_rate_bytes=10, ingestion_burst_bytes=10, max_line_size=8)
    assert stored(admitted(tenant, ([("app", "a")], lines("12345678", "x" * 100))))
    refused = admitted(tenant, ([("app", "a")], lines("123456")))
    assert isinstance(refused.error, RateLimited)
    assert refused.error.retry_after_s == pytest.approx(0.4)
    assert stored(admitted(tenant, ([("app", "a")], lines("123456")), monotonic_ns=NS_PER_S))


def test_a_stream_over_the_limit_answers_before_invalid_rows() -> None:
    tenant = state(max_global_streams_per_user=1, max_line_size=3)
    admission = admitted(tenant, A, ([("app", "b")], lines("x")), ([("app", "a")], lines("toolong")))
    assert [(labels, line) for labels, _, line, _ in stored(admission)] == [(A_LABELS, "one"), (A_LABELS, "two")]
    assert isinstance(admission.error, StreamLimitReached)
    assert {refusal.reason for refusal in admission.refusals} == {Reason.STREAM_LIMIT, Reason.LINE_TOO_LONG}


def test_a_push_of_which_every_stream_is_over_a_limit_stores_nothing() -> None:
    tenant = state(max_global_streams_per_user=1)
    admitted(tenant, A)
    admission = admitted(tenant, ([("app", "b")], lines("x")))
    assert admission.accepted is None
    assert isinstance(admission.error, StreamLimitReached)


def test_a_refused_stream_is_not_active() -> None:
    tenant = state(max_global_streams_per_user=1, max_line_size=3)
    admitted(tenant, ([("app", "b")], lines("toolong")))
    assert admitted(tenant, A).error is None
