"""Labels make a series, or there is a reason why not; asked together they do as one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.distributor.label_rules import LabelRules
from lgtm.distributor.refusals import Reason
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.series import Series
from wire.sent import sent_in_many_ways, sent_together

UP: Labels = (("__name__", "up"), ("job", "a"))
LIMITS = Limits(max_metric_label_names=3, max_label_name_length=8, max_metric_label_value_length=8)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ((), Reason.MISSING_LABELS),
        ((("__name__", ""),), Reason.MISSING_LABELS),
        ((("job", "a"),), Reason.INVALID_LABELS),
        ((("__name__", "up"), ("", "x")), Reason.INVALID_LABELS),
        ((("__name__", "up"), ("a", "1"), ("a", "2")), Reason.DUPLICATE_LABEL_NAMES),
        ((("__name__", "up"), ("a", "1"), ("b", "2"), ("c", "3")), Reason.MAX_LABEL_NAMES_PER_SERIES),
        ((("__name__", "up"), ("a" * 9, "1")), Reason.LABEL_NAME_TOO_LONG),
        ((("__name__", "up"), ("a", "1" * 9)), Reason.LABEL_VALUE_TOO_LONG),
    ],
)
def test_what_is_no_series_is_refused_with_a_reason(sent: Labels, reason: Reason) -> None:
    refused = LabelRules(LIMITS).judged(sent)
    assert not isinstance(refused, Series)
    assert refused[0] is reason
    assert refused[1]


def test_labels_are_sorted_and_empty_ones_are_absent() -> None:
    found = LabelRules(Limits()).judged((("job", "a"), ("x", ""), ("__name__", "up")))
    assert isinstance(found, Series)
    assert found == Series.of(UP)


NAMES = st.sampled_from(["__name__", "job", "", "é", "Z", "a" * 8, "é" * 4, "é" * 5])
VALUES = st.sampled_from(["", "up", "v" * 8, "v" * 9, "é" * 4, "é" * 5, "\0", "\uffff", "\U0001f600"])
SENT = st.lists(st.lists(st.tuples(NAMES, VALUES), max_size=5), max_size=12)


@given(SENT, st.sampled_from([LIMITS, Limits(max_label_name_length=0, max_metric_label_value_length=0, max_metric_label_names=0)]))
def test_many_are_judged_as_each_alone(sent: list[list[tuple[str, str]]], limits: Limits) -> None:
    rules = LabelRules(limits)
    for together in (sent_together, sent_in_many_ways):
        assert rules.judged_together(together(sent)) == [rules.judged(tuple(one)) for one in sent]
    in_order = [sorted(dict(one).items()) for one in sent]
    assert rules.judged_together(sent_together(in_order)) == [rules.judged(tuple(one)) for one in in_order]
