"""What of an export of spans is stored, and what its sender hears of the rest."""

from __future__ import annotations

from distributor.pushes import NOW_NS, TENANT
from lgtm.clock import NS_PER_S
from lgtm.distributor.admit import Admission
from lgtm.distributor.admit_spans import admit_spans
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.refusals import Reason, SpanRateLimited, SpansRefused
from lgtm.distributor.tenants import TenantState
from lgtm.model.limits import MINUTE_NS, Limits
from lgtm.wire.decoded_spans import DecodedSpans
from support.spans import Span, span, spans_batch, spans_of

SECOND = NOW_NS + NS_PER_S


def decoded(*spans: Span) -> DecodedSpans:
    batch = spans_batch(spans)
    return DecodedSpans(tuple(one.labels or () for one in batch.series), batch.rows, "otlp")


def admit(limits: Limits, *exports: DecodedSpans) -> list[Admission]:
    state = TenantState(limits, DistributorConfig(), 0)
    return [admit_spans(TENANT, export, state, nbytes=int(export.rows.nbytes), now_ns=NOW_NS, monotonic_ns=0) for export in exports]


def names(admission: Admission) -> list[str]:
    return [] if admission.accepted is None else admission.accepted.rows.column("name").to_pylist()


def test_spans_of_any_past_are_stored_and_those_far_ahead_are_refused_one_by_one() -> None:
    ahead = NOW_NS + 11 * MINUTE_NS
    export = decoded(span("a", 0, 1, 1, name="1970"), span("a", ahead, 1, 2, name="late"), span("b", SECOND, 1, 3, name="soon"))
    (admission,) = admit(Limits(), export)
    assert names(admission) == ["1970", "soon"]
    assert isinstance(admission.error, SpansRefused)
    assert admission.error.count == 1
    assert "check the sender's clock" in str(admission.error)
    assert [refusal.reason for refusal in admission.refusals] == [Reason.TOO_FAR_IN_FUTURE]
    assert admit(Limits(creation_grace_period_ns=0), export)[0].error is None


def test_an_export_of_which_nothing_can_be_stored_says_how_much_that_was() -> None:
    (admission,) = admit(Limits(), decoded(span("a", NOW_NS + 3600 * NS_PER_S, 1, 1)))
    assert (admission.accepted, getattr(admission.error, "count", None)) == (None, 1)


def test_series_that_are_equal_become_one_and_those_without_spans_go() -> None:
    one, other = decoded(span("a", 1, 1, 1), span("b", 2, 1, 2)), decoded(span("a", 3, 1, 3))
    twice = DecodedSpans((*one.series, *one.series), one.rows, "otlp")
    accepted = admit(Limits(), twice)[0].accepted
    assert accepted is not None
    assert [series.labels for series in accepted.series] == list(one.series)
    unused = DecodedSpans((*other.series, (("resource.x", "y"),)), other.rows, "otlp")
    accepted = admit(Limits(), unused)[0].accepted
    assert accepted is not None
    assert [series.labels for series in accepted.series] == list(other.series)


def test_a_tenant_beyond_its_rate_is_told_when_to_come_back_or_that_it_is_of_no_use() -> None:
    export = decoded(span("a", 1, 1, 1))
    size = int(export.rows.nbytes)
    first, second = admit(Limits(traces_rate_bytes=size, traces_burst_bytes=size), export, export)
    assert first.error is None
    assert isinstance(second.error, SpanRateLimited)
    assert second.error.retry_after_s == 1.0
    assert f"RATE_LIMITED: ingestion rate limit (local: {size} bytes/s, global: 0 bytes/s, burst: {size} bytes)" in str(second.error)
    (alone,) = admit(Limits(traces_rate_bytes=size - 1, traces_burst_bytes=0), export)
    assert isinstance(alone.error, SpanRateLimited)
    assert alone.error.retry_after_s is None
    assert str(alone.error).startswith(f"RATE_LIMITED: batch size ({size} bytes) exceeds ingestion limit")


def test_long_attributes_are_cut() -> None:
    export = decoded(span("a" * 50, 1, 1, 1, attributes={"span.k": "x" * 50}))
    accepted = admit(Limits(max_attribute_bytes=20), export)[0].accepted
    assert accepted is not None
    assert accepted.rows.column("span.k").to_pylist() == ["x" * 20]
    assert dict(accepted.series[0].labels or ())["resource.service.name"] == "a" * 20


def test_an_export_of_nothing_is_fine() -> None:
    empty = decoded(span("a", 1, 1, 1))
    (admission,) = admit(Limits(), DecodedSpans((), empty.rows.slice(0, 0), "otlp"))
    assert (admission.accepted, admission.error) == (None, None)
    assert spans_of(spans_batch([])) == []
