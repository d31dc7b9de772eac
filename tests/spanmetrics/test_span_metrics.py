"""Span metrics are what counting span by span gives, under Tempo's names."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.model.matchers import InvalidRegex
from lgtm.spanmetrics.config import (
    AttributeMatch,
    DimensionMapping,
    FilterPolicy,
    IntrinsicDimensions,
    PolicyMatch,
    SpanMetricsConfig,
)
from lgtm.spanmetrics.family import SeriesLimit
from lgtm.spanmetrics.names import LabelNamesCollide
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.span_metrics import SpanMetrics
from spanmetrics import naive
from spanmetrics.given import CLIENT, ERROR, MINUTE_BEFORE_NS, NOW_NS, SERVER, Span, Value, message_of, numbers_of, series_name, table_of

NO_INTRINSIC = IntrinsicDimensions(service=False, span_name=False, span_kind=False, status_code=False)
CALLS = 'traces_spanmetrics_calls_total{service="shop",span_kind="SPAN_KIND_SERVER",span_name="GET /",status_code="STATUS_CODE_UNSET"}'

VALUES: st.SearchStrategy[Value] = st.sampled_from(["GET", "", 200, -1, True, False, "x" * 200])
ATTRIBUTES = st.dictionaries(st.sampled_from(["http.method", "code", "zone"]), VALUES)
SPANS = st.lists(
    st.builds(
        Span,
        service=st.sampled_from(["shop", "cart", "", None]),
        name=st.sampled_from(["GET /", "POST /cart", ""]),
        kind=st.integers(0, 5),
        status=st.integers(0, 2),
        ms=st.sampled_from([-5.0, 0.0, 1.0, 2.0, 2.000001, 4.0, 100.0, 16_384.0, 20_000.0]),
        trace=st.integers(1, 5),
        parent=st.integers(0, 2),
        attributes=ATTRIBUTES,
        resource=ATTRIBUTES,
    ),
    max_size=30,
)


def counted(*spans: Span, config: SpanMetricsConfig | None = None) -> dict[str, float]:
    metrics = SpanMetrics(config or SpanMetricsConfig())
    metrics.feed(table_of(*spans), NOW_NS)
    return numbers_of(metrics.collect(NOW_NS))


def only_calls(**changes: object) -> SpanMetricsConfig:
    return SpanMetricsConfig(latency=False, size=False, **changes)  # type: ignore[arg-type]


@given(SPANS, st.lists(st.integers(0, 30), max_size=4))
def test_any_batches_give_what_counting_one_by_one_gives(spans: list[Span], cuts: list[int]) -> None:
    metrics = SpanMetrics(SpanMetricsConfig(dimensions=("http.method", "code")))
    edges = sorted({0, len(spans), *(cut for cut in cuts if cut < len(spans))})
    for start, end in pairwise(edges):
        metrics.feed(table_of(*spans[start:end]), NOW_NS)
    assert numbers_of(metrics.collect(NOW_NS)) == pytest.approx(naive.span_metrics(spans, ("http.method", "code")))


@pytest.mark.parametrize(
    ("ms", "bound"),
    [(0, "0.002"), (2, "0.002"), (2.000001, "0.004"), (16, "0.016"), (1024, "1.024"), (16_384, "16.384"), (16_384.001, "+Inf"), (-3, "0.002")],
)
def test_a_latency_is_in_the_first_bucket_whose_bound_it_does_not_exceed(ms: float, bound: str) -> None:
    found = counted(Span(ms=ms))
    assert next(name for name, value in found.items() if "_bucket" in name and value).count(f'le="{bound}"') == 1


def test_the_default_buckets_are_those_of_tempo() -> None:
    bounds = [name.split('le="')[1].split('"')[0] for name in counted(Span()) if "_bucket" in name]
    expected = "0.002 0.004 0.008 0.016 0.032 0.064 0.128 0.256 0.512 1.024 2.048 4.096 8.192 16.384 +Inf"
    assert sorted(bounds, key=float) == expected.split()


def test_sizes_are_those_of_the_messages() -> None:
    span = Span(attributes={"http.method": "GET"}, message="boom", status=ERROR)
    config = SpanMetricsConfig(latency=False, count=False)
    assert list(counted(span, span, config=config).values()) == [2 * message_of(span).ByteSize()]


def test_a_new_series_begins_with_0_at_the_end_of_the_minute_before() -> None:
    metrics = SpanMetrics(only_calls())
    metrics.feed(table_of(Span()), NOW_NS)
    first = metrics.collect(NOW_NS)
    assert (numbers_of(first, MINUTE_BEFORE_NS), numbers_of(first)) == ({CALLS: 0.0}, {CALLS: 1.0})
    later = metrics.collect(NOW_NS + 15)
    assert (len(later), numbers_of(later, NOW_NS + 15)) == (1, {CALLS: 1.0})


def test_sums_and_buckets_begin_with_0_too() -> None:
    metrics = SpanMetrics(SpanMetricsConfig())
    metrics.feed(table_of(Span()), NOW_NS)
    samples = metrics.collect(NOW_NS)
    zeros = numbers_of(samples, MINUTE_BEFORE_NS)
    assert zeros.keys() == numbers_of(samples).keys()
    assert set(zeros.values()) == {0.0}


def exemplars_of(samples: Samples) -> list[tuple[str, str, float, int]]:
    return [(series_name(samples, e.series).split(",")[0], dict(e.labels)["traceID"], e.value, e.ts_ns) for e in samples.exemplars]


def test_each_bucket_shows_the_trace_that_came_last_once() -> None:
    metrics = SpanMetrics(SpanMetricsConfig())
    metrics.feed(table_of(Span(trace=7, ms=1), Span(trace=0xAB, ms=1.5), Span(trace=9, ms=100)), NOW_NS)
    assert exemplars_of(metrics.collect(NOW_NS)) == [
        ('traces_spanmetrics_latency_bucket{le="0.002"', f"{0xAB:032x}", 0.0015, NOW_NS),
        ('traces_spanmetrics_latency_bucket{le="0.128"', f"{9:032x}", 0.1, NOW_NS),
    ]
    assert not metrics.collect(NOW_NS + 1).exemplars


@pytest.mark.parametrize(
    ("dimension", "label"),
    [
        ("http.method", "http_method"),
        ("service", "__service"),
        ("span.name", "__span_name"),
        ("job", "__job"),
        ("größe", "gr__e"),
        ("status-message", "__status_message"),
    ],
)
def test_a_dimension_is_a_label_that_stands_for_no_other(dimension: str, label: str) -> None:
    (name,) = counted(Span(attributes={dimension: "x"}), config=only_calls(dimensions=(dimension,)))
    assert f'{label}="x"' in name


def test_dimensions_come_from_the_resource_first() -> None:
    config = only_calls(dimensions=("zone",), intrinsic_dimensions=NO_INTRINSIC)
    spans = [Span(resource={"zone": "a"}, attributes={"zone": "b"}), Span(attributes={"zone": "b"}), Span()]
    name = "traces_spanmetrics_calls_total"
    assert counted(*spans, config=config) == {f'{name}{{zone="a"}}': 1, f'{name}{{zone="b"}}': 1, f"{name}{{}}": 1}


def test_dimensions_of_other_types_than_text_are_written_out() -> None:
    values: list[Value] = [7, 0.25, True, 1e21, ["a", "b"]]
    config = only_calls(dimensions=("x",), intrinsic_dimensions=NO_INTRINSIC)
    found = counted(*(Span(attributes={"x": value}) for value in values), config=config)
    assert {name.split('"')[1] for name in found} == {"7", "0.25", "true", "1" + "0" * 21, "[ab]"}


def test_a_mapping_joins_what_is_there() -> None:
    config = only_calls(dimension_mappings=(DimensionMapping("route", ("http.method", "http.route"), " "),))
    found = counted(Span(attributes={"http.method": "GET", "http.route": "/a"}), Span(attributes={"http.route": "/b"}), config=config)
    assert sorted(name.split('route="')[1].split('"')[0] for name in found) == ["/b", "GET /a"]


def test_two_dimensions_of_one_label_are_refused() -> None:
    with pytest.raises(LabelNamesCollide, match="two dimensions have the label name a_b"):
        SpanMetrics(SpanMetricsConfig(dimensions=("a.b", "a-b")))


def test_a_regex_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidRegex):
        SpanMetrics(SpanMetricsConfig(filter_policies=(FilterPolicy(include=PolicyMatch("regex", (AttributeMatch("name", "("),))),)))


def test_status_messages_are_labels_where_asked_for() -> None:
    config = only_calls(intrinsic_dimensions=IntrinsicDimensions(status_message=True))
    (name,) = counted(Span(status=ERROR, message="boom"), config=config)
    assert 'status_message="boom"' in name


def test_spans_that_a_policy_keeps_out_are_counted_apart() -> None:
    metrics = SpanMetrics(only_calls(filter_policies=(FilterPolicy(include=PolicyMatch("strict", (AttributeMatch("kind", "SPAN_KIND_SERVER"),))),)))
    metrics.feed(table_of(Span(kind=SERVER), Span(kind=CLIENT), Span(kind=CLIENT)), NOW_NS)
    assert (numbers_of(metrics.collect(NOW_NS)), metrics.filtered_total) == ({CALLS: 1.0}, 2)


def test_a_sampled_span_counts_as_what_it_stands_for() -> None:
    spans = [Span(ms=1000, attributes={"ratio": 0.25}), Span(ms=3000)]
    found = counted(*spans, config=SpanMetricsConfig(size=False, span_multiplier_key="ratio"))
    assert (found[CALLS], found[CALLS.replace("calls_total", "latency_sum")], found[CALLS.replace("calls_total", "latency_count")]) == (5, 7, 5)


def test_job_and_instance_are_there_with_target_info() -> None:
    resource: dict[str, Value] = {"service.namespace": "prod", "service.instance.id": "i-1", "host.name": "h"}
    found = counted(Span(resource=resource), config=only_calls(enable_target_info=True))
    assert found == {
        CALLS.replace("{", '{instance="i-1",job="prod/shop",'): 1,
        'traces_target_info{host_name="h",instance="i-1",job="prod/shop"}': 1,
    }


def test_what_finds_no_room_is_counted_as_overflow() -> None:
    metrics = SpanMetrics(only_calls(), SeriesLimit(1))
    metrics.feed(table_of(Span(), Span(name="a"), Span(name="a"), Span(name="b")), NOW_NS)
    metrics.feed(table_of(Span(), Span(name="c")), NOW_NS)
    found = numbers_of(metrics.collect(NOW_NS))
    assert found == {CALLS: 2.0, 'traces_spanmetrics_calls_total{metric_overflow="true"}': 4.0}
    assert metrics.overflowed_total == 4


def test_idle_series_are_forgotten_and_begin_again() -> None:
    metrics = SpanMetrics(only_calls())
    metrics.feed(table_of(Span()), NOW_NS)
    metrics.feed(table_of(Span(name="b")), NOW_NS + 10)
    metrics.collect(NOW_NS + 11)
    metrics.forget_idle(NOW_NS + 10)
    assert list(numbers_of(metrics.collect(NOW_NS + 12), NOW_NS + 12)) == [CALLS.replace("GET /", "b")]
    metrics.feed(table_of(Span()), NOW_NS + 13)
    again = metrics.collect(NOW_NS + 14)
    assert numbers_of(again, NOW_NS + 14)[CALLS] == 1.0
    assert numbers_of(again, MINUTE_BEFORE_NS) == {CALLS: 0.0}


def test_label_values_are_cut_and_what_becomes_equal_is_one_series() -> None:
    found = counted(Span(name="é" * 2_000), Span(name="é" * 3_000), config=only_calls())
    ((name, value),) = found.items()
    assert (name.count("é"), value) == (1_024, 2.0)
