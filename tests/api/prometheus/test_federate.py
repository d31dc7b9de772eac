"""Newest samples as text that another Prometheus reads."""

from __future__ import annotations

import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.prometheus.prometheus_server import NOW_MS, PrometheusServer
from lgtm.api.incomplete import WARNING_HEADER
from lgtm.api.prometheus.federate import exposition
from lgtm.model.labels import labels_of
from promql.memory import Memory
from promql.notation import Sample, items, series

SERIES = """
up{job="a",instance="x"} 1 0
up{job="b"} 1e-7 3
gone 1 stale
h {{count:1 sum:1}}x1
http.status 1 2
"""
FIRST_MS = NOW_MS - 60_000


def memory() -> Memory:
    """One sample a minute, the last one now; http.status is written with quotes."""
    held = Memory()
    for line in SERIES.strip().splitlines():
        labels, rest = series(line.replace("http.status", '{"http.status","a.b"="c"}'))
        held.add({labels: [Sample(FIRST_MS + place * 60_000, value) for place, value in enumerate(items(rest)) if value is not None]})
    return held


async def test_newest_samples_are_told_by_name_with_their_times(server: PrometheusServer) -> None:
    server.engine.memory = memory()
    response = await server.get("/federate", {"match[]": ["up", '{__name__=~"gone|h|up"}']})
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8; escaping=underscores"
    assert response.text == f'# TYPE up untyped\nup{{instance="x",job="a"}} 0 {NOW_MS}\nup{{instance="",job="b"}} 3 {NOW_MS}\n'


async def test_only_the_lookback_is_read(server: PrometheusServer) -> None:
    await server.get("/prometheus/federate", {"match[]": "up"})
    assert (server.engine.asked["start_ms"], server.engine.asked["end_ms"]) == (NOW_MS - 300_000, NOW_MS)


@pytest.mark.parametrize(
    ("accept", "line"),
    [
        ("text/plain", f'http_status{{a_b="c",instance=""}} 2 {NOW_MS}'),
        ("text/plain;version=1.0.0;escaping=allow-utf-8", f'{{"http.status","a.b"="c",instance=""}} 2 {NOW_MS}'),
    ],
)
async def test_names_of_any_characters_are_told_to_those_who_take_them(server: PrometheusServer, accept: str, line: str) -> None:
    server.engine.memory = memory()
    response = await server.get("/federate", {"match[]": '{"http.status"}'}, {"Accept": accept})
    assert response.text.splitlines()[1] == line


async def test_without_selectors_there_is_nothing(server: PrometheusServer) -> None:
    assert (await server.get("/federate")).text == ""


async def test_what_may_be_missing_is_told_in_a_header(server: PrometheusServer) -> None:
    assert WARNING_HEADER not in (await server.get("/federate", {"match[]": "up"})).headers
    server.engine.warnings = ("node-2 could not be asked",)
    response = await server.get("/federate", {"match[]": ["up", "down"]})
    assert response.headers[WARNING_HEADER] == "node-2 could not be asked"


async def test_errors_are_text(server: PrometheusServer) -> None:
    response = await server.get("/federate", {"match[]": "{}"})
    assert (response.status_code, response.text) == (400, "match[] must contain at least one non-empty matcher\n")
    assert response.headers["content-type"].startswith("text/plain")


def test_another_reader_understands_the_text() -> None:
    labels = labels_of({"__name__": "a", "x": 'q"\\\n', "instance": "i"})
    text = exposition({labels: (1_500, "1e-07"), labels_of({"__name__": "b", "instance": "i"}): (0, "+Inf")}, utf8=False)
    families = list(text_string_to_metric_families(text))
    assert [family.name for family in families] == ["a", "b"]
    sample = families[0].samples[0]
    assert (sample.labels, sample.value, float(sample.timestamp or 0)) == ({"x": 'q"\\\n', "instance": "i"}, 1e-7, 1.5)
