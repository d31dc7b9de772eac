"""Which address is told to others."""

from __future__ import annotations

import ipaddress
import json

import pytest

from lgtm.ring.advertise import METADATA_VARIABLE, advertised

ECS = {METADATA_VARIABLE: "http://169.254.170.2/v4/x"}


def task(uri: str) -> bytes:
    return json.dumps({"Networks": [{"NetworkMode": "awsvpc", "IPv4Addresses": ["10.1.2.3"]}]}).encode()


def refuse(uri: str) -> bytes:
    raise OSError("refused")


def test_what_is_configured_wins_and_what_is_bound_comes_next() -> None:
    assert advertised("10.9.9.9", "0.0.0.0", environment=ECS, get=task) == "10.9.9.9"
    assert advertised("", "127.0.0.5", environment=ECS, get=task) == "127.0.0.5"
    with pytest.raises(ValueError, match="does not appear"):
        advertised("a name", "0.0.0.0")


def test_the_container_knows_its_address() -> None:
    assert advertised("", "0.0.0.0", environment=ECS, get=task) == "10.1.2.3"


@pytest.mark.parametrize("get", [refuse, lambda uri: b"{}", lambda uri: b'{"Networks": []}', lambda uri: b"?"])
def test_without_an_answer_of_the_container_the_routes_are_asked(get: object) -> None:
    assert ipaddress.ip_address(advertised("", "0.0.0.0", environment=ECS, get=get))  # type: ignore[arg-type]  # gives bytes or raises
