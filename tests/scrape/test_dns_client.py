"""Name servers on the loopback are asked, one after the other."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from lgtm.clock import ManualClock, SystemClock
from lgtm.scrape.dns_client import DnsClient, name_servers
from lgtm.scrape.dns_message import DnsFailed, Record
from scrape.dns_server import a_record, dns_answer, name_server

RNG = random.Random(1)


async def test_a_name_has_records() -> None:
    async with name_server(lambda question, _: dns_answer(question, a_record("10.0.0.1"), a_record("10.0.0.2"))) as server:
        records = await DnsClient([server], SystemClock(), RNG).resolve("h.example.com", "A")
    assert records == (Record("A", "10.0.0.1"), Record("A", "10.0.0.2"))


async def test_a_long_answer_comes_by_connection() -> None:
    def reply(question: bytes, connected: bool) -> bytes:
        return dns_answer(question, *[a_record("10.0.0.1")] * 300) if connected else dns_answer(question, truncated=True)

    async with name_server(reply) as server:
        assert len(await DnsClient([server], SystemClock(), RNG).resolve("h", "A")) == 300


async def test_the_next_server_is_asked_when_one_fails() -> None:
    async with name_server(lambda question, _: dns_answer(question, code=2)) as broken:
        async with name_server(lambda question, _: dns_answer(question, a_record("10.0.0.1"))) as server:
            assert await DnsClient([broken, server], SystemClock(), RNG).resolve("h", "A") == (Record("A", "10.0.0.1"),)
        with pytest.raises(DnsFailed, match="could not resolve h: server answered with code 2"):
            await DnsClient([broken], SystemClock(), RNG).resolve("h", "A")


async def test_a_server_that_is_silent_is_given_up() -> None:
    clock = ManualClock()
    async with name_server(lambda question, _: None) as server:
        asking = asyncio.ensure_future(DnsClient([server], clock, RNG).resolve("h", "A"))
        while not asking.done():
            await clock.advance(1)
        with pytest.raises(DnsFailed, match=r"could not resolve h: 127.0.0.1 did not answer"):
            await asking


async def test_without_servers_nothing_is_known() -> None:
    with pytest.raises(DnsFailed, match="no name server"):
        await DnsClient([], SystemClock(), RNG).resolve("h", "A")


def test_servers_are_those_of_the_system(tmp_path: Path) -> None:
    file = tmp_path / "resolv.conf"
    file.write_text("# nameserver 1.1.1.1\nnameserver 10.0.0.2\nnameserver\nsearch x\nnameserver nonsense\nnameserver fd00::1\n")
    assert name_servers(file) == (("10.0.0.2", 53), ("fd00::1", 53))
    assert name_servers(tmp_path / "none") == ()
