"""Targets by the records of names."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.scrape.config_discovery import DnsDiscovery
from lgtm.scrape.discover_dns import DnsDiscoverer
from lgtm.scrape.dns_message import DnsFailed, Record


async def find(*records: Record, **fields: Any) -> list[dict[str, str]]:
    async def resolve(name: str, type_: str) -> tuple[Record, ...]:
        assert (name, type_) == ("n", fields.get("type", "SRV"))
        return records

    return list(await DnsDiscoverer(DnsDiscovery(names=("n",), **fields), resolve).find())  # type: ignore[arg-type]


async def test_services_have_their_ports_whatever_the_order() -> None:
    assert await find(Record("SRV", "b", 2), Record("SRV", "a", 1)) == [
        {"__address__": f"{host}:{port}", "__meta_dns_name": "n", "__meta_dns_srv_record_target": f"{host}.", "__meta_dns_srv_record_port": str(port)}
        for host, port in (("a", 1), ("b", 2))
    ]


@pytest.mark.parametrize(
    ("type_", "host", "labels"),
    [
        ("A", "10.0.0.1", {"__address__": "10.0.0.1:9"}),
        ("AAAA", "fd00::1", {"__address__": "[fd00::1]:9"}),
        ("MX", "m", {"__address__": "m:9", "__meta_dns_mx_record_target": "m."}),
        ("NS", "s", {"__address__": "s:9", "__meta_dns_ns_record_target": "s."}),
    ],
)
async def test_others_have_the_configured_port(type_: str, host: str, labels: dict[str, str]) -> None:
    assert await find(Record(type_, host), type=type_, port=9) == [{**labels, "__meta_dns_name": "n"}]


async def test_one_name_that_cannot_be_told_fails_the_whole_look() -> None:
    async def resolve(name: str, type_: str) -> tuple[Record, ...]:
        if name == "bad":
            raise DnsFailed("x")
        return (Record("A", "10.0.0.1"),)

    with pytest.raises(DnsFailed):
        await DnsDiscoverer(DnsDiscovery(names=("good", "bad"), type="A", port=9), resolve).find()
