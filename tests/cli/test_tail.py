"""Tailing over a real WebSocket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

from lgtm.cli.client import Client, Refused, Unreachable
from lgtm.cli.tail import follow

MESSAGES = [
    {"streams": [{"stream": {"app": "a"}, "values": [["1", "one"], ["3", "three"]]}, {"stream": {"app": "b"}, "values": [["2", "two"]]}]},
    {"streams": [], "dropped_entries": [{"labels": {}, "timestamp": "4"}]},
    {"streams": [{"stream": {"app": "a"}, "values": [["5", "five"]]}]},
]


@contextmanager
def tailing(
    handler: Callable[[ServerConnection], None], process_request: Callable[[ServerConnection, Request], Response | None] | None = None
) -> Iterator[str]:
    with serve(handler, "127.0.0.1", 0, process_request=process_request) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_entries_arrive_in_order_until_the_server_ends_the_tail(capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[tuple[str, str | None]] = []

    def handler(connection: ServerConnection) -> None:
        assert connection.request
        asked.append((connection.request.path, connection.request.headers.get("X-Scope-OrgID")))
        for message in MESSAGES:
            connection.send(json.dumps(message))

    with tailing(handler) as addr:
        found = list(follow(Client(addr, "team-a"), "{}", start_ns=7, limit=9))
    assert [[entry.line for entry in entries] for entries in found] == [["one", "two", "three"], ["five"]]
    assert asked == [("/loki/api/v1/tail?query=%7B%7D&start=7&limit=9", "team-a")]
    assert "1 entries were left out" in capsys.readouterr().err


def test_a_refusal_before_the_handshake_is_told_in_the_server_s_words() -> None:
    def refuse(connection: ServerConnection, _: Request) -> Response:
        return connection.respond(400, "parse error")

    with tailing(lambda _: None, refuse) as addr, pytest.raises(Refused, match="parse error \\(status 400\\)"):
        list(follow(Client(addr), "{", start_ns=0, limit=1))


def test_a_tail_that_ends_with_an_error_says_so() -> None:
    with tailing(lambda connection: connection.close(1011, "too many tails")) as addr, pytest.raises(Refused, match="too many tails"):
        list(follow(Client(addr), "{}", start_ns=0, limit=1))


def test_nobody_there_names_the_address() -> None:
    with pytest.raises(Unreachable, match=r"no answer from 127\.0\.0\.1:1"):
        list(follow(Client("127.0.0.1:1"), "{}", start_ns=0, limit=1))
