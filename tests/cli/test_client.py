import pytest
import typer

from cli.web import Asked, Reply, serving
from lgtm.cli.client import Answer, Client, Refused, Unreachable


def test_parameters_tenant_and_prefix_reach_the_server() -> None:
    with serving(lambda _: Reply(body=b'{"a": 1}')) as web, Client(f"{web.addr}/gateway/", "team-a") as client:
        assert client.get("/loki/x", {"query": '{a="b c"}', "limit": 5, "none": None, "match[]": ["1", "2"]}) == {"a": 1}
    (asked,) = web.asked
    assert (asked.path, asked.headers["x-scope-orgid"]) == ("/gateway/loki/x", "team-a")
    assert asked.parameters == {"query": ['{a="b c"}'], "limit": ["5"], "match[]": ["1", "2"]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"parse error at line 1, col 2", "parse error at line 1, col 2"),
        (b'{"status": "error", "error": "too many series"}', "too many series"),
        (b'{"message": "no"}', "no"),
        (b'["odd"]', '["odd"]'),
        (b"", "Bad Request"),
    ],
)
def test_a_refusal_is_told_in_the_server_s_words(body: bytes, message: str) -> None:
    refusal = Answer(400, {}, body).refusal()
    assert (refusal.status, refusal.message) == (400, message)


def test_an_error_status_is_raised() -> None:
    with serving(lambda _: Reply(429, b"slow down")) as web, Client(web.addr) as client, pytest.raises(Refused, match="slow down \\(status 429\\)"):
        client.get("/")


def test_a_connection_that_was_closed_is_opened_anew() -> None:
    with serving(lambda _: Reply(body=b"1", headers={"Connection": "close"})) as web, Client(web.addr) as client:
        assert [client.get("/"), client.get("/")] == [1, 1]


def test_no_answer_names_the_address() -> None:
    with Client("127.0.0.1:1") as client, pytest.raises(Unreachable, match=r"no answer from 127\.0\.0\.1:1: .*Connection refused"):
        client.get("/")


def test_an_answer_that_is_no_json_is_no_answer() -> None:
    with serving(lambda _: Reply(body=b"<html>")) as web, Client(web.addr) as client, pytest.raises(Unreachable):
        client.get("/")


@pytest.mark.parametrize("addr", ["ftp://host", "http://", "//"])
def test_what_is_no_address_is_a_usage_error(addr: str) -> None:
    with pytest.raises(typer.BadParameter):
        Client(addr)


def test_a_websocket_has_the_address_of_the_server() -> None:
    assert Client("http://host:3100/x").url("/tail", {"query": "{}"}) == "ws://host:3100/x/tail?query=%7B%7D"
    assert Client("https://host").url("/tail", {}) == "wss://host:443/tail?"


def recorded(asked: Asked) -> Reply:
    return Reply(204 if asked.body == b"data" else 400)


def test_a_body_is_sent_as_it_is() -> None:
    with serving(recorded) as web, Client(web.addr) as client:
        assert client.request("POST", "/push", b"data", {"Content-Type": "text/plain"}).is_ok
    assert web.asked[0].headers["content-type"] == "text/plain"
