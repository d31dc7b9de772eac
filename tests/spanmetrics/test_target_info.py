"""Resources are shown as Tempo shows them."""

from __future__ import annotations

import numpy as np
import pytest

from lgtm.spanmetrics.config import SpanMetricsConfig
from lgtm.spanmetrics.family import SeriesLimit
from lgtm.spanmetrics.target_info import TargetInfo, job
from spanmetrics.given import NOW_NS, Span, Value, numbers_of, table_of


def shown(*spans: Span, config: SpanMetricsConfig | None = None) -> list[str]:
    info = TargetInfo(config or SpanMetricsConfig(), SeriesLimit(0), ())
    table = table_of(*spans)
    info.feed(table, np.arange(len(table)), NOW_NS)
    return sorted(name.removeprefix("traces_target_info") for name in numbers_of(info.collect(NOW_NS)))


@pytest.mark.parametrize(
    ("service", "resource", "expected"),
    [
        ("shop", {"host.name": "h"}, ['{host_name="h",job="shop"}']),
        ("shop", {"host.name": "h", "service.namespace": "prod"}, ['{host_name="h",job="prod/shop"}']),
        ("shop", {"host.name": "h", "service.instance.id": "i"}, ['{host_name="h",instance="i",job="shop"}']),
        (None, {"host.name": "h", "service.instance.id": "i"}, ['{host_name="h",instance="i"}']),
        (None, {"host.name": "h", "service.namespace": "prod"}, []),
        ("shop", {"service.namespace": "prod"}, []),
        ("shop", {"job": "x", "9lives": "y"}, ['{__job="x",job="shop"}']),
        ("shop", {"pid": 7, "secret": "s"}, ['{job="shop",pid="7"}']),
    ],
)
def test_a_resource_is_shown_with_a_job_or_instance_and_something_else(service: str | None, resource: dict[str, Value], expected: list[str]) -> None:
    assert shown(Span(service, resource=resource), config=SpanMetricsConfig(target_info_excluded_dimensions=("secret",))) == expected


def test_a_resource_is_shown_once_and_without_instance_where_so_configured() -> None:
    spans = [Span(resource={"a": "b", "service.instance.id": str(n)}) for n in (1, 2)]
    assert len(shown(*spans, *spans)) == 2
    assert shown(*spans, config=SpanMetricsConfig(enable_instance_label=False)) == ['{a="b",job="shop"}']


def test_a_job_needs_a_name() -> None:
    assert [job("a", "n"), job("a", ""), job("", "n")] == ["n/a", "a", ""]
