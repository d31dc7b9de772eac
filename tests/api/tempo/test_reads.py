"""One request may read of several tenants."""

from __future__ import annotations

import pytest

from api.tempo.tempo_server import RecordedEngine, TempoServer
from lgtm.api.tempo.reads import Reads
from lgtm.api.tempo.requests import BareTagValuesRequest
from lgtm.model.tenant import Tenant
from lgtm.model.window import ALWAYS

BOTH = {"X-Scope-OrgID": "conf|conf-b"}
ONE, OTHER = {"X-Scope-OrgID": "conf"}, {"X-Scope-OrgID": "conf-b"}


async def test_what_was_read_is_added_up_and_warnings_are_told_once() -> None:
    engine = RecordedEngine()
    engine.warnings = ("away",)
    reads = Reads(engine, (Tenant("conf"), Tenant("conf-b")))
    answer = await reads.bare_tag_values(BareTagValuesRequest("service.name", ALWAYS))
    assert (answer.stats.bytes_processed, answer.stats.blocks, answer.warnings) == (2_000, 4, ("away",))
    assert {"tenant-b", "shop"} & set(answer.values) == {"tenant-b"}


@pytest.mark.parametrize("path", ["/api/search/tag/service.name/values", "/api/v2/search/tag/resource.service.name/values", "/api/search/tags"])
async def test_values_and_names_are_those_of_all(server: TempoServer, path: str) -> None:
    found = []
    for headers in (ONE, OTHER, BOTH):
        answer = (await server.get(path, headers=headers)).json()
        found.append({str(value) for value in answer.get("tagValues", answer.get("tagNames"))})
    assert found[2] == found[0] | found[1] != found[0]


async def test_a_search_keeps_the_newest_of_all(server: TempoServer) -> None:
    starts = []
    for headers in (ONE, OTHER, BOTH):
        traces = (await server.get("/api/search", {"q": "{}", "limit": "30"}, headers)).json()["traces"]
        starts.append([int(trace["startTimeUnixNano"]) for trace in traces])
    assert len(starts[2]) == 30
    assert starts[2] == sorted(starts[0] + starts[1], reverse=True)[:30]


async def test_a_trace_that_two_tenants_have_is_one(server: TempoServer) -> None:
    traces = (await server.get("/api/search", {"q": '{ trace:id = "1" }', "limit": "30"}, BOTH)).json()["traces"]
    assert [trace["traceID"] for trace in traces] == ["1"]
    batches = (await server.get("/api/traces/1", headers=BOTH)).json()["batches"]
    assert len(batches) == 2


async def test_metrics_that_cannot_be_put_together_are_refused(server: TempoServer) -> None:
    query = {"q": "{} | avg_over_time(duration)"}
    assert (await server.get("/api/metrics/query", query)).status_code == 200
    response = await server.get("/api/metrics/query", query, BOTH)
    assert response.status_code == 400
    assert response.text.startswith("{ true } | avg_over_time(duration) cannot be answered for several tenants at once")
