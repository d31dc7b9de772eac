"""What Tempo's status pages tell."""

from __future__ import annotations

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from lgtm.api.operations import Operations
from lgtm.api.tempo.routes import TEMPO_VERSION
from lgtm.api.tempo.status import tempo_status_router


async def flush() -> None:
    raise AssertionError


OPERATIONS = Operations(
    CollectorRegistry(),
    not_ready=lambda: None,
    services=lambda: {"querier": "Running", "store": "Stopping"},
    config=lambda mode: f"mode: {mode}\n",
    flush=flush,
    revision="abc",
)


@pytest.mark.parametrize("prefix", ["", "/tempo"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/status/version", f"tempo, version {TEMPO_VERSION} (branch: , revision: abc)\n"),
        ("/status/services", "querier => Running\nstore => Stopping\n"),
        ("/status/endpoints", "GET /api/search/tag/{name}/values\n"),
        ("/status/config", "mode: None\n"),
        ("/status/config?mode=defaults", "mode: defaults\n"),
        ("/status/runtime_config", "mode: diff\n"),
        ("/status/overrides", "mode: diff\n"),
        ("/status", "store => Stopping\n"),
    ],
)
async def test_operators_see_what_the_node_knows(prefix: str, path: str, text: str) -> None:
    app = FastAPI()
    router = tempo_status_router(OPERATIONS)
    app.include_router(router)
    app.include_router(router, prefix="/tempo")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        response = await client.get(prefix + path)
    assert response.status_code == 200
    assert text in response.text
    assert response.headers["content-type"].startswith("text/")
