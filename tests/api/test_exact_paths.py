"""What is known by its whole path is answered first; everything else as if nothing stood in front."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from lgtm.api.exact_paths import ExactPaths


def _saying(text: str) -> Route:
    async def endpoint(request: Request) -> Response:
        return PlainTextResponse(f"{text} {(await request.body()).decode()}")

    return Route("/push", endpoint, methods=["POST"])


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("POST", "/push", 200, "first body"),
        ("POST", "/push?a=b", 200, "first body"),
        ("GET", "/push", 405, "Method Not Allowed"),
        ("POST", "/push/", 404, "Not Found"),
        ("POST", "/other", 404, "Not Found"),
    ],
)
async def test_only_the_whole_path_and_its_method_count(method: str, path: str, status: int, text: str) -> None:
    others = Starlette(routes=[_saying("second")])
    others.router.redirect_slashes = False
    app = ExactPaths([_saying("first")], others)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://a") as client:
        answer = await client.request(method, path, content=b"body")
    assert (answer.status_code, answer.text) == (status, text)
