"""A call ends in an answer, in what the other side said, or in what may be concluded from its silence."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket

import grpc
import pytest
from prometheus_client import CollectorRegistry

from lgtm.clock import SystemClock
from lgtm.errors import LgtmError
from lgtm.model.part import UnknownSeries
from lgtm.peer import client as client_module
from lgtm.peer import server as server_module
from lgtm.peer.breaker import SILENT_MAX
from lgtm.peer.calls import OTHER_INSTANCE
from lgtm.peer.client import PeerClient, Peers, fault_of
from lgtm.peer.config import PeerConfig
from lgtm.peer.faults import PeerBusy, PeerFailed, PeerRefused, PeerRejected, PeerTooLarge, PeerUnknown, PeerUnreachable, RemoteUnavailable
from lgtm.peer.metrics import PeerMetrics
from peer.proxy import proxied
from peer.servers import CLUSTER, INSTANCE, calling, serving


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
        for _ in range(SILENT_MAX):
            with pytest.raises(PeerFailed, match="internal error") as bug:
                await client.call("bug", b"", 5)
        assert isinstance(bug.value, PeerUnknown)
        assert not bug.value.definite
        assert not client.breaker.is_open, "it lives, and may serve other methods"
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


async def test_a_connection_that_is_reset_in_a_call_leaves_the_outcome_unknown() -> None:
    async with serving() as (handlers, address), proxied(address) as (proxy, through), calling(through) as client:
        call = asyncio.ensure_future(client.call("hang", b"", 30))
        await handlers.hanging.wait()
        proxy.reset()
        with pytest.raises(PeerUnknown) as broken:
            await call
        assert not broken.value.definite


async def test_a_dead_connection_is_noticed_long_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "KEEPALIVE_MS", 100)
    monkeypatch.setattr(client_module, "PING_TIMEOUT_MS", 100)
    async with serving() as (handlers, address), proxied(address) as (proxy, through), calling(through) as client:
        call = asyncio.ensure_future(client.call("hang", b"", 600))
        await handlers.hanging.wait()
        proxy.swallows = True
        with pytest.raises(PeerUnknown, match="ping timeout"):
            async with asyncio.timeout(30):
                await call


async def test_a_listener_that_says_nothing_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "CONNECT_TIMEOUT_MS", 100)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with calling(f"127.0.0.1:{listener.getsockname()[1]}") as client:
            with pytest.raises(PeerUnreachable) as silent:
                await client.call("echo", b"", 30)
            assert not silent.value.refused


@pytest.mark.parametrize(
    ("code", "details", "kind"),
    [
        ("UNAVAILABLE", "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:1: Connection refused", PeerRefused),
        (
            "UNAVAILABLE",
            "failed to connect to all addresses; connection attempt timed out before receiving SETTINGS",
            PeerUnreachable,
        ),
        ("UNAVAILABLE", "errors resolving b.example:1: [field:hostname lookup error:address lookup failed]", PeerUnreachable),
        ("UNAVAILABLE", "Stream removed (recvmsg:Connection reset by peer (104))", PeerUnknown),
        ("UNAVAILABLE", "Stream removed (ping timeout)", PeerUnknown),
        ("DEADLINE_EXCEEDED", "Deadline Exceeded", PeerUnknown),
        ("CANCELLED", "", PeerUnknown),
        ("RESOURCE_EXHAUSTED", "Concurrent RPC limit exceeded!", PeerBusy),
        ("RESOURCE_EXHAUSTED", "SERVER: Received message larger than max (2 vs. 1)", PeerTooLarge),
        ("RESOURCE_EXHAUSTED", "SERVER: Sent message larger than max (2 vs. 1)", PeerFailed),
        ("INTERNAL", "internal error", PeerFailed),
        ("UNIMPLEMENTED", "Method not found!", PeerRejected),
        ("PERMISSION_DENIED", f"refused: {OTHER_INSTANCE}: 'b' was meant", PeerRefused),
        ("PERMISSION_DENIED", "refused: it does not have the shared secret", PeerRejected),
    ],
)
def test_what_grpc_says_is_told_in_our_words(code: str, details: str, kind: type[LgtmError]) -> None:
    error = grpc.aio.AioRpcError(getattr(grpc.StatusCode, code), grpc.aio.Metadata(), grpc.aio.Metadata(), details)
    assert type(fault_of(error, "b:1")) is kind


@pytest.mark.parametrize(("here", "there"), [(9, 16), (16, 9)])
async def test_a_request_above_the_bound_of_either_side_is_definite(here: int, there: int) -> None:
    mine, theirs = PeerConfig(message_bytes_max=here << 20), PeerConfig(message_bytes_max=there << 20)
    async with serving(theirs) as (_, address), calling(address, mine) as client:
        for _ in range(SILENT_MAX):
            with pytest.raises(PeerTooLarge) as large:
                await client.call("echo", bytes(10 << 20), 10)
            assert large.value.definite
        assert not client.breaker.is_open
        assert await client.call("echo", b"x", 10) == b"x"


@pytest.mark.parametrize(("here", "there"), [(9, 16), (16, 9)])
async def test_an_answer_above_the_bound_of_either_side_comes_after_the_work(here: int, there: int) -> None:
    mine, theirs = PeerConfig(message_bytes_max=here << 20), PeerConfig(message_bytes_max=there << 20)
    async with serving(theirs) as (_, address), calling(address, mine) as client:
        for _ in range(SILENT_MAX):
            with pytest.raises(PeerFailed) as large:
                await client.call("large", b"%d" % (10 << 20), 10)
            assert not large.value.definite
        assert not client.breaker.is_open


async def test_a_node_that_serves_as_many_calls_as_it_may_did_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "CONCURRENT_CALLS_MAX", 1)
    async with serving() as (handlers, address), calling(address) as client:
        first = asyncio.ensure_future(client.call("hang", b"", 30))
        await handlers.hanging.wait()
        with pytest.raises(PeerBusy) as busy:
            await client.call("echo", b"", 5)
        assert busy.value.definite
        handlers.release.set()
        await first


async def test_a_caller_that_has_enough_of_a_stream_ends_it_over_there() -> None:
    async with serving() as (handlers, address), calling(address) as client:
        async with contextlib.aclosing(client.stream("follow", b"", 30)) as pieces:
            assert await anext(pieces) == b"first"
        async with asyncio.timeout(5):
            await handlers.cancelled.wait()


async def test_a_stream_that_ends_by_its_deadline_is_not_silence() -> None:
    async with serving() as (_, address), calling(address) as client:
        for _ in range(SILENT_MAX - 1):
            client.breaker.failed(0, unreachable=False)
        pieces = client.stream("follow", b"", 1.0)
        assert await anext(pieces) == b"first"
        with pytest.raises(PeerUnknown, match="no answer in time"):
            await anext(pieces)
        assert not client.breaker.is_open


async def test_a_call_on_a_client_that_is_closed_fails_instead_of_cancelling_its_caller() -> None:
    async with serving() as (handlers, address), calling(address) as client:
        call = asyncio.ensure_future(client.call("hang", b"", 30))
        await handlers.hanging.wait()
        await client.close()
        with pytest.raises(PeerUnknown, match="closed on this side"):
            await call
        with pytest.raises(PeerUnreachable):
            await client.call("echo", b"", 5)


async def test_a_call_that_a_bound_or_the_breaker_stops_is_counted() -> None:
    registry = CollectorRegistry()
    client = PeerClient("127.0.0.1:1", INSTANCE, PeerConfig(), CLUSTER, SystemClock(), PeerMetrics(registry))
    with pytest.raises(PeerTooLarge):
        await client.call("echo", bytes(17 << 20), 5)
    assert registry.get_sample_value("lgtm_peer_calls_total", {"method": "echo", "outcome": "PeerTooLarge"}) == 1
    await client.close()
