"""Addresses of members, in the two forms that they travel in."""

from __future__ import annotations

import pytest

from lgtm.ring.messages import V4_MAPPED, Address, normal_ip


@pytest.mark.parametrize(
    ("ip", "normal"),
    [(b"\x0a\0\0\1", b"\x0a\0\0\1"), (V4_MAPPED + b"\x0a\0\0\1", b"\x0a\0\0\1"), (b"\xfe\x80" + bytes(14), b"\xfe\x80" + bytes(14)), (b"", b"")],
)
def test_an_ipv4_address_has_one_form_inside(ip: bytes, normal: bytes) -> None:
    assert normal_ip(ip) == normal


def test_an_address_prints_as_people_write_it() -> None:
    assert str(Address.of("10.0.0.1", 7946)) == str(Address.of("::ffff:10.0.0.1", 7946)) == "10.0.0.1:7946"
    assert str(Address.of("fe80::1", 7946)) == "[fe80::1]:7946"
    assert Address(b"odd", 1).host == ""
    with pytest.raises(ValueError, match="does not appear"):
        Address.of("a.host.name", 7946)
