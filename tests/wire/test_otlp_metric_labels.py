"""Labels of series: attributes, what is promoted, who the target is, and `target_info`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.otlp_metric_labels import SeriesKey, labels_of_key
from lgtm.wire.otlp_metric_names import TranslationStrategy
from wire.metric_messages import T, decode, metric, metrics_request, text, values_of

SHOP = {"service.name": "shop", "service.namespace": "eu", "service.instance.id": "i-1"}
SCOPE = {"name": "lib", "version": "1.2", "schema_url": "https://s", "attributes": {"a.b": "x", "version": "loses"}}
MINUTE = 60 * 10**9


def series(
    attributes: Mapping[str, object], resource: Mapping[str, object] | None = None, scope: dict[str, Any] | None = None, **options: Any
) -> str:
    request = metrics_request([metric("gauge", {"as_double": 1, "attributes": attributes})], resource, scope)
    return next(name for name in values_of(request, **options) if not name.startswith("target_info"))


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"http.method": "GET", "_private": "1", "9": "nine"}, 'm{http_method="GET", key_9="nine", key_private="1"}'),
        ({"a.b": "2", "a-b": "1", "a_b": "3"}, 'm{a_b="1;2;3"}'),
        ({"n": 7, "f": 0.5, "yes": True, "list": [1, "x"], "map": {"k": 1}}, 'm{f="0.5", list="[1,\\"x\\"]", map="{\\"k\\":1}", n="7", yes="true"}'),
        ({"empty": "", "none": None}, "m"),
        ({"__name__": "stolen", "job": "mine"}, 'm{job="mine"}'),
    ],
)
def test_attributes_are_labels(attributes: dict[str, object], expected: str) -> None:
    assert series(attributes) == expected


def test_attributes_keep_their_names_where_the_strategy_says_so() -> None:
    found = series({"http.method": "GET", "_a": "1"}, translation_strategy=TranslationStrategy.NO_TRANSLATION)
    assert found == 'm{_a="1", http.method="GET"}'


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({"service.name": "shop"}, 'm{job="shop"}'),
        (SHOP, 'm{instance="i-1", job="eu/shop"}'),
        ({"service.namespace": "eu", "service.instance.id": "i-1"}, 'm{instance="i-1"}'),
        ({"service.instance.id": 5}, 'm{instance="5"}'),
        ({"host.name": "h"}, "m"),
    ],
)
def test_the_service_is_the_job_and_its_instance_the_instance(resource: dict[str, object], expected: str) -> None:
    assert series({}, resource) == expected


def test_job_and_instance_beat_attributes() -> None:
    assert series({"job": "mine", "instance": "mine"}, SHOP) == 'm{instance="i-1", job="eu/shop"}'


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"promote_resource_attributes": frozenset({"host.name", "absent"})}, 'm{host_name="h", job="shop"}'),
        ({"promote_all_resource_attributes": True}, 'm{host_name="h", job="shop", os_type="linux", service_name="shop"}'),
        (
            {"promote_all_resource_attributes": True, "ignore_resource_attributes": frozenset({"os.type", "service.name"})},
            'm{host_name="h", job="shop"}',
        ),
    ],
)
def test_resource_attributes_are_labels_where_that_is_asked_for(options: dict[str, Any], expected: str) -> None:
    assert series({}, {"service.name": "shop", "host.name": "h", "os.type": "linux"}, **options) == expected


def test_attributes_of_a_point_beat_promoted_ones() -> None:
    promoted = frozenset({"a.b", "a_b", "c"})
    assert series({"c": "point"}, {"a_b": "2", "a.b": "1", "c": "resource"}, promote_resource_attributes=promoted) == 'm{a_b="1", c="point"}'


def test_a_scope_is_labels_where_that_is_asked_for() -> None:
    expected = 'm{otel_scope_a_b="x", otel_scope_name="lib", otel_scope_schema_url="https://s", otel_scope_version="1.2"}'
    assert series({"otel.scope.name": "mine"}, scope=SCOPE, promote_scope_metadata=True) == expected
    assert series({}, scope=SCOPE) == "m"
    assert series({}, scope={**SCOPE, "name": ""}, promote_scope_metadata=True) == "m"


def target_rows(resource: dict[str, object], *times: int, **options: Any) -> list[tuple[str, int, float]]:
    points = [{"as_double": 1, "time_unix_nano": ts} for ts in times or (T,)]
    decoded = decode(metrics_request([metric("gauge", *points)], resource), **options)
    rows = [(text(decoded, row["series"]), row["ts"], row["value"]) for row in decoded.rows.to_pylist()]
    return [row for row in rows if row[0].startswith("target_info")]


@pytest.mark.parametrize(
    ("resource", "options", "expected"),
    [
        (SHOP | {"host.name": "h"}, {}, ['target_info{host_name="h", instance="i-1", job="eu/shop"}']),
        (SHOP, {}, []),
        ({"host.name": "h"}, {}, []),
        ({"host.name": "h", "service.namespace": "eu"}, {}, []),
        ({"host.name": "h", "service.instance.id": "i"}, {}, ['target_info{host_name="h", instance="i"}']),
        (
            {"host.name": "h", "service.name": "shop"},
            {"keep_identifying_resource_attributes": True},
            ['target_info{host_name="h", job="shop", service_name="shop"}'],
        ),
        (
            {"host.name": "h", "service.name": "shop"},
            {"promote_all_resource_attributes": True, "promote_scope_metadata": True},
            ['target_info{host_name="h", job="shop"}'],
        ),
        ({"_": "x", "service.name": "shop", "___": "invalid"}, {}, []),
    ],
)
def test_what_else_a_resource_says_is_target_info(resource: dict[str, object], options: dict[str, Any], expected: list[str]) -> None:
    assert target_rows(resource, **options) == [(name, T, 1.0) for name in expected]


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ([T, T + 1], [T]),
        ([T + MINUTE, T], [T, T + MINUTE]),
        ([T, T + 6 * MINUTE], [T, T + 150 * 10**9, T + 300 * 10**9, T + 6 * MINUTE]),
        ([T, T + 5 * MINUTE], [T, T + 150 * 10**9, T + 300 * 10**9]),
    ],
)
def test_target_info_has_a_sample_for_half_of_every_lookback(times: list[int], expected: list[int]) -> None:
    assert [ts for _, ts, _ in target_rows({"service.name": "shop", "a": "b"}, *times)] == expected


@pytest.mark.parametrize("far", [0, T + 10**17])
def test_target_info_goes_with_all_points_though_one_is_years_away(far: int) -> None:
    near = [T, T + 2 * MINUTE, T + 3 * MINUTE, T + 4 * MINUTE, T + 40 * MINUTE]
    found = [ts for _, ts, _ in target_rows({"service.name": "shop", "a": "b"}, *near, far)]
    assert set(found) <= {*near, far}
    for point in near:
        assert any(0 <= point - ts < 5 * MINUTE for ts in found), "it is there where the point is"
        assert any(0 <= ts - point < 5 * MINUTE for ts in found), "and as long as the point is seen"


def test_target_info_of_many_days_is_bounded() -> None:
    found = [ts for _, ts, _ in target_rows({"service.name": "shop", "a": "b"}, *(T + at * 3 * MINUTE for at in range(2_000)))]
    assert found == [T + at * 3 * MINUTE for at in range(1_000, 2_000)]


def test_resources_that_are_one_target_have_one_target_info() -> None:
    resource = {"service.name": "shop", "a": "b"}
    request = metrics_request([metric("gauge", {"as_double": 1})], resource)
    decoded = decode(metrics_request([metric("gauge", {"as_double": 2})], resource, request=request))
    names = [text(decoded, row["series"]) for row in decoded.rows.to_pylist()]
    assert names == ['m{job="shop"}', 'm{job="shop"}', 'target_info{a="b", job="shop"}']


names = st.text(st.characters(codec="utf-8"), min_size=1, max_size=5)


@given(st.dictionaries(names, names), st.one_of(st.none(), names))
def test_a_key_says_the_labels_in_one_way(labels: dict[str, str], le: str | None) -> None:
    expected = {name: value for name, value in labels.items() if name != "__name__"} | {"__name__": "m"} | ({"le": le} if le else {})
    key = SeriesKey(labels).of("m", le=le)
    assert dict(labels_of_key(key)) == expected
    assert len(labels_of_key(key)) == len(expected)
    assert SeriesKey(dict(reversed(expected.items()))).of("m") == key
