"""Names as Prometheus gives them to OTLP metrics and attributes."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.wire.otlp_metric_names import InvalidName, Suffixes, TranslationStrategy, label_name, metric_name, unit_name

WITH = TranslationStrategy.UNDERSCORE_ESCAPING_WITH_SUFFIXES
WITHOUT = TranslationStrategy.UNDERSCORE_ESCAPING_WITHOUT_SUFFIXES
UTF8 = TranslationStrategy.NO_UTF8_ESCAPING_WITH_SUFFIXES
NOTHING = TranslationStrategy.NO_TRANSLATION

GAUGE, COUNTER, OTHER = (False, True), (True, False), (False, False)


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("system.io", "foo/bar", OTHER, "system_io_foo_per_bar"),
        ("unsupported.metric.temperature", "°F", GAUGE, "unsupported_metric_temperature_F"),
        ("unsupported.metric.weird", "+=.:,!* & #", GAUGE, "unsupported_metric_weird_:"),
        ("unsupported.metric.redundant", "__test $/°C", OTHER, "unsupported_metric_redundant_test_per_C"),
        ("system.network.dropped", "packets", COUNTER, "system_network_dropped_packets_total"),
        ("system.cpu.time", "s", COUNTER, "system_cpu_time_seconds_total"),
        ("system_total.io", "By", COUNTER, "system_io_bytes_total"),
        ("http.requests.total", "", COUNTER, "http_requests_total"),
        ("total_http_requests", "1", COUNTER, "http_requests_total"),
        ("memory.utilization", "1", GAUGE, "memory_utilization_ratio"),
        ("hit.ratio", "1", GAUGE, "hit_ratio"),
        ("queue.length", "1", OTHER, "queue_length"),
        ("queue.length", "{requests}", OTHER, "queue_length"),
        ("hits", "{hits}/s", GAUGE, "hits_per_second"),
        ("broken.metric.speed", "m/s", GAUGE, "broken_metric_speed_meters_per_second"),
        ("speed_meters_per_second", "m/s", GAUGE, "speed_meters_per_second"),
        ("disk.free.bytes", "By", GAUGE, "disk_free_bytes"),
        ("disk.usage", "%", GAUGE, "disk_usage_percent"),
        ("redundant__test $_per_°C", "", OTHER, "redundant_test_per_C"),
        ("__leading_and_trailing_", "", OTHER, "leading_and_trailing"),
        ("3xx.responses", "", OTHER, "_3xx_responses"),
        ("job:rate:5m", "", OTHER, "job:rate:5m"),
    ],
)
def test_names_are_words_with_unit_and_type_at_the_end(name: str, unit: str, kind: tuple[bool, bool], expected: str) -> None:
    assert metric_name(name, Suffixes(unit, *kind), WITH) == expected


@pytest.mark.parametrize(
    ("short", "long"),
    [
        *[("d", "days"), ("h", "hours"), ("min", "minutes"), ("s", "seconds"), ("ms", "milliseconds"), ("us", "microseconds"), ("ns", "nanoseconds")],
        *[("By", "bytes"), ("KiBy", "kibibytes"), ("MiBy", "mebibytes"), ("GiBy", "gibibytes"), ("TiBy", "tibibytes")],
        *[("KBy", "kilobytes"), ("MBy", "megabytes"), ("GBy", "gigabytes"), ("TBy", "terabytes"), ("m", "meters"), ("V", "volts")],
        *[("A", "amperes"), ("J", "joules"), ("W", "watts"), ("g", "grams"), ("Cel", "celsius"), ("Hz", "hertz"), ("%", "percent")],
        *[("1", ""), ("{anything}", ""), ("unknown", "unknown"), ("", "")],
        *[("By/s", "bytes_per_second"), ("By/m", "bytes_per_minute"), ("By/h", "bytes_per_hour"), ("By/d", "bytes_per_day")],
        *[("By/w", "bytes_per_week"), ("By/mo", "bytes_per_month"), ("By/y", "bytes_per_year"), ("1/s", "per_second"), ("{x}/s", "per_second")],
        *[("By/", "bytes"), (" By / s ", "bytes_per_second"), ("By/{x}", "bytes")],
    ],
)
def test_units_have_their_long_names(short: str, long: str) -> None:
    assert unit_name(short, WITH) == long
    assert metric_name("x", Suffixes(short, *OTHER), WITH) == ("x_" + long).rstrip("_")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.server__requests", "http_server__requests"),
        ("_leading_", "_leading_"),
        ("a. -b", "a_b"),
        (".a.", "a"),
        ("3xx", "_3xx"),
        ("ünï", "n"),
        ("a:b", "a:b"),
    ],
)
def test_without_suffixes_only_illegal_characters_change(name: str, expected: str) -> None:
    assert metric_name(name, Suffixes("By", *COUNTER), WITHOUT) == expected


@pytest.mark.parametrize(
    ("name", "unit", "kind", "expected"),
    [
        ("http.server.duration", "s", OTHER, "http.server.duration_seconds"),
        ("http.total", "", COUNTER, "http_total"),
        ("http.requests", "", COUNTER, "http.requests_total"),
        ("network.io_total", "By/s", COUNTER, "network.io_bytes_per_second_total"),
        ("disk.bytes", "By", GAUGE, "disk.bytes"),
        ("usage", "1", GAUGE, "usage_ratio"),
        ("total", "", COUNTER, "total_total"),
        ("wärme", "Cel", GAUGE, "wärme_celsius"),
    ],
)
def test_names_may_keep_their_characters(name: str, unit: str, kind: tuple[bool, bool], expected: str) -> None:
    assert metric_name(name, Suffixes(unit, *kind), UTF8) == expected


@pytest.mark.parametrize("name", ["http.requests", "wärme", "_x", "3xx"])
def test_names_may_stay_what_they_are(name: str) -> None:
    assert metric_name(name, Suffixes("By", *COUNTER), NOTHING) == name
    assert label_name(name, NOTHING) == label_name(name, UTF8) == name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("http.method", "http_method"),
        ("a..b", "a__b"),
        ("a:b", "a_b"),
        ("éé", "__"),
        ("0xff", "key_0xff"),
        ("_a", "key_a"),
        (".a", "key_a"),
        ("__a", "__a"),
        ("__name__", "__name__"),
    ],
)
def test_each_illegal_character_of_a_label_is_an_underscore(name: str, expected: str) -> None:
    if expected.strip("_"):
        assert label_name(name, WITH) == label_name(name, WITHOUT) == expected
    else:
        with pytest.raises(InvalidName, match="label name 'éé'"):
            label_name(name, WITH)


@pytest.mark.parametrize("strategy", TranslationStrategy)
@pytest.mark.parametrize("name", ["", "__", "___"])
def test_a_name_of_nothing_is_none(name: str, strategy: TranslationStrategy) -> None:
    with pytest.raises(InvalidName):
        label_name(name, strategy)
    with pytest.raises(InvalidName):
        metric_name(name, Suffixes("", *OTHER), strategy)


@given(st.text(), st.text(), st.booleans(), st.booleans())
def test_escaped_names_are_legal(name: str, unit: str, total: bool, ratio: bool) -> None:
    for strategy in (WITH, WITHOUT):
        with contextlib.suppress(InvalidName):
            assert re.fullmatch(r"[a-zA-Z_:][a-zA-Z0-9_:]*", metric_name(name, Suffixes(unit, total, ratio), strategy))
            assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", label_name(name, strategy))
