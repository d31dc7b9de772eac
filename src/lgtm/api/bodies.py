"""Request bodies, bounded: one by one as they are read, and all together while they are worked on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from types import TracebackType
from typing import Protocol, TypeVar

from starlette.requests import Request

from lgtm.api.config import PushConfig
from lgtm.api.errors import BodyTooSlow
from lgtm.api.turns import Turns
from lgtm.errors import Unavailable
from lgtm.wire.bounds import CompressedTooLarge, DecompressedTooLarge, MalformedBody, WindowTooLarge

TURN_BYTES_MIN = 16 * 1024
"""Of a body as received. Smaller ones are done with in a millisecond."""

T_co = TypeVar("T_co", covariant=True)


class Decoder(Protocol[T_co]):
    """(body as received, bytes that it may decompress to) → what is in it. Raises DecompressedTooLarge, WindowTooLarge and other BadRequest kinds.

    Free to run in any thread.
    """

    def __call__(self, body: bytes, bytes_max: int, /) -> T_co: ...


class _Rows(Protocol):
    @property
    def nbytes(self) -> int:
        """Of the rows."""


R = TypeVar("R", bound=_Rows)


class TooManyBodies(Unavailable):
    """Requests in flight hold as much memory as they may."""

    def __init__(self, bytes_max: int) -> None:
        self.bytes_max = bytes_max

    def __str__(self) -> str:
        return f"requests in flight hold {self.bytes_max} bytes, which is push.in_flight_bytes_max; retry later"


class Bodies:
    """Reads and decodes bodies. Close it to end its threads."""

    def __init__(self, config: PushConfig | None = None) -> None:
        self.config = config or PushConfig()
        self.in_flight_bytes = 0
        self._turns = Turns()
        self._threads = ThreadPoolExecutor(self.config.decode_threads, thread_name_prefix="decode")

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    def hold(self) -> Hold:
        """What one request holds, until the end of the `with` block."""
        return Hold(self)

    async def decode(self, body: bytes, decoder: Decoder[T_co]) -> T_co:
        """What the decoder makes of it, in a thread unless the body is small, decompressed too."""
        most, inline = self.config.bounds.decompressed_bytes_max, min(self.config.inline_bytes_max, self.config.bounds.decompressed_bytes_max)
        if len(body) <= inline:
            if len(body) >= TURN_BYTES_MIN:
                await self._turns.take()
            with suppress(DecompressedTooLarge, WindowTooLarge):
                return decoder(body, inline)
        return await asyncio.get_running_loop().run_in_executor(self._threads, decoder, body, most)


class Hold:
    """The bytes that one request holds."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._bytes = 0

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        self._bodies.in_flight_bytes -= self._bytes
        self._bytes = 0

    def add(self, nbytes: int) -> None:
        """Raises TooManyBodies when there is no room. A request alone is always let through: it is bounded by itself."""
        bytes_max = self._bodies.config.in_flight_bytes_max
        if self._bodies.in_flight_bytes + nbytes > bytes_max and self._bodies.in_flight_bytes > self._bytes:
            raise TooManyBodies(bytes_max)
        self._bodies.in_flight_bytes += nbytes
        self._bytes += nbytes

    async def read(self, request: Request) -> bytes:
        """The whole body as received. Raises CompressedTooLarge as soon as its length says so, BodyTooSlow, TooManyBodies, ClientDisconnect.

        Only what has arrived is held: a length that is announced and never sent takes no room from others.
        """
        config = self._bodies.config
        _check_length(request, config.bounds.compressed_bytes_max)
        try:
            async with asyncio.timeout(config.read_timeout_s):
                return b"".join([piece async for piece in self._pieces(request, config.bounds.compressed_bytes_max)])
        except TimeoutError:
            raise BodyTooSlow(config.read_timeout_s) from None

    async def _pieces(self, request: Request, bytes_max: int) -> AsyncIterator[bytes]:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > bytes_max:
                raise CompressedTooLarge(size, bytes_max)
            self.add(len(piece))
            yield piece

    async def decode(self, body: bytes, decoder: Decoder[R]) -> R:
        """Rows, which count from now on in place of the body's own bytes."""
        decoded = await self._bodies.decode(body, decoder)
        self.add(max(0, decoded.nbytes - self._bytes))
        return decoded


def _check_length(request: Request, bytes_max: int) -> None:
    """Judges the announced length; none may be announced."""
    text = request.headers.get("content-length", "0")
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise MalformedBody(f"invalid Content-Length {text[:64]!r}")
    if int(text) > bytes_max:
        raise CompressedTooLarge(int(text), bytes_max)
