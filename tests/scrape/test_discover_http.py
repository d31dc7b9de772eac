"""Targets that a server lists."""

from __future__ import annotations

import asyncio

import pytest

from lgtm.clock import ManualClock
from lgtm.errors import LgtmError
from lgtm.scrape.config_discovery import HttpDiscovery
from lgtm.scrape.discover_http import HttpDiscoverer
from lgtm.scrape.fetch import FetchFailed, Response
from scrape.fakes import Pages

URL = "http://h/targets"


def listed(body: bytes, content_type: str = "application/json", status: int = 200) -> Response:
    return Response(status, "", {"content-type": content_type}, body)


async def test_listed_targets_have_the_address_of_the_list() -> None:
    pages = Pages(ManualClock(), listed(b'[{"targets": ["a:1", "b"], "labels": {"x": "y"}}]', "application/json; charset=utf-8"))
    found = await HttpDiscoverer(HttpDiscovery(url=URL), pages, pages.clock).find()
    assert found == [{"x": "y", "__address__": address, "__meta_url": URL} for address in ("a:1", "b")]
    assert dict(pages.requests[0][1].headers)["X-Prometheus-Refresh-Interval-Seconds"] == "60"


@pytest.mark.parametrize(
    "answer",
    [listed(b"[]", "text/html"), listed(b"[]", status=500), listed(b"{"), listed(b'{"a": 1}'), listed(b'[{"target": []}]'), FetchFailed(URL, "x")],
)
async def test_what_is_no_list_is_an_error(answer: object) -> None:
    pages = Pages(ManualClock(), answer)
    with pytest.raises(LgtmError):
        await HttpDiscoverer(HttpDiscovery(url=URL), pages, pages.clock).find()


async def test_a_server_that_does_not_answer_is_an_error() -> None:
    clock = ManualClock()
    finding = asyncio.ensure_future(HttpDiscoverer(HttpDiscovery(url=URL), Pages(clock, listed(b"[]"), seconds=60), clock).find())
    await clock.advance(31)
    with pytest.raises(FetchFailed, match="context deadline exceeded"):
        await finding
