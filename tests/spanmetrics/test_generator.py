"""A generator runs the processors that are asked for, over spans of now."""

from __future__ import annotations

import pytest

from lgtm.clock import NS_PER_S
from lgtm.spanmetrics.config import GeneratorConfig, Processor, SpanMetricsConfig
from lgtm.spanmetrics.generator import Generator, GeneratorStatistics
from spanmetrics.given import CLIENT, NOW_NS, Span, batch_of, numbers_of

BOTH: tuple[Processor, ...] = ("span-metrics", "service-graphs")


def metrics_of(generator: Generator, now_ns: int = NOW_NS) -> set[str]:
    return {name.partition("{")[0] for name in numbers_of(generator.collect(now_ns), now_ns)}


@pytest.mark.parametrize(
    ("processors", "metric", "is_there"),
    [
        ((), "traces_spanmetrics_calls_total", False),
        (("span-metrics",), "traces_spanmetrics_calls_total", True),
        (("span-metrics",), "traces_service_graph_request_total", False),
        (("service-graphs",), "traces_service_graph_request_total", True),
        (BOTH, "traces_spanmetrics_calls_total", True),
        (BOTH, "traces_service_graph_request_total", True),
    ],
)
def test_only_processors_that_are_asked_for_run(processors: tuple[Processor, ...], metric: str, is_there: bool) -> None:
    generator = Generator(GeneratorConfig(processors=processors))
    generator.feed(batch_of(Span()), NOW_NS)
    assert (metric in metrics_of(generator)) == is_there


@pytest.mark.parametrize(("late_s", "counts"), [(0, True), (30, True), (30.000001, False), (-30, True), (-31, False)])
def test_spans_that_did_not_end_about_now_are_not_counted(late_s: float, counts: bool) -> None:
    generator = Generator(GeneratorConfig(processors=BOTH))
    generator.feed(batch_of(Span(late_ns=int(late_s * NS_PER_S)), Span()), NOW_NS)
    calls = [value for name, value in numbers_of(generator.collect(NOW_NS)).items() if "calls_total" in name]
    assert (calls, generator.statistics().outside_slack) == ([2.0 if counts else 1.0], 0 if counts else 1)


def test_series_that_are_idle_for_a_quarter_of_an_hour_are_forgotten() -> None:
    generator = Generator(GeneratorConfig(processors=BOTH))
    generator.feed(batch_of(Span()), NOW_NS)
    assert metrics_of(generator, NOW_NS + 900 * NS_PER_S)
    assert not metrics_of(generator, NOW_NS + 901 * NS_PER_S)
    assert generator.statistics().active_series == 0


def test_processors_share_the_limit_on_series() -> None:
    generator = Generator(GeneratorConfig(processors=BOTH, max_active_series=2, span_metrics=SpanMetricsConfig(latency=False)))
    generator.feed(batch_of(Span()), NOW_NS)
    statistics = generator.statistics()
    assert (statistics.active_series, statistics.overflowed) == (2, 1)
    assert 'traces_service_graph_request_total{metric_overflow="true"}' in numbers_of(generator.collect(NOW_NS))


def test_statistics_say_what_became_of_the_spans() -> None:
    generator = Generator(GeneratorConfig(processors=BOTH))
    generator.feed(batch_of(Span(kind=CLIENT), Span(late_ns=NS_PER_S * 60)), NOW_NS)
    assert generator.statistics() == GeneratorStatistics(
        received=2, outside_slack=1, filtered=0, overflowed=0, unpaired=0, dropped=0, waiting=1, active_series=19
    )
    generator.collect(NOW_NS + 10 * NS_PER_S)
    statistics = generator.statistics()
    assert (statistics.waiting, statistics.unpaired) == (0, 1)


def test_every_series_tells_which_node_counted() -> None:
    generator = Generator(GeneratorConfig(processors=BOTH, external_labels=(("instance_of_generator", "n1"),)))
    generator.feed(batch_of(Span()), NOW_NS)
    assert all('instance_of_generator="n1"' in name for name in numbers_of(generator.collect(NOW_NS)))


def test_an_empty_batch_changes_nothing() -> None:
    generator = Generator(GeneratorConfig(processors=BOTH))
    generator.feed(batch_of(), NOW_NS)
    assert len(generator.collect(NOW_NS)) == 0
