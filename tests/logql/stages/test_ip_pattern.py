"""Addresses: which of them a pattern holds, and where a line has one."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql.stages.ip_pattern import IpPattern


@pytest.mark.parametrize(
    ("pattern", "inside", "outside"),
    [
        ("10.0.0.1", ["10.0.0.1"], ["10.0.0.2", "::a00:1"]),
        ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0"]),
        ("10.1.2.3/8", ["10.0.0.0"], ["11.0.0.0"]),
        ("10.0.0.5-10.0.1.5", ["10.0.0.5", "10.0.0.255", "10.0.1.5"], ["10.0.0.4", "10.0.1.6"]),
        ("::1", ["::1", "0:0::0:1"], ["::2", "0.0.0.1"]),
        ("2001:db8::/32", ["2001:db8::ff"], ["2001:db9::"]),
        ("::1-::f", ["::1", "::A"], ["::10"]),
        ("0.0.0.0/0", ["8.8.8.8"], ["::8", "8.8.8", "256.1.1.1", "", "x"]),
    ],
)
def test_a_pattern_holds_the_addresses_of_its_range(pattern: str, inside: list[str], outside: list[str]) -> None:
    parsed = IpPattern.parse(pattern)
    assert [parsed.holds(address) for address in inside + outside] == [True] * len(inside) + [False] * len(outside)


@pytest.mark.parametrize("text", ["", "x", "10.0.0", "10.0.0.256", "10.0.0.0/33", "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "10.0.0.1-", "1.1.1.1 "])
def test_what_is_no_pattern_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as raised:
        IpPattern.parse(text)
    assert str(raised.value) == f'ip: invalid pattern: "{text}"'


@pytest.mark.parametrize(
    ("pattern", "line", "occurs"),
    [
        ("10.0.0.0/8", "10.0.0.1", True),
        ("10.0.0.0/8", "from=10.0.0.1:443 to=8.8.8.8", True),
        ("10.0.0.0/8", "a10.0.0.1", False),
        ("10.0.0.0/8", "10.0.0.1.1", False),
        ("10.0.0.0/8", "v10.0.0", False),
        ("10.0.0.0/8", "8.8.8.8, 10.0.0.1", True),
        ("10.0.0.0/8", "", False),
        ("::/0", "on [fe80::1]:80", True),
        ("::/0", "12:30:15", False),
        ("::/0", "10.0.0.1", False),
    ],
)
def test_an_address_occurs_in_a_line_where_it_stands_alone(pattern: str, line: str, occurs: bool) -> None:
    assert IpPattern.parse(pattern).occurs_in(line) == occurs


@given(low=st.integers(0, 2**32 - 1), high=st.integers(0, 2**32 - 1), address=st.integers(0, 2**32 - 1))
def test_a_range_holds_what_lies_between_its_ends(low: int, high: int, address: int) -> None:
    low, high = min(low, high), max(low, high)
    pattern = IpPattern.parse(f"{ipaddress.IPv4Address(low)}-{ipaddress.IPv4Address(high)}")
    assert pattern.holds(str(ipaddress.IPv4Address(address))) == (low <= address <= high)
