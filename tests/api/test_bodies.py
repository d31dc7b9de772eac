"""Bodies are bounded one by one and all together, and a large one does not stop the loop."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from collections.abc import AsyncIterator, Iterator

import cramjam
import httpx
import pytest
import zstandard
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message

from api.push_server import PushServer
from lgtm.api.bodies import Bodies, TooManyBodies
from lgtm.api.config import PushConfig
from lgtm.api.errors import BodyTooSlow
from lgtm.api.loki_push import PUSH_PATH
from lgtm.wire.bounds import BodyBounds, CompressedTooLarge, DecompressedTooLarge, MalformedBody
from lgtm.wire.compression import ZSTD_WINDOW_BYTES_MAX, decompress
from lgtm.wire.loki_push import decode_push
from wire.messages import Entry, push_bytes

BOUNDS = BodyBounds(compressed_bytes_max=100)
CONFIG = PushConfig(bounds=BOUNDS, in_flight_bytes_max=250)
T = 1795168860000000000


def request_of(*pieces: bytes, length: str | None = None, then: str = "http.request") -> Request:
    """A request whose body arrives in pieces; `then` may be `http.disconnect`."""
    messages: list[Message] = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    messages.append({"type": then, "body": b"", "more_body": False})

    async def receive() -> Message:
        return messages.pop(0)

    headers = [(b"content-length", length.encode())] if length is not None else []
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


@pytest.fixture
def bodies() -> Iterator[Bodies]:
    bodies = Bodies(CONFIG)
    yield bodies
    bodies.close()


@pytest.mark.parametrize("length", [None, "0", "6", "7", "100"])
async def test_a_body_is_read_whole_whatever_length_was_announced(bodies: Bodies, length: str | None) -> None:
    with bodies.hold() as hold:
        assert await hold.read(request_of(b"ab", b"", b"cdef", length=length)) == b"abcdef"
        assert bodies.in_flight_bytes == 6
    assert bodies.in_flight_bytes == 0


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        (request_of(length="101"), CompressedTooLarge),
        (request_of(b"x" * 101), CompressedTooLarge),
        (request_of(b"x" * 60, b"x" * 60, length="5"), CompressedTooLarge),
        (request_of(length="-1"), MalformedBody),
        (request_of(length="1e9"), MalformedBody),
        (request_of(length="9" * 30), MalformedBody),
        (request_of(b"x", then="http.disconnect"), ClientDisconnect),
    ],
)
async def test_a_body_that_cannot_be_taken_is_refused_and_holds_nothing(bodies: Bodies, request_: Request, error: type[Exception]) -> None:
    with bodies.hold() as hold, pytest.raises(error):
        await hold.read(request_)
    assert bodies.in_flight_bytes == 0


async def test_bodies_in_flight_have_a_bound_together(bodies: Bodies) -> None:
    with bodies.hold() as first, bodies.hold() as second, bodies.hold() as third:
        await first.read(request_of(b"x" * 100))
        await second.read(request_of(b"x" * 100))
        with pytest.raises(TooManyBodies, match=r"push\.in_flight_bytes_max; retry later"):
            await third.read(request_of(b"x" * 60))
        await third.read(request_of(b"x" * 50))
        assert bodies.in_flight_bytes == 250
    with bodies.hold() as again:
        await again.read(request_of(b"x" * 100))


async def test_a_length_that_is_only_announced_takes_no_room(bodies: Bodies) -> None:
    with bodies.hold() as hold:
        await hold.read(request_of(b"x", length="100"))
        assert bodies.in_flight_bytes == 1


async def test_a_body_that_does_not_arrive_is_given_up() -> None:
    async def silence() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    bodies = Bodies(PushConfig(read_timeout_s=0.001))
    with bodies.hold() as hold, pytest.raises(BodyTooSlow, match=r"did not arrive within 0.001s"):
        await hold.read(Request({"type": "http", "method": "POST", "headers": []}, silence))
    bodies.close()


async def test_decoded_rows_count_until_they_are_pushed(bodies: Bodies) -> None:
    body = push_bytes({"{}": [(T, "", {})] * 4})
    with bodies.hold() as hold:
        await hold.read(request_of(body, length=str(len(body))))
        decoded = await hold.decode(body, lambda body, _: decode_push(body))
        assert bodies.in_flight_bytes == max(len(body), decoded.rows.nbytes)
    assert bodies.in_flight_bytes == 0


@pytest.mark.parametrize(("nbytes", "threads"), [(10, [True]), (100, [True]), (101, [True, False]), (1_000, [True, False])])
async def test_a_body_is_decoded_in_a_thread_once_it_is_large_when_decompressed(nbytes: int, threads: list[bool]) -> None:
    """What turns out to be too large is given up before anything is made of it."""
    bodies = Bodies(PushConfig(inline_bytes_max=100))
    body, at_once = gzip.compress(bytes(nbytes)), list[bool]()

    def decoder(body: bytes, bytes_max: int) -> bytes:
        at_once.append(threading.current_thread() is threading.main_thread())
        return decompress(body, "gzip", bytes_max=bytes_max)

    assert await bodies.decode(body, decoder) == bytes(nbytes)
    assert at_once == threads
    bodies.close()


async def test_a_frame_with_a_window_too_large_for_a_small_body_is_no_bad_one() -> None:
    """Compressors at high levels, who do not know how much will come, ask for more than they use."""
    bodies = Bodies(PushConfig(inline_bytes_max=1_000))
    stream = zstandard.ZstdCompressor(compression_params=zstandard.ZstdCompressionParameters(window_log=24)).compressobj()
    frame = stream.compress(b"small") + stream.flush()
    assert ZSTD_WINDOW_BYTES_MAX < 1 << 24
    assert await bodies.decode(frame, lambda body, bytes_max: decompress(body, "zstd", bytes_max=bytes_max)) == b"small"
    bodies.close()


@pytest.mark.parametrize("inline_bytes_max", [0, 100, 1_000])
async def test_a_body_that_decompresses_to_too_much_is_refused_wherever_it_is_decoded(inline_bytes_max: int) -> None:
    bodies = Bodies(PushConfig(bounds=BodyBounds(compressed_bytes_max=100, decompressed_bytes_max=500), inline_bytes_max=inline_bytes_max))
    with pytest.raises(DecompressedTooLarge, match="500"):
        await bodies.decode(gzip.compress(bytes(501)), lambda body, bytes_max: decompress(body, "gzip", bytes_max=bytes_max))
    bodies.close()


async def test_a_request_alone_is_taken_even_when_its_rows_are_large(bodies: Bodies) -> None:
    with bodies.hold() as alone, bodies.hold() as other:
        alone.add(10_000)
        with pytest.raises(TooManyBodies):
            other.add(1)


async def test_a_full_node_answers_503_with_retry_after() -> None:
    server = PushServer(CONFIG)
    with server.bodies.hold() as other:
        other.add(250)
        response = await server.post(PUSH_PATH, b'{"streams":[]}', {"Content-Type": "application/json"})
    assert response.status_code == 503
    assert response.headers["retry-after"] == "1"
    server.bodies.close()


async def test_a_client_that_goes_away_in_the_middle_leaves_nothing_behind() -> None:
    server = PushServer()

    async def never_ending() -> AsyncIterator[bytes]:
        yield b'{"streams":['
        raise ConnectionError

    async with server.on_loopback() as url, httpx.AsyncClient(base_url=url) as client:
        with pytest.raises(ConnectionError):
            await client.post(PUSH_PATH, content=never_ending(), headers={"X-Scope-OrgID": "t", "Content-Type": "application/json"})
    assert server.bodies.in_flight_bytes == 0
    assert server.pushed == []
    server.bodies.close()


async def test_the_loop_goes_on_while_large_bodies_are_decoded() -> None:
    """50 ms is what a gossip ping or a query may wait. A stall of the whole machine is not ours, so 19 waits of 20 count."""
    server = PushServer()
    lines: dict[str, list[Entry]] = {
        f'{{pod="{stream}"}}': [(T + n, "a line of the usual length " * 6, {}) for n in range(20_000)] for stream in range(4)
    }
    body = bytes(cramjam.snappy.compress_raw(push_bytes(lines)))
    lags: list[float] = []

    async def watch() -> None:
        while True:
            start = time.perf_counter()
            await asyncio.sleep(0.005)
            lags.append(time.perf_counter() - start - 0.005)

    async with asyncio.TaskGroup() as tasks:
        watcher = tasks.create_task(watch())
        posts = [tasks.create_task(server.post(PUSH_PATH, body, {"Content-Type": "application/x-protobuf"})) for _ in range(4)]
        assert [(await post).status_code for post in posts] == [204] * 4
        watcher.cancel()
    assert sum(len(decoded) for _, decoded in server.pushed) == 4 * 80_000
    assert sorted(lags)[len(lags) * 19 // 20] < 0.05
    server.bodies.close()
