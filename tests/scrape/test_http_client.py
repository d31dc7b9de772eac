"""The client against a server on the loopback: what is sent, what is read, and every way it can go wrong."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import pytest

from lgtm.model.secret import Secret
from lgtm.scrape.config_http import Header, HttpConfig, TlsConfig
from lgtm.scrape.fetch import BodySizeLimitReached, FetchFailed, Request
from lgtm.scrape.http_client import DECOMPRESS_INLINE_BYTES_MAX, HttpClient
from scrape.certificates import server_context, write_certificate
from scrape.servers import answer, serving

OK = answer(b"m 1\n", "Content-Type: text/plain")


async def test_an_answer_is_read_whole() -> None:
    async with serving(lambda target: OK) as asked:
        client = HttpClient()
        response = await client(Request(asked.url("/m?a=b%20c"), (("Accept", "x"),)))
        await client.close()
    assert (response.status, response.reason, response.body, response.headers["content-type"]) == (200, "OK", b"m 1\n", "text/plain")
    assert asked.heads == [f"GET /m?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:{asked.port}\r\nAccept: x\r\n\r\n"]


async def test_a_connection_is_used_again() -> None:
    async with serving(lambda target: OK) as asked:
        client = HttpClient()
        for _ in range(3):
            await client(Request(asked.url()))
        await client.close()
    assert (len(asked.heads), asked.connections) == (3, 1)


async def test_a_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    answers = iter([OK, b"", OK])
    async with serving(lambda target: next(answers)) as asked:
        client = HttpClient()
        for _ in range(2):
            assert (await client(Request(asked.url()))).body == b"m 1\n"
        await client.close()
    assert (len(asked.heads), asked.connections) == (3, 2)


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nm \r\n2\r\n1\n\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nm 1\n",
        answer(gzip.compress(b"m 1\n", mtime=0), "Content-Encoding: gzip"),
    ],
)
async def test_bodies_come_in_several_ways(sent: bytes) -> None:
    async with serving(lambda target: sent) as asked:
        client = HttpClient()
        assert (await client(Request(asked.url()))).body == b"m 1\n"
        await client.close()


async def test_large_bodies_that_are_decompressed_in_a_thread_arrive_whole() -> None:
    body = b"".join(b"m%d %d\n" % (number, number * number) for number in range(20_000))
    sent = answer(gzip.compress(body), "Content-Encoding: gzip")
    assert len(sent) > DECOMPRESS_INLINE_BYTES_MAX
    async with serving(lambda target: sent) as asked:
        client = HttpClient()
        assert [(await client(Request(asked.url()))).body == body for _ in range(2)] == [True, True]
        await client.close()
    assert asked.connections == 1


async def test_redirects_are_followed_without_credentials_for_strangers() -> None:
    http = HttpConfig(auth_type="Bearer", credentials=Secret("s"), headers=(Header("X-Key", ("a", "b")),))
    async with serving(lambda target: OK) as other:

        def answers(target: str) -> bytes:
            return answer(b"", f"Location: {'/second' if target == '/metrics' else other.url('/third')}", status="302 Found")

        async with serving(answers) as asked:
            client = HttpClient()
            assert (await client(Request(asked.url(), http=http))).body == b"m 1\n"
            unfollowed = await client(Request(asked.url(), http=HttpConfig(follow_redirects=False)))
            await client.close()
    assert ["Authorization: Bearer s" in head for head in asked.heads] == [True, True, False]
    assert ["X-Key: a\r\nX-Key: b\r\n" in head for head in asked.heads] == [True, True, False]
    assert "Authorization" not in other.heads[0]
    assert "X-Key" not in other.heads[0]
    assert unfollowed.status == 302


async def test_redirects_end() -> None:
    async with serving(lambda target: answer(b"", "Location: /", status="301 Moved")) as asked:
        client = HttpClient()
        with pytest.raises(FetchFailed, match="stopped after 10 redirects"):
            await client(Request(asked.url()))
        await client.close()


@pytest.mark.parametrize(
    "body", [answer(b"x" * 101), answer(gzip.compress(bytes(10_000), mtime=0), "Content-Encoding: gzip"), b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 101]
)
async def test_bodies_are_bounded(body: bytes) -> None:
    async with serving(lambda target: body) as asked:
        client = HttpClient()
        with pytest.raises(BodySizeLimitReached):
            await client(Request(asked.url(), bytes_max=100))
        await client.close()


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        (b"", "EOF"),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nm 1", "unexpected EOF"),
        (b"HTTP/1.1 200 OK\r\n", "unexpected EOF"),
        (answer(b"", "Location: http://[", status="302 Found"), "Get "),
        (answer(b"", "Location: gopher://h", status="302 Found"), "unsupported protocol scheme"),
        (answer(b"", "Connection: Upgrade", "Upgrade: x", status="101 Switching"), "Get "),
        (b"SSH-2.0-OpenSSH\r\n", "Get "),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n", "Get "),
        (answer(b"zz", "Content-Encoding: br"), "unexpected Content-Encoding br"),
        (answer(b"z" * 30, "Content-Encoding: gzip"), "gzip"),
    ],
)
async def test_what_is_no_answer_is_an_error(sent: bytes, message: str) -> None:
    async with serving(lambda target: sent) as asked:
        client = HttpClient()
        with pytest.raises(FetchFailed, match=message):
            await client(Request(asked.url()))
        await client.close()


async def test_nobody_there_is_an_error() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(FetchFailed, match=r'Get "http://127.0.0.1:\d+/": '):
            await HttpClient()(Request(f"http://127.0.0.1:{taken.getsockname()[1]}/"))


@pytest.mark.parametrize(
    "request_",
    [
        Request("gopher://h/"),
        Request("http:///x"),
        Request("http://h\r\nx/"),
        Request("http://127.0.0.1:x/"),
        Request("http://127.0.0.1:1/", (("a", "b\r\nc: d"),)),
        Request("http://127.0.0.1:1/", http=HttpConfig(auth_type="Bearer", credentials_file="none")),
        Request("https://127.0.0.1:1/", http=HttpConfig(tls=TlsConfig(ca_file="none"))),
    ],
)
async def test_what_cannot_be_asked_is_an_error(request_: Request) -> None:
    with pytest.raises(FetchFailed):
        await HttpClient()(request_)


async def test_servers_prove_who_they_are(tmp_path: Path) -> None:
    certificate = write_certificate(tmp_path)
    async with serving(lambda target: OK, server_context(certificate)) as asked:
        client = HttpClient()
        url = asked.url(scheme="https")
        for tls in (
            TlsConfig(ca_file=str(certificate)),
            TlsConfig(ca=certificate.read_text()),
            TlsConfig(ca_file=str(certificate), server_name="server.test"),
            TlsConfig(insecure_skip_verify=True),
        ):
            assert (await client(Request(url, http=HttpConfig(tls=tls)))).body == b"m 1\n"
        for tls in (TlsConfig(), TlsConfig(ca_file=str(certificate), server_name="other.test")):
            with pytest.raises(FetchFailed, match="certificate verify failed"):
                await client(Request(url, http=HttpConfig(tls=tls)))
        await client.close()
