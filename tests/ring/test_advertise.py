"""Which address is told to others."""

from __future__ import annotations

import ipaddress
import json

import pytest

from lgtm.ring.advertise import INSTANCE_METADATA, METADATA_VARIABLE, Ask, Get, advertised

ECS = {METADATA_VARIABLE: "http://169.254.170.2/v4/x"}


def metadata(mode: str, *addresses: str) -> Get:
    """The services of a task in a network of this mode, on an instance with the address 10.7.7.7."""

    def get(ask: Ask) -> bytes:
        match ask.method, ask.uri.removeprefix(INSTANCE_METADATA):
            case "GET", "http://169.254.170.2/v4/x":
                return json.dumps({"Networks": [{"NetworkMode": mode, "IPv4Addresses": list(addresses)}]}).encode()
            case "PUT", "/api/token":
                return b"token"
            case "GET", "/meta-data/local-ipv4" if ask.headers == {"X-aws-ec2-metadata-token": "token"}:
                return b"10.7.7.7\n"
        raise OSError(f"refused: {ask}")

    return get


def refuse(ask: Ask) -> bytes:
    raise OSError("refused")


def test_what_is_configured_wins_and_what_is_bound_comes_next() -> None:
    task = metadata("awsvpc", "10.1.2.3")
    assert advertised("10.9.9.9", "0.0.0.0", environment=ECS, get=task) == "10.9.9.9"
    assert advertised("", "127.0.0.5", environment=ECS, get=task) == "127.0.0.5"
    with pytest.raises(ValueError, match="does not appear"):
        advertised("a name", "0.0.0.0")


def test_an_interface_may_be_named() -> None:
    assert advertised("lo", "0.0.0.0") == "127.0.0.1"


def test_a_task_with_a_network_of_its_own_knows_its_address() -> None:
    assert advertised("", "0.0.0.0", environment=ECS, get=metadata("awsvpc", "10.1.2.3")) == "10.1.2.3"


def test_behind_a_bridge_the_instance_has_the_address_that_others_reach() -> None:
    assert advertised("", "0.0.0.0", environment=ECS, get=metadata("bridge", "172.17.0.2")) == "10.7.7.7"


@pytest.mark.parametrize("get", [refuse, metadata("host"), metadata("awsvpc"), lambda ask: b"{}", lambda ask: b'{"Networks": []}', lambda ask: b"?"])
def test_without_a_useful_answer_the_routes_are_asked(get: Get) -> None:
    assert ipaddress.ip_address(advertised("", "0.0.0.0", environment=ECS, get=get))
