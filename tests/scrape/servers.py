"""A server on the loopback that answers as it is told, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Answer = Callable[[str], bytes]
"""Target of the request, `/metrics?a=b` → all bytes of the answer. Without a length it ends with the connection."""


@dataclass
class Asked:
    """head: of each request, as it came. connections: how many were opened."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    connections: int = 0

    def url(self, path: str = "/metrics", scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.port}{path}"


def answer(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


@asynccontextmanager
async def serving(answers: Answer, tls: ssl.SSLContext | None = None) -> AsyncIterator[Asked]:
    asked = Asked()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                asked.heads.append(head)
                sent = answers(head.split(" ")[1])
                writer.write(sent)
                await writer.drain()
                if b"Content-Length" not in sent and b"chunked" not in sent:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    asked.port = server.sockets[0].getsockname()[1]
    try:
        yield asked
    finally:
        server.close()
        await asyncio.sleep(0)  # connections that were given up are closed by the loop
