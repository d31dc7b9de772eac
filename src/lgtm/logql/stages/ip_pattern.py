"""What `ip("…")` takes: an address, a CIDR block, or a range `a-b`, IPv4 or IPv6."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

_IPV4_RUN = re.compile(r"(?<![0-9a-fA-F:.])[0-9.]+")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV6_RUN = re.compile(r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*")


@dataclass(slots=True, frozen=True)
class IpPattern:
    """Addresses of one version from `low` to `high`, both included."""

    version: int
    low: int
    high: int

    @classmethod
    def parse(cls, text: str) -> IpPattern:
        """Raises ValueError with Loki's text."""
        try:
            return cls._parse(text)
        except ValueError:
            raise ValueError(f'ip: invalid pattern: "{text}"') from None

    @classmethod
    def _parse(cls, text: str) -> IpPattern:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return cls(network.version, int(network[0]), int(network[-1]))
        first, dash, last = text.partition("-")
        low = ipaddress.ip_address(first)
        high = ipaddress.ip_address(last) if dash else low
        if low.version != high.version or int(low) > int(high):
            raise ValueError("not a range")
        return cls(low.version, int(low), int(high))

    def occurs_in(self, line: str) -> bool:
        """Whether any address in the line is one of the pattern."""
        runs = (_IPV4_RUN if self.version == 4 else _IPV6_RUN).findall(line)
        return any(self.holds(run) for run in runs)

    def regexes(self) -> tuple[str, str | None]:
        """What a line with such an address matches, and what only such lines match (None where no regex says so)."""
        if self.version == 6:
            return r"[0-9a-fA-F]*:[0-9a-fA-F:]", None
        low, high = self.low.to_bytes(4), self.high.to_bytes(4)
        same = next((i for i in range(4) if low[i] != high[i]), 4)
        octets = [str(octet) for octet in low[:same]]
        if same < 4:
            octets.append("(?:" + "|".join(str(octet) for octet in range(low[same], high[same] + 1)) + ")")
        beginning = r"\.".join(octets) + (r"\." if len(octets) < 4 else "")
        if any(low[same + 1 :]) or any(octet != 255 for octet in high[same + 1 :]):
            return beginning, None
        return beginning, "(?:^|[^0-9a-fA-F:.])" + r"\.".join(octets + [_OCTET] * (4 - len(octets))) + "(?:[^0-9.]|$)"

    def holds(self, address: str) -> bool:
        """Whether the text is an address of the pattern. What is no address is in no pattern."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return parsed.version == self.version and self.low <= int(parsed) <= self.high
