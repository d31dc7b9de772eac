"""Answers are compressed for who takes gzip, if it is worth it and nothing speaks against it."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from lgtm.api.compress import BYTES_MIN, INLINE_BYTES_MAX, Compressed, takes_gzip

BODY = b'{"status":"success"}' * 1_000


async def _pieces() -> AsyncIterator[bytes]:
    yield BODY
    yield BODY


def _app() -> Compressed:
    async def sized(request: Request) -> Response:
        return Response(b"x" * int(request.query_params["size"]), media_type="text/plain", headers={"Vary": "Origin"})

    async def streamed(_: Request) -> Response:
        return StreamingResponse(_pieces())

    async def encoded(_: Request) -> Response:
        return Response(BODY, headers={"Content-Encoding": "snappy"})

    async def empty(_: Request) -> Response:
        return Response(status_code=204)

    routes = [Route("/sized", sized), Route("/streamed", streamed), Route("/encoded", encoded), Route("/empty", empty)]
    return Compressed(Starlette(routes=routes))


async def _ask(path: str, accept: str | None = "gzip", method: str = "GET") -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(_app()), base_url="http://a") as client:
        client.headers.pop("accept-encoding")
        return await client.request(method, path, headers={} if accept is None else {"Accept-Encoding": accept})


@pytest.mark.parametrize("size", [BYTES_MIN, INLINE_BYTES_MAX, INLINE_BYTES_MAX + 1])
async def test_what_is_worth_it_is_compressed(size: int) -> None:
    answer = await _ask(f"/sized?size={size}")
    assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "Origin, Accept-Encoding")
    assert int(answer.headers["content-length"]) < size / 5
    assert answer.content == b"x" * size


@pytest.mark.parametrize(("size", "accept"), [(BYTES_MIN - 1, "gzip"), (BYTES_MIN, None), (BYTES_MIN, "deflate, br"), (BYTES_MIN, "gzip;q=0")])
async def test_other_answers_go_out_as_they_are(size: int, accept: str | None) -> None:
    answer = await _ask(f"/sized?size={size}", accept)
    assert ("content-encoding" in answer.headers, answer.headers["vary"]) == (False, "Origin, Accept-Encoding")
    assert answer.headers["content-length"] == str(size)


@pytest.mark.parametrize(("path", "method"), [("/sized?size=5000", "HEAD"), ("/encoded", "GET"), ("/empty", "GET")])
async def test_answers_without_a_body_of_their_own_are_not_touched(path: str, method: str) -> None:
    answer = await _ask(path, method=method)
    assert "Accept-Encoding" not in answer.headers.get("vary", "")
    assert answer.headers.get("content-encoding") in (None, "snappy")


async def test_what_is_streamed_goes_out_as_it_comes() -> None:
    answer = await _ask("/streamed")
    assert ("content-encoding" in answer.headers, answer.content) == (False, BODY * 2)


@pytest.mark.parametrize(
    ("accept", "taken"),
    [
        ("gzip", True),
        ("deflate, GZIP", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("gzip ; q=0.001", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("gzip;q=2", False),
        ("gzip;q=", False),
        ("x-gzip", False),
        ("gzipped", False),
        ("*", False),
        ("identity", False),
        ("", False),
    ],
)
def test_gzip_is_taken_where_it_is_named(accept: str, taken: bool) -> None:
    assert takes_gzip(accept) is taken


async def test_an_answer_is_one_gzip_stream_that_is_the_same_each_time() -> None:
    sent = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": "GET", "path": "/sized", "query_string": b"size=5000", "headers": [(b"accept-encoding", b"gzip")]}
    await _app()(scope, receive, send)  # type: ignore[arg-type]
    await _app()(scope, receive, send)  # type: ignore[arg-type]
    bodies = [message["body"] for message in sent if message["type"] == "http.response.body"]
    assert bodies[0] == bodies[1]
    assert isinstance(bodies[0], bytes)
    assert gzip.decompress(bodies[0]) == b"x" * 5_000
