"""A call ends in an answer, in what the other side said, or in what may be concluded from its silence."""

from __future__ import annotations

import asyncio
import os
import socket

import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import SystemClock
from lgtm.model.part import UnknownSeries
from lgtm.peer.client import Peers
from lgtm.peer.config import PeerConfig
from lgtm.peer.faults import PeerBusy, PeerRefused, PeerUnknown, RemoteUnavailable
from lgtm.peer.metrics import PeerMetrics
from peer.servers import CLUSTER, calling, serving


@pytest.mark.parametrize("size", [0, 1, 300_000, 9_000_000])
async def test_bytes_go_there_and_back(size: int) -> None:
    data = os.urandom(size)
    async with serving() as (_, address), calling(address) as client:
        assert await client.call("echo", data, 10) == data


async def test_a_stream_ends_as_the_other_side_says() -> None:
    async with serving() as (_, address), calling(address) as client:
        assert [piece async for piece in client.stream("count", b"2", 5)] == [b"0", b"1"]
        pieces = client.stream("count", b"3", 5)
        assert [await anext(pieces) for _ in range(3)] == [b"0", b"1", b"2"]
        with pytest.raises(RemoteUnavailable, match="in the middle"):
            await anext(pieces)


async def test_errors_of_the_other_side_keep_their_meaning() -> None:
    async with serving() as (_, address), calling(address) as client:
        with pytest.raises(UnknownSeries) as unknown:
            await client.call("unknown", b"", 5)
        assert (unknown.value.fingerprints, unknown.value.generation) == ((b"f" * 16,), 7)
        with pytest.raises(RemoteUnavailable, match="stopping, täglich") as draining:
            await client.call("draining", b"", 5)
        assert draining.value.definite
        assert draining.value.draining
        assert not client.breaker.is_open


async def test_a_bug_over_there_is_an_unknown_outcome(caplog: pytest.LogCaptureFixture) -> None:
    async with serving() as (_, address), calling(address) as client:
        with pytest.raises(PeerUnknown, match="internal error"):
            await client.call("bug", b"", 5)
    assert "a call of another node failed" in caplog.text


async def test_nobody_listening_is_definite_and_the_breaker_spares_the_next_calls() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with calling(f"127.0.0.1:{port}") as client:
        with pytest.raises(PeerRefused) as refused:
            await client.call("echo", b"", 5)
        assert refused.value.definite
        assert refused.value.refused
        assert client.breaker.is_open
        with pytest.raises(PeerRefused, match="did not answer lately"):
            await client.call("echo", b"", 5)


async def test_an_address_that_another_instance_has_taken_over_is_as_good_as_nobody() -> None:
    async with serving() as (_, address), calling(address, instance="the one before") as client:
        with pytest.raises(PeerRefused, match="another instance answers here") as refused:
            await client.call("echo", b"", 5)
        assert refused.value.refused


async def test_silence_is_unknown_and_ends_the_call_over_there() -> None:
    async with serving() as (handlers, address), calling(address) as client:
        with pytest.raises(PeerUnknown, match="no answer in time") as silent:
            await client.call("hang", b"", 0.2)
        assert not silent.value.definite
        async with asyncio.timeout(5):
            await handlers.cancelled.wait()


async def test_a_caller_that_gives_up_ends_the_call_over_there() -> None:
    async with serving() as (handlers, address), calling(address) as client:
        calling_it = asyncio.ensure_future(client.call("hang", b"", 30))
        await handlers.hanging.wait()
        calling_it.cancel()
        async with asyncio.timeout(5):
            await handlers.cancelled.wait()


async def test_a_server_that_dies_in_a_call_leaves_the_outcome_unknown() -> None:
    async with serving() as (handlers, address), calling(address) as client:
        call = asyncio.ensure_future(client.call("hang", b"", 30))
        await handlers.hanging.wait()
        await handlers.die()
        with pytest.raises(PeerUnknown) as broken:
            await call
        assert not broken.value.definite


@pytest.mark.parametrize("config", [PeerConfig(calls_in_flight_max=1), PeerConfig(in_flight_bytes_max=10)])
async def test_more_than_may_wait_for_a_node_is_refused_at_once(config: PeerConfig) -> None:
    async with serving() as (handlers, address), calling(address, config) as client:
        first = asyncio.ensure_future(client.call("hang", b"123456", 30))
        await handlers.hanging.wait()
        with pytest.raises(PeerBusy):
            await client.call("echo", b"123456", 5)
        handlers.release.set()
        assert await first == b""
        assert await client.call("echo", b"123456", 5) == b"123456"


async def test_clients_of_nodes_that_are_gone_are_closed() -> None:
    peers = Peers(PeerConfig(), CLUSTER, SystemClock(), PeerMetrics(CollectorRegistry()))
    kept = peers.client("a", "127.0.0.1:1")
    gone = peers.client("b", "127.0.0.1:1")
    await peers.keep({("a", "127.0.0.1:1")})
    assert peers.client("a", "127.0.0.1:1") is kept
    assert peers.client("b", "127.0.0.1:1") is not gone
    await peers.close()
