"""Series are judged once, and known by the bytes that their labels came as."""

from __future__ import annotations

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.distributor.metric_series import MetricSeries
from lgtm.distributor.refusals import Reason
from lgtm.model.labels import Labels
from lgtm.model.limits import Limits
from lgtm.model.series import Series
from lgtm.wire.bounds import MalformedBody
from lgtm.wire.remote_write import decode_remote_write_1
from wire.write_messages import write_1

UP: Labels = (("__name__", "up"), ("job", "a"))
DOWN: Labels = (("__name__", "down"),)


class Asked:
    """Parses labels, and remembers of which."""

    def __init__(self, *labels: Labels) -> None:
        self.labels, self.asked = labels, list[int]()

    def __call__(self, index: int) -> Labels:
        self.asked.append(index)
        if not self.labels[index]:
            raise MalformedBody("no labels")
        return self.labels[index]


def resolve(series: MetricSeries, keys: list[bytes], asked: Asked, now_ns: int) -> list[Series | Reason]:
    """What became of each key."""
    found = series.resolve(pa.array(keys, pa.binary()), asked, now_ns)
    refused = dict(found.refused)
    numbers = range(len(keys)) if found.numbers is None else found.numbers.tolist()
    return [refused[at][0] if number < 0 else found.series[number] for at, number in enumerate(numbers)]


def test_labels_are_parsed_once_for_each_key() -> None:
    series, asked = MetricSeries(Limits(), idle_s=10), Asked(UP, DOWN)
    assert resolve(series, [b"a", b"b"], asked, 0) == [Series.of(UP), Series.of(DOWN)]
    assert resolve(series, [b"b", b"a"], asked, 1) == [Series.of(DOWN), Series.of(UP)]
    assert asked.asked == [0, 1]


def test_a_key_that_comes_twice_names_one_series() -> None:
    series, asked = MetricSeries(Limits(), idle_s=10), Asked(UP, UP, DOWN)
    for _ in range(2):
        found = series.resolve(pa.array([b"a", b"a", b"b"], pa.binary()), asked, 0)
        assert found.series == (Series.of(UP), Series.of(DOWN))
        assert found.numbers is not None
        assert found.numbers.tolist() == [0, 0, 1]
    assert asked.asked == [0, 2]


def test_what_was_not_used_for_long_is_forgotten_and_counts_no_longer() -> None:
    series, asked = MetricSeries(Limits(max_global_series_per_user=1), idle_s=10), Asked(UP, DOWN)
    assert resolve(series, [b"a"], asked, 0) == [Series.of(UP)]
    assert resolve(series, [b"a", b"b"], asked, 5 * NS_PER_S) == [Series.of(UP), Reason.SERIES_LIMIT]
    assert resolve(series, [b"a"], asked, 11 * NS_PER_S) == [Series.of(UP)]
    assert len(series) == 1
    resolve(series, [], asked, 22 * NS_PER_S)
    resolve(series, [], asked, 33 * NS_PER_S)
    assert len(series) == 0
    assert resolve(series, [b"b"], Asked(DOWN), 34 * NS_PER_S) == [Series.of(DOWN)]


def test_what_is_used_again_in_time_is_not_parsed_again() -> None:
    series, asked = MetricSeries(Limits(), idle_s=10), Asked(UP, DOWN)
    resolve(series, [b"a", b"b"], asked, 0)
    assert resolve(series, [b"b"], asked, 11 * NS_PER_S) == [Series.of(DOWN)]
    assert len(series) == 2
    assert resolve(series, [b"b", b"c"], Asked((), UP), 22 * NS_PER_S) == [Series.of(DOWN), Series.of(UP)]
    assert len(series) == 2
    assert asked.asked == [0, 1]


def test_the_limit_counts_new_series_within_a_request() -> None:
    series = MetricSeries(Limits(max_global_series_per_user=2), idle_s=10)
    others = [(("__name__", name),) for name in "abcd"]
    found = resolve(series, [b"a", b"b", b"c", b"d"], Asked(*others), 0)
    assert found == [Series.of(others[0]), Series.of(others[1]), Reason.SERIES_LIMIT, Reason.SERIES_LIMIT]
    assert resolve(series, [b"d", b"b"], Asked(others[3], others[1]), 1) == [Reason.SERIES_LIMIT, Series.of(others[1])]


def test_bytes_that_are_no_labels_refuse_their_series_only() -> None:
    found = MetricSeries(Limits(), idle_s=10).resolve(pa.array([b"a", b"b"], pa.binary()), Asked((), UP), 0)
    assert found.refused == ((0, (Reason.INVALID_LABELS, "no labels")),)
    assert found.numbers is not None
    assert found.numbers.tolist() == [-1, 0]
    assert found.series == (Series.of(UP),)


@given(st.lists(st.tuples(st.integers(0, 25), st.lists(st.integers(0, 300), max_size=200)), max_size=8))
def test_it_answers_as_a_dictionary_would(requests: list[tuple[int, list[int]]]) -> None:
    series, now_ns = MetricSeries(Limits(), idle_s=10), 0
    for after_s, numbers in requests:
        now_ns += after_s * NS_PER_S
        labels: list[Labels] = [(("__name__", "up"), ("n", str(number))) for number in numbers]
        assert resolve(series, [b"%d" % number for number in numbers], Asked(*labels), now_ns) == [Series.of(one) for one in labels]


@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=120), min_size=1, max_size=4), st.integers(0, 60))
def test_labels_of_many_series_are_parsed_together_where_that_is_possible(requests: list[list[int]], most: int) -> None:
    """Some are refused, others come twice, and where the limit is near each is looked at by itself."""
    together, alone = (MetricSeries(Limits(max_global_series_per_user=most), idle_s=10) for _ in range(2))
    for numbers in requests:
        labels = [(("__name__", "up"), ("n", str(number))) if number % 7 else (("n", str(number)),) for number in numbers]
        decoded = decode_remote_write_1(write_1([(one, []) for one in labels]).SerializeToString())
        found = together.resolve(decoded.keys, decoded.labels_of, 0, decoded.sent_labels)
        expected = alone.resolve(decoded.keys, decoded.labels_of, 0)
        assert (found.refused, list(found.series), found.known.tolist()) == (expected.refused, list(expected.series), expected.known.tolist())
        assert (found.numbers is None) == (expected.numbers is None)
        if found.numbers is not None and expected.numbers is not None:
            assert found.numbers.tolist() == expected.numbers.tolist()
