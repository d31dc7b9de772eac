"""The pages of the ring, for people and for programs."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from fastapi import FastAPI

from lgtm.api.ring import MemberRow, RingOperations, Shard, is_own_form, ring_router
from lgtm.errors import NotFound

NOW = 1_700_000_000 * 10**9
HTML = {"Accept": "text/html,application/xhtml+xml"}


@dataclass
class World:
    reasons: tuple[str, ...] = ()
    forgotten: list[str] = field(default_factory=list)

    def forget(self, instance_id: str) -> None:
        if instance_id != "b":
            raise NotFound(f"there is no instance {instance_id} in the ring")
        self.forgotten.append(instance_id)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
async def client(world: World) -> AsyncIterator[httpx.AsyncClient]:
    shards = [
        Shard("a", "ACTIVE", "10.0.0.1:3100", "10.0.0.1:3101", "z1", NOW - 10**9, NOW, (1, 2), 0.5),
        Shard("b", "UNHEALTHY", "<script>", zone="z2", tokens=(3,), share=0.5, single_copy_rows=7),
    ]
    members = [MemberRow("a-1", "10.0.0.1:7946", "alive", 3)]
    app = FastAPI()
    app.include_router(ring_router(RingOperations(lambda: shards, lambda: NOW, lambda: members, world.forget, lambda: world.reasons)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


async def test_programs_get_the_fields_that_rings_of_the_field_have(client: httpx.AsyncClient) -> None:
    told = (await client.get("/ring")).json()
    assert told["now"] == "2023-11-14T22:13:20.000Z"
    first, second = told["shards"]
    assert (first["id"], first["state"], first["timestamp"], first["zone"], first["tokens"]) == (
        "a",
        "ACTIVE",
        "2023-11-14T22:13:19.000Z",
        "z1",
        [1, 2],
    )
    assert second["single_copy_rows"] == 7
    assert (await client.get("/memberlist")).json() == {"members": [{"name": "a-1", "address": "10.0.0.1:7946", "state": "alive", "incarnation": 3}]}


async def test_people_get_a_page_that_runs_nothing(client: httpx.AsyncClient) -> None:
    for path in ("/ring", "/ring?tokens=true", "/memberlist"):
        page = await client.get(path, headers=HTML)
        assert page.headers["content-type"].startswith("text/html")
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert "<script>" not in page.text
    assert "&lt;script&gt;" in (await client.get("/ring", headers=HTML)).text


async def test_an_instance_is_forgotten_by_a_form_of_this_site_or_a_program(client: httpx.AsyncClient, world: World) -> None:
    assert (await client.post("/ring", data={"forget": "b"})).status_code == 302
    assert (await client.post("/ring", data={"forget": "b"}, headers={"Origin": "http://test", "Host": "test"})).status_code == 302
    assert world.forgotten == ["b", "b"]
    assert (await client.post("/ring", data={"forget": "x"})).status_code == 404
    assert (await client.post("/ring", data={})).status_code == 400
    for headers in ({"Origin": "http://evil"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await client.post("/ring", data={"forget": "b"}, headers=headers)).status_code == 400
    assert world.forgotten == ["b", "b"]


async def test_one_question_is_asked_before_a_restart(client: httpx.AsyncClient, world: World) -> None:
    answer = await client.get("/ring/settled")
    assert (answer.status_code, answer.text) == (200, "yes\n")
    world.reasons = ("instance b is JOINING",)
    answer = await client.get("/ring/settled")
    assert (answer.status_code, answer.text) == (503, "no: instance b is JOINING\n")


@pytest.mark.parametrize(
    ("headers", "own"),
    [
        ({}, True),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "same-site"}, False),
        ({"origin": "http://a:1", "host": "a:1"}, True),
        ({"origin": "http://b:1", "host": "a:1"}, False),
        ({"origin": "null", "host": "a:1"}, False),
    ],
)
def test_whose_form_it_is(headers: dict[str, str], own: bool) -> None:
    assert is_own_form(headers) == own
