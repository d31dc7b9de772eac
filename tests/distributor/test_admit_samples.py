"""What of a request of samples is stored, and what its sender hears of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from distributor.pushes import NOW_NS, TENANT
from lgtm.distributor.admit_samples import MESSAGE_MAX, SampleAdmission, admit_samples
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.merge import Accepted
from lgtm.distributor.refusals import Reason, SampleRateLimited, Written
from lgtm.distributor.tenants import TenantState
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.wire.decoded_samples import DecodedSamples, Dropped, Loss, Metadata
from lgtm.wire.remote_write import decode_remote_write_1
from support.samples import NS_PER_MS, Sample, decoded_samples, metric
from wire.write_messages import PROMETHEUS, histogram, write_1

NOW_MS = NOW_NS // NS_PER_MS
UP, DOWN, NAMELESS = metric("up", job="a"), metric("down"), (("job", "a"),)


def admit(*requests: DecodedSamples, **limits: Any) -> list[SampleAdmission]:
    state = TenantState(Limits(**limits), DistributorConfig(), 0)
    return [admitted(request, state) for request in requests]


def admitted(request: DecodedSamples, state: TenantState, *, stored: bool = True) -> SampleAdmission:
    admission = admit_samples(TENANT, request, state, now_ns=NOW_NS, monotonic_ns=0)
    if stored:
        admission.stored()
    return admission


def stored(accepted: Accepted | None) -> Sequence[Sample]:
    if accepted is None:
        return []
    rows = accepted.rows.to_pylist()
    found: list[tuple[Labels, int, float]] = [(accepted.series[row["series"]].labels or (), row["ts"] // NS_PER_MS, row["value"]) for row in rows]
    return found


def test_all_is_stored_as_it_came() -> None:
    sent = [(UP, NOW_MS, 1.0), (DOWN, NOW_MS, 2.0), (UP, 0, 3.0)]
    (admission,) = admit(decoded_samples(sent))
    assert stored(admission.accepted) == sent
    assert (admission.refusals, admission.written) == ((), Written(samples=3))


def test_a_series_that_comes_twice_in_a_request_is_one() -> None:
    sent = [(UP, NOW_MS, 1.0), (DOWN, NOW_MS, 2.0), (UP, NOW_MS + 1, 3.0)]
    (admission,) = admit(decoded_samples(sent, repeated=True))
    assert admission.accepted is not None
    assert len(admission.accepted.series) == 2
    assert stored(admission.accepted) == sent


def test_samples_of_refused_series_are_left_out_and_told() -> None:
    exemplars = [(NAMELESS, NOW_MS, 1.0, {"trace_id": "x"}), (UP, NOW_MS, 2.0, {"trace_id": "y"})]
    (admission,) = admit(decoded_samples([(NAMELESS, NOW_MS, 1.0), (UP, NOW_MS, 2.0)], exemplars=exemplars))
    assert stored(admission.accepted) == [(UP, NOW_MS, 2.0)]
    assert admission.exemplars is not None
    assert admission.exemplars.rows.column("meta.trace_id").to_pylist() == ["y"]
    assert [(one.reason, one.lines) for one in admission.refusals] == [(Reason.INVALID_LABELS, 1)]
    assert admission.written == Written(samples=1, exemplars=1)


def test_samples_far_ahead_are_refused_with_series_and_time() -> None:
    ahead = NOW_MS + 11 * 60_000
    (admission,) = admit(decoded_samples([(UP, ahead, 1.0), (DOWN, NOW_MS, 2.0), (DOWN, ahead, 2.0)]))
    assert stored(admission.accepted) == [(DOWN, NOW_MS, 2.0)]
    text = "out of bounds: timestamp is too far in the future for series"
    assert [one.message for one in admission.refusals] == [f'{text} {{__name__="up", job="a"}}', f'{text} {{__name__="down"}}']
    assert [one.lines for one in admission.refusals] == [1, 1]
    assert admit(decoded_samples([(UP, ahead, 1.0)]), creation_grace_period_ns=0)[0].refusals == ()


def test_samples_behind_the_out_of_order_window_are_refused_with_their_series() -> None:
    minute = 60_000
    first, second = decoded_samples([(UP, NOW_MS, 1.0), (DOWN, NOW_MS - 30 * minute, 1.0)]), [
        (UP, NOW_MS - 9 * minute, 2.0), (UP, NOW_MS - 11 * minute, 3.0), (DOWN, NOW_MS - 29 * minute, 4.0), (DOWN, NOW_MS - 31 * minute, 5.0),
    ]  # fmt: skip
    before, after = admit(first, decoded_samples(second), out_of_order_time_window_ns=10 * minute * NS_PER_MS)
    assert stored(before.accepted) == [(UP, NOW_MS, 1.0)], "a new series may be no older than the window either"
    assert stored(after.accepted) == [(UP, NOW_MS - 9 * minute, 2.0)]
    assert [(one.reason, one.lines) for one in after.refusals] == [(Reason.SAMPLE_TOO_OLD, 1), (Reason.SAMPLE_TOO_OLD, 2)]
    texts = ['{__name__="up", job="a"}', '{__name__="down"}']
    assert [one.message for one in after.refusals] == [f"too old sample for series {text}" for text in texts]


def test_what_is_newer_than_the_newest_of_its_series_is_in_order_however_far_the_tenant_is() -> None:
    hour = 3_600_000
    lagging = [decoded_samples([(DOWN, NOW_MS - 2 * hour + number, 1.0)]) for number in range(2)]
    found = admit(lagging[0], decoded_samples([(UP, NOW_MS, 1.0)]), lagging[1], lagging[0], out_of_order_time_window_ns=NS_PER_MS)
    assert [len(stored(one.accepted)) for one in found] == [1, 1, 1, 0]


def test_samples_that_could_not_be_stored_are_not_too_late_when_they_come_again() -> None:
    hour = 3_600_000
    state = TenantState(Limits(out_of_order_time_window_ns=NS_PER_MS), DistributorConfig(), 0)
    admitted(decoded_samples([(DOWN, NOW_MS - 2 * hour, 1.0)]), state)
    failed = decoded_samples([(DOWN, NOW_MS - hour, 2.0)])
    admitted(failed, state, stored=False)
    admitted(decoded_samples([(UP, NOW_MS, 1.0)]), state)
    for _ in range(2):
        assert stored(admitted(failed, state).accepted) == [(DOWN, NOW_MS - hour, 2.0)], "nor when they were stored and the answer was lost"


def test_without_a_window_any_order_is_fine() -> None:
    found = admit(decoded_samples([(UP, NOW_MS, 1.0)]), decoded_samples([(UP, 0, 1.0)]))
    assert [len(stored(one.accepted)) for one in found] == [1, 1]


def test_a_tenant_beyond_its_rate_is_told_when_to_come_back() -> None:
    request = decoded_samples([(UP, NOW_MS, 1.0), (DOWN, NOW_MS, 1.0)])
    first, second = admit(request, request, metrics_rate_samples=2, metrics_burst_samples=2)
    assert first.error is None
    assert isinstance(second.error, SampleRateLimited)
    assert second.error.retry_after_s == 1.0
    assert second.accepted is None


def test_what_a_request_lost_before_is_told_with_the_rest() -> None:
    lost = Dropped(Loss.TIMESTAMP_OUT_OF_RANGE, 2, "timestamp in series 0 is out of range")
    (admission,) = admit(replace(decoded_samples([(UP, NOW_MS, 1.0), (NAMELESS, NOW_MS, 1.0)]), dropped=(lost,)))
    assert stored(admission.accepted) == [(UP, NOW_MS, 1.0)]
    assert [one.reason for one in admission.refusals] == [Reason.INVALID_LABELS, Loss.TIMESTAMP_OUT_OF_RANGE]
    assert (admission.refusals[1].message, admission.refusals[1].lines) == (lost.message, 2)


def test_series_without_samples_are_refused_where_the_format_forbids_them() -> None:
    decoded = replace(decoded_samples([(UP, NOW_MS, 1.0)], exemplars=[(DOWN, NOW_MS, 1.0, {})]), empty_series=(1,))
    (admission,) = admit(decoded)
    (refusal,) = admission.refusals
    assert refusal.message == 'TimeSeries must contain at least one sample or histogram for series {__name__="down"}'
    assert (refusal.reason, refusal.lines) == (Reason.EMPTY_SERIES, 0)
    assert admission.exemplars is None
    assert admission.written == Written(samples=1)


def test_exemplars_far_ahead_are_refused_as_their_samples_would_be() -> None:
    ahead = NOW_MS + 11 * 60_000
    exemplars = [(UP, NOW_MS, 1.0, {"n": "1"}), (UP, ahead, 2.0, {"n": "2"}), (NAMELESS, ahead, 3.0, {}), (DOWN, ahead, 4.0, {})]
    decoded = decoded_samples([(UP, NOW_MS, 1.0), (NAMELESS, NOW_MS, 1.0)], exemplars=exemplars)
    for empty, refused in (((), ['{__name__="up", job="a"}', '{__name__="down"}']), ((2,), ['{__name__="up", job="a"}'])):
        (admission,) = admit(replace(decoded, empty_series=empty))
        told = [one for one in admission.refusals if one.reason is Reason.EXEMPLAR_TOO_FAR_IN_FUTURE]
        assert [one.message for one in told] == [
            f"out of bounds: timestamp of an exemplar is too far in the future for series {text}" for text in refused
        ]
        assert admission.exemplars is not None
        assert admission.exemplars.rows.column("meta.n").to_pylist() == ["1"]
        assert admission.written == Written(samples=1, exemplars=1)


def test_metadata_alone_is_fine() -> None:
    (admission,) = admit(decoded_samples([], metadata=[Metadata("up", "gauge", "", "")]))
    assert admission.accepted is None
    assert admission.metadata is not None
    assert admission.error is None


def test_metadata_that_could_not_be_stored_is_taken_when_it_comes_again() -> None:
    state, request = TenantState(Limits(), DistributorConfig(), 0), decoded_samples([], metadata=[Metadata("up", "gauge", "", "s")])
    assert admitted(request, state, stored=False).metadata is not None
    assert admitted(request, state).metadata is not None
    assert admitted(request, state).metadata is None


def test_a_histogram_is_refused_for_one_reason_though_it_has_two() -> None:
    request = write_1([(UP, [(NOW_MS, 1.0)]), (DOWN, [])])
    fields = {"count_int": 9, "positive_spans": [(0, 1)], "positive_deltas": [1], "timestamp": NOW_MS + 11 * 60_000}
    request.timeseries[1].histograms.append(histogram(fields, PROMETHEUS["Histogram"]))
    (admission,) = admit(decode_remote_write_1(request.SerializeToString()))
    assert stored(admission.accepted) == [(UP, NOW_MS, 1.0)]
    assert [(one.reason, one.lines) for one in admission.refusals] == [(Reason.INVALID_HISTOGRAM, 1)]


def test_messages_do_not_grow_with_labels() -> None:
    (admission,) = admit(decoded_samples([((("job", "x" * 1_000_000),), NOW_MS, 1.0)]))
    (refusal,) = admission.refusals
    assert len(refusal.message) == MESSAGE_MAX + 1
    assert refusal.message.endswith("x…")


def test_many_refused_series_are_counted_behind_the_first() -> None:
    many = [((("job", str(number)),), NOW_MS, 1.0) for number in range(30)]
    (admission,) = admit(decoded_samples(many))
    assert len(admission.refusals) == 20
    assert sum(one.lines for one in admission.refusals) == 30


def test_of_each_reason_the_first_series_are_named() -> None:
    nameless = [((("job", str(number)),), NOW_MS, 1.0) for number in range(30)]
    ahead = [(metric("m", n=str(30 - number // 2)), NOW_MS + 11 * 60_000, 1.0) for number in range(60)]
    (admission,) = admit(decoded_samples(nameless + ahead))
    for reason, lines in ((Reason.INVALID_LABELS, 1), (Reason.TOO_FAR_IN_FUTURE, 2)):
        told = [one for one in admission.refusals if one.reason is reason]
        assert [one.lines for one in told] == [lines] * 19 + [11 * lines]
        assert told[-1].times == 11
    assert 'n="30"' in admission.refusals[20].message
    assert 'n="11"' in admission.refusals[39].message


def test_points_are_counted_once_and_only_those_that_were_sent() -> None:
    ahead = NOW_MS + 11 * 60_000
    samples = [(UP, ahead, 1.0), (UP, ahead, 2.0), (DOWN, NOW_MS, 3.0), (NAMELESS, NOW_MS, 4.0), (DOWN, ahead, 5.0)]
    numbers = np.array([0, 0, 1, 1, -1])
    lost = Dropped(Loss.NO_VALUE, 3, "data point has no value")
    decoded = replace(decoded_samples(samples), points=lambda: numbers, dropped=(lost,))
    (admission,) = admit(decoded)
    assert admission.points == 2 + 3
    assert [one.lines for one in admission.refusals if one.reason is Reason.TOO_FAR_IN_FUTURE] == [2], "nobody is told of a sample that nobody sent"
    assert stored(admission.accepted) == [(DOWN, NOW_MS, 3.0)]


def test_a_late_sample_that_nobody_sent_is_left_out_without_a_word() -> None:
    window = 60_000 * NS_PER_MS
    late = [(UP, NOW_MS - 300_000, 2.0), (DOWN, NOW_MS, 1.0)]
    _, admission = admit(
        decoded_samples([(UP, NOW_MS, 1.0)]), replace(decoded_samples(late), points=lambda: np.array([-1, 0])), out_of_order_time_window_ns=window
    )
    assert (admission.refusals, admission.points, stored(admission.accepted)) == ((), 0, late[1:])
