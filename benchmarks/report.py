"""Figures, and the one table they are printed in."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass

SOURCE = """Peers: built from August 2026 sources, measured on a two-core machine, single replica, four connections. CPU seconds are the kernel's and
steady; times on the wall, and with them latencies, grow with whatever else the machine does."""


@dataclass(slots=True, frozen=True)
class Figure:
    """One row. target: at most this, unless `at_least`; None where there is none. peers: as text, because not all answered exactly."""

    what: str
    ours: float | str
    unit: str = ""
    target: float | None = None
    peers: str = ""
    at_least: bool = False

    @property
    def verdict(self) -> str:
        if self.target is None or isinstance(self.ours, str):
            return ""
        return "yes" if (self.ours >= self.target if self.at_least else self.ours <= self.target) else "NO"


def table(figures: Sequence[Figure]) -> str:
    rows = [("", "ours", "unit", "target", "met", "peers")]
    rows += [(one.what, number(one.ours), one.unit, _target(one), one.verdict, one.peers) for one in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def number(value: float | str) -> str:
    """Three digits that matter."""
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


ADDITIONS = 10_000_000


def machine() -> str:
    """Its speed, too: the same virtual machine is a third slower on some days than on others."""
    model = next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), platform.machine())
    load = os.getloadavg()[0]
    return (
        f"Machine: {os.cpu_count()} cores, {model}, Python {platform.python_version()}, Linux {platform.release()}; load before the run {load:.1f}; "
        f"{ADDITIONS:,} additions in a loop take {_additions_s():.2f} CPU-s."
    )


def _additions_s() -> float:
    began, total = time.process_time(), 0
    for number in range(ADDITIONS):
        total += number
    return time.process_time() - began


def _target(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"{'≥' if figure.at_least else '≤'} {number(figure.target)}"


def _cpuinfo() -> list[str]:
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return file.read().splitlines()
