"""A trace by its id, in both versions and both formats."""

from __future__ import annotations

import pytest

from api.tempo.tempo_server import TempoServer, batch_of
from lgtm.api.incomplete import WARNING_HEADER
from lgtm.model.window import ALWAYS
from lgtm.wire.tempo_messages import read_message

KNOWN, UNKNOWN = "22313a0b43d595bc41ea9cacfa32b3b5", "deadbeef"
PROTOBUF = {"Accept": "application/protobuf"}
AWAY = "node-2 could not be asked"


async def test_an_absent_trace_is_404_or_empty_but_there(server: TempoServer) -> None:
    v1 = await server.get(f"/api/traces/{UNKNOWN}")
    assert (v1.status_code, v1.content) == (404, b"")
    assert (await server.get(f"/api/v2/traces/{UNKNOWN}")).json() == {"trace": {}, "metrics": {"inspectedBytes": "1000"}}
    answer = read_message("TraceByIDResponse", (await server.get(f"/api/v2/traces/{UNKNOWN}", headers=PROTOBUF)).content)
    assert answer.HasField("trace")
    assert answer.trace == b""


async def test_both_versions_and_formats_tell_the_same_trace(server: TempoServer) -> None:
    v1, v2 = (await server.get(f"/api/traces/{KNOWN}")).json(), (await server.get(f"/api/v2/traces/{KNOWN}")).json()
    assert v1["batches"] == v2["trace"]["resourceSpans"]
    v1_bytes, v2_bytes = [(await server.get(f"/api/{version}traces/{KNOWN}", headers=PROTOBUF)).content for version in ("", "v2/")]
    assert read_message("TraceByIDResponse", v2_bytes).trace == v1_bytes != b""


async def test_a_trace_of_which_something_may_be_missing_says_so(server: TempoServer) -> None:
    server.engine.warnings = (AWAY,)
    v2 = await server.get(f"/api/v2/traces/{KNOWN}")
    assert (v2.json()["status"], v2.json()["message"], v2.headers[WARNING_HEADER]) == ("PARTIAL", AWAY, AWAY)
    answer = read_message("TraceByIDResponse", (await server.get(f"/api/v2/traces/{KNOWN}", headers=PROTOBUF)).content)
    assert (answer.status, answer.message) == (1, AWAY)
    for headers in ({}, PROTOBUF):
        assert (await server.get(f"/api/traces/{KNOWN}", headers=headers)).headers[WARNING_HEADER] == AWAY


async def test_a_trace_that_nobody_has_who_could_be_asked_may_exist(server: TempoServer) -> None:
    server.engine.warnings = (AWAY,)
    v1 = await server.get(f"/api/traces/{UNKNOWN}")
    assert (v1.status_code, v1.text) == (503, f"trace not found, but it may exist: {AWAY}\n")
    assert (await server.get(f"/api/v2/traces/{UNKNOWN}")).json() == {
        "trace": {},
        "metrics": {"inspectedBytes": "1000"},
        "status": "PARTIAL",
        "message": AWAY,
    }


async def test_batches_without_rows_are_no_trace(server: TempoServer) -> None:
    server.engine.batches = [batch_of()]
    assert (await server.get(f"/api/traces/{KNOWN}")).status_code == 404


async def test_of_a_trace_that_is_too_large_a_part_is_told_or_nothing(server: TempoServer) -> None:
    server.engine.bytes_max = 700
    v2 = (await server.get(f"/api/v2/traces/{KNOWN}")).json()
    assert (v2["status"], v2["message"]) == ("PARTIAL", "Trace exceeds maximum size of 700 bytes, a partial trace is returned")
    v1 = await server.get(f"/api/traces/{KNOWN}")
    assert (v1.status_code, v1.text) == (422, "trace exceeds max size (max bytes: 700)\n")


@pytest.mark.parametrize("mode", ["all", "blocks", "ingesters"])
async def test_every_mode_is_answered_whole(server: TempoServer, mode: str) -> None:
    assert (await server.get(f"/api/traces/{KNOWN}", {"mode": mode})).status_code == 200
    assert server.engine.asked["window"] == ALWAYS
    assert server.engine.asked["trace_id"].hex() == KNOWN
