"""Patterns are counted by level and step over the newest lines."""

from __future__ import annotations

from api.loki.query_server import QueryServer
from lgtm.api.loki.config import QueryApiConfig
from lgtm.api.loki.patterns import Seen
from lgtm.logql.frame import LogFrame
from lgtm.model.labels import labels_of
from support.rows import Entry, batch_of

S = 10**9
PATH = "/loki/api/v1/patterns"
APP = labels_of({"app": "a"})


def frame(*rows: tuple[int, str, str]) -> LogFrame:
    """Time in seconds, line, level."""
    return LogFrame.from_batch(batch_of(Entry(APP, at * S, line, {"detected_level": level} if level else {}) for at, line, level in rows))


ROWS = frame((10, "user 1 came", "info"), (70, "user 2 came", "info"), (71, "user 3 came", "info"), (72, "user 4 came", "error"), (73, "bye", ""))


async def test_samples_count_the_lines_of_each_step(server: QueryServer) -> None:
    server.engine.frames = [ROWS]
    response = await server.get(PATH, {"query": '{app="a"}', "start": "0", "end": "120", "step": "60"})
    assert response.json() == {
        "status": "success",
        "data": [
            {"pattern": "user <_> came", "level": "info", "samples": [[0, 1], [60, 2]]},
            {"pattern": "user <_> came", "level": "error", "samples": [[60, 1]]},
            {"pattern": "bye", "level": "unknown", "samples": [[60, 1]]},
        ],
    }


async def test_frames_are_counted_together(server: QueryServer) -> None:
    server.engine.frames = [frame((1, "user 1 came", "info")), frame((2, "user 2 came", "info"))]
    response = await server.get(PATH, {"query": '{app="a"}', "start": "0", "end": "60", "step": "60"})
    assert [each["samples"] for each in response.json()["data"]] == [[[0, 2]]]


async def test_only_the_newest_lines_are_looked_at() -> None:
    server = QueryServer(QueryApiConfig(pattern_lines_max=2))
    server.engine.frames = [ROWS, frame((1, "older", "info"))]
    response = await server.get(PATH, {"query": '{app="a"}', "start": "0", "end": "120", "step": "60"})
    server.side.close()
    assert [each["pattern"] for each in response.json()["data"]] == ["user <_> came", "bye"]
    assert [each["level"] for each in response.json()["data"]] == ["error", "unknown"]


async def test_only_selectors_have_patterns(server: QueryServer) -> None:
    response = await server.get(PATH, {"query": 'rate({app="a"}[1m])'})
    assert (response.status_code, response.text) == (400, "only log selector is supported\n")


def test_no_lines_have_no_patterns() -> None:
    assert Seen(S).answer() == b'{"status":"success","data":[]}\n'
