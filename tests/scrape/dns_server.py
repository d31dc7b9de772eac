"""Answers of a name server, and one on the loopback."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import cast

Reply = Callable[[bytes, bool], bytes | None]
"""Question and whether it came by a connection → answer, or None to be silent."""


def a_record(address: str) -> bytes:
    return _record(1, ipaddress.ip_address(address).packed)


def srv_record(host: str, port: int) -> bytes:
    name = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    return _record(33, struct.pack(">3H", 0, 0, port) + name + b"\0")


def _record(type_: int, data: bytes) -> bytes:
    """Its name points at that of the question."""
    return b"\xc0\x0c" + struct.pack(">HHIH", type_, 1, 60, len(data)) + data


def dns_answer(question: bytes, *records: bytes, code: int = 0, truncated: bool = False) -> bytes:
    asked = question[12 : question.index(b"\0", 12) + 5]
    flags = 0x8180 | code | (0x0200 if truncated else 0)
    return question[:2] + struct.pack(">5H", flags, 1, len(records), 0, 0) + asked + b"".join(records)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, reply: Reply) -> None:
        self._reply = reply

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if (answer := self._reply(data, False)) is not None:
            self._transport.sendto(answer, addr)


@asynccontextmanager
async def name_server(reply: Reply) -> AsyncIterator[tuple[str, int]]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        question = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
        answer = reply(question, True) or b""
        writer.write(len(answer).to_bytes(2, "big") + answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = server.sockets[0].getsockname()
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: _Datagrams(reply), local_addr=address)
    try:
        yield address
    finally:
        transport.close()
        server.close()
        await asyncio.sleep(0)
