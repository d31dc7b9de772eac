"""HTTP/1.1 over asyncio's streams: connections are kept and reused, redirects followed, bodies bounded.

Why one of our own: a pool of threads with urllib3 would be held by the targets that do not answer, a thread for each, and httptools, which the
server side has already, leaves little to write.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass, field
from urllib.parse import SplitResult, quote, urljoin, urlsplit

import httptools

from lgtm.scrape.config_http import TlsConfig
from lgtm.scrape.credentials import TlsContexts, own_headers
from lgtm.scrape.fetch import BodySizeLimitReached, FetchFailed, Request, Response
from lgtm.wire.bounds import BodyTooLarge, MalformedBody
from lgtm.wire.compression import decompress

REDIRECTS_MAX = 10
DECOMPRESS_INLINE_BYTES_MAX = 32 * 1024
"""As sent. Larger bodies, of a quarter of a megabyte and more, are decompressed in a thread."""
_REDIRECTS = (301, 302, 303, 307, 308)
BODY_BYTES_MAX = 64 * 1024 * 1024
"""Of a request that does not say: a page of half a million series."""
_HEADER_BYTES_MAX = 64 * 1024
_READ_BYTES = 256 * 1024
_IDLE_MAX = 1_000
"""Connections that are kept open; beyond it the one that has been idle for longest is closed."""

_FAILURES = (OSError, ValueError, EOFError, httptools.HttpParserError, httptools.HttpParserUpgrade, MalformedBody)

_Place = tuple[str, str, int, TlsConfig]


@dataclass(slots=True, frozen=True, eq=False)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


class _ClosedEarly(Exception):
    """The other side closed before it answered anything: a kept connection may always be found so."""


class HttpClient:
    """Satisfies Fetch. `close` when nobody asks any more."""

    def __init__(self) -> None:
        self._idle: deque[tuple[_Place, _Connection]] = deque()
        self._contexts = TlsContexts()

    async def __call__(self, request: Request) -> Response:
        url, allowed = request.url, True
        for _ in range(REDIRECTS_MAX + 1):
            try:
                response = await self._get(url, request, with_own_headers=allowed)
                location = response.headers.get("location", "")
                if not request.http.follow_redirects or response.status not in _REDIRECTS or not location:
                    return response
                following = urljoin(url, location)
            except _FAILURES as error:
                raise FetchFailed(url, str(error) or type(error).__name__) from error
            # Credentials are for whom they were configured for, not for whoever that one names.
            allowed = allowed and urlsplit(following)[:2] == urlsplit(url)[:2]
            url = following
        raise FetchFailed(request.url, f"stopped after {REDIRECTS_MAX} redirects")

    async def close(self) -> None:
        while self._idle:
            await _close(self._idle.pop()[1])

    async def _get(self, url: str, request: Request, *, with_own_headers: bool) -> Response:
        parts = urlsplit(url)
        place = _place(parts, request.http.tls)
        head = _head(parts, request, own_headers(request.http) if with_own_headers else [])
        kept = self._take(place)
        if kept is not None:
            try:
                return await self._exchange(place, kept, head, request)
            except (_ClosedEarly, ConnectionError):
                pass
        try:
            return await self._exchange(place, await self._open(place), head, request)
        except _ClosedEarly:
            raise EOFError("EOF") from None

    async def _open(self, place: _Place) -> _Connection:
        scheme, host, port, tls = place
        context = self._contexts.context(tls) if scheme == "https" else None
        name = tls.server_name or host
        reader, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=name if context else None)
        return _Connection(reader, writer)

    async def _exchange(self, place: _Place, connection: _Connection, head: bytes, request: Request) -> Response:
        """Keeps the connection only when the answer was read to its end."""
        answer = _Answer(request.bytes_max or BODY_BYTES_MAX)
        reusable = False
        try:
            connection.writer.write(head)
            await answer.read(connection.reader)
            reusable = answer.keeps_open
            return answer.response() if answer.size <= DECOMPRESS_INLINE_BYTES_MAX else await asyncio.to_thread(answer.response)
        finally:
            if reusable:
                self._keep(place, connection)
            else:
                # Not an orderly end: a target that does not answer would not take part in one either.
                connection.writer.transport.abort()

    def _take(self, place: _Place) -> _Connection | None:
        for at, (other, connection) in enumerate(self._idle):
            if other == place:
                del self._idle[at]
                if connection.reader.at_eof():
                    connection.writer.close()
                    return None
                return connection
        return None

    def _keep(self, place: _Place, connection: _Connection) -> None:
        self._idle.append((place, connection))
        if len(self._idle) > _IDLE_MAX:
            self._idle.popleft()[1].writer.close()


@dataclass(slots=True)
class _Answer:
    """What httptools calls while it reads an answer."""

    bytes_max: int
    headers: dict[str, str] = field(default_factory=dict)
    reason: bytes = b""
    size: int = 0
    """Of the body, as sent."""
    complete: bool = False
    keeps_open: bool = False
    status: int = 0
    _body: list[bytes] = field(default_factory=list)
    _head_size: int = 0
    _parser: httptools.HttpResponseParser | None = None

    def on_status(self, status: bytes) -> None:
        self.reason += status

    def on_header(self, name: bytes, value: bytes) -> None:
        self._head_size += len(name) + len(value)
        if self._head_size > _HEADER_BYTES_MAX:
            raise ValueError("header of the answer is too long")
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.size += len(body)
        if self.size <= self.bytes_max:
            self._body.append(body)

    def on_message_complete(self) -> None:
        # Asked now, since the parser forgets the head with the end of the message.
        assert self._parser is not None
        self.complete, self.keeps_open = True, self._parser.should_keep_alive()

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Raises _ClosedEarly when nothing came, EOFError when not all came."""
        parser = self._parser = httptools.HttpResponseParser(self)
        received = False
        while not self.complete:
            data = await reader.read(_READ_BYTES)
            if not data:
                self._end(received)
                break
            received = True
            parser.feed_data(data)
            if self.size > self.bytes_max:
                raise BodySizeLimitReached
        self.status = parser.get_status_code()
        self._parser = None

    def _end(self, received: bool) -> None:
        if not received:
            raise _ClosedEarly
        if not self.headers or "content-length" in self.headers or "transfer-encoding" in self.headers:
            raise EOFError("unexpected EOF")

    def response(self) -> Response:
        encoding = self.headers.get("content-encoding", "").strip().lower()
        if encoding not in ("", "identity", "gzip"):
            raise MalformedBody(f"unexpected Content-Encoding {encoding}")
        try:
            body = decompress(b"".join(self._body), encoding, bytes_max=self.bytes_max)
        except BodyTooLarge:
            raise BodySizeLimitReached from None
        return Response(self.status, self.reason.decode("latin-1"), self.headers, body)


def _place(parts: SplitResult, tls: TlsConfig) -> _Place:
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"unsupported protocol scheme {parts.scheme!r}")
    host = parts.hostname
    if not host or any(character <= " " for character in parts.netloc):
        raise ValueError("no host in request URL")
    return parts.scheme, host, parts.port or (443 if parts.scheme == "https" else 80), tls


def _head(parts: SplitResult, request: Request, own: list[tuple[str, str]]) -> bytes:
    target = quote(parts.path or "/", safe="/:@!$&'()*+,;=%~-._")
    if parts.query:
        target += "?" + quote(parts.query, safe="/:@!$&'()*+,;=%~-._?[]")
    host = parts.netloc.rpartition("@")[2]
    headers = [("Host", host), *request.headers, *own]
    lines = [f"GET {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a header has a line break")
    return "\r\n".join([*lines, "", ""]).encode()


async def _close(connection: _Connection) -> None:
    connection.writer.close()
    with contextlib.suppress(OSError):
        await connection.writer.wait_closed()
