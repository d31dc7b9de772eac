"""Asking name servers: a datagram to each in turn, and a connection where the answer is too long for one.

Why one of our own: the system's resolver tells of addresses only, and SRV records are what services are found by.
"""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Sequence
from pathlib import Path

from lgtm.clock import Clock
from lgtm.scrape.dns_message import Answer, DnsFailed, Record, decode_answer, encode_question
from lgtm.scrape.loop import within

TIMEOUT_S = 5.0
PORT = 53
_ATTEMPTS = 2
Server = tuple[str, int]


class DnsClient:
    def __init__(self, servers: Sequence[Server], clock: Clock, rng: random.Random) -> None:
        """rng: of the ids of questions; unpredictable in earnest, so that strangers cannot answer them."""
        self._servers, self._clock, self._rng = tuple(servers), clock, rng

    async def resolve(self, name: str, type_: str) -> tuple[Record, ...]:
        """Nothing for a name that does not exist. Raises DnsFailed when no server tells."""
        failed = DnsFailed("no name server is configured")
        for server in self._servers * _ATTEMPTS:
            try:
                return (await within(self._clock, TIMEOUT_S, self._ask(server, name, type_))).records
            except TimeoutError:
                failed = DnsFailed(f"could not resolve {name}: {server[0]} did not answer")
            except (DnsFailed, OSError, EOFError) as error:
                failed = DnsFailed(f"could not resolve {name}: {error}")
        raise failed

    async def _ask(self, server: Server, name: str, type_: str) -> Answer:
        id_ = self._rng.randrange(1 << 16)
        question = encode_question(id_, name, type_)
        answer = decode_answer(await _by_datagram(server, question), id_, type_)
        return decode_answer(await _by_connection(server, question), id_, type_) if answer.truncated else answer


class _FirstDatagram(asyncio.DatagramProtocol):
    """Takes the first datagram with the id of the question; others are strays."""

    def __init__(self, id_: bytes) -> None:
        self._id = id_
        self.received: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002 # the socket is connected: there is one sender
        if data[:2] == self._id and not self.received.done():
            self.received.set_result(data)

    def error_received(self, exc: Exception) -> None:
        if not self.received.done():
            self.received.set_exception(exc)


async def _by_datagram(server: Server, question: bytes) -> bytes:
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.create_datagram_endpoint(lambda: _FirstDatagram(question[:2]), remote_addr=server)
    try:
        transport.sendto(question)
        return await protocol.received
    finally:
        transport.close()


async def _by_connection(server: Server, question: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(*server)
    try:
        writer.write(len(question).to_bytes(2, "big") + question)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
    finally:
        writer.transport.abort()


def name_servers(file: Path = Path("/etc/resolv.conf")) -> tuple[Server, ...]:
    """The servers that the system asks; none of them when the file cannot be read."""
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    return tuple((words[1], PORT) for line in lines if (words := line.split())[:1] == ["nameserver"] and len(words) > 1 and _is_address(words[1]))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
