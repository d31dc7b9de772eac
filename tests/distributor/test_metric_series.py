"""Series are judged once, and known by the bytes that their labels came as."""

from __future__ import annotations

import pytest

from lgtm.clock import NS_PER_S
from lgtm.distributor.metric_series import MetricSeries, judged
from lgtm.distributor.refusals import Reason
from lgtm.model.batch import Series
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.wire.bounds import MalformedBody

UP: Labels = (("__name__", "up"), ("job", "a"))


class Asked:
    """Parses labels, and remembers of which."""

    def __init__(self, *labels: Labels) -> None:
        self.labels, self.asked = labels, list[int]()

    def __call__(self, index: int) -> Labels:
        self.asked.append(index)
        if not self.labels[index]:
            raise MalformedBody("no labels")
        return self.labels[index]


def test_labels_are_parsed_once_for_each_key() -> None:
    series, asked = MetricSeries(Limits(), idle_s=10), Asked(UP, (("__name__", "down"),))
    first = series.resolve([b"a", b"b"], asked, 0)
    assert [one.labels for one in first if isinstance(one, Series)] == [UP, (("__name__", "down"),)]
    again = series.resolve([b"b", b"a"], asked, 1)
    assert [one is other for one, other in zip(again, reversed(first), strict=True)] == [True, True]
    assert asked.asked == [0, 1]


def test_what_was_not_used_for_long_is_forgotten_and_counts_no_longer() -> None:
    series, asked = MetricSeries(Limits(max_global_series_per_user=1), idle_s=10), Asked(UP, (("__name__", "down"),))
    assert isinstance(series.resolve([b"a"], asked, 0)[0], Series)
    found = series.resolve([b"a", b"b"], asked, 5 * NS_PER_S)
    assert isinstance(found[0], Series)
    assert not isinstance(found[1], Series)
    assert found[1][0] is Reason.SERIES_LIMIT
    series.resolve([b"a"], asked, 11 * NS_PER_S)
    assert len(series) == 1
    series.resolve([], asked, 22 * NS_PER_S)
    series.resolve([], asked, 33 * NS_PER_S)
    assert len(series) == 0
    assert isinstance(series.resolve([b"b"], Asked((("__name__", "down"),)), 34 * NS_PER_S)[0], Series)


def test_bytes_that_are_no_labels_refuse_their_series_only() -> None:
    found = MetricSeries(Limits(), idle_s=10).resolve([b"a", b"b"], Asked((), UP), 0)
    assert found[0] == (Reason.INVALID_LABELS, "no labels")
    assert isinstance(found[1], Series)


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
    limits = Limits(max_metric_label_names=3, max_label_name_length=8, max_metric_label_value_length=8)
    refused = judged(sent, limits)
    assert not isinstance(refused, Series)
    assert refused[0] is reason
    assert refused[1]


def test_labels_are_sorted_and_empty_ones_are_absent() -> None:
    found = judged((("job", "a"), ("x", ""), ("__name__", "up")), Limits())
    assert isinstance(found, Series)
    assert found == Series.of(UP)
