"""How much of each of the node's limits is used, so that one alert covers them all: `lgtm_limit_used_ratio > 0.8`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Gauge


def watch_limits(registry: CollectorRegistry, limits: Mapping[str, tuple[Callable[[], float], float]]) -> None:
    """limits: key in the configuration → how much is used now, and how much may be. Read whenever metrics are."""
    ratio = Gauge("lgtm_limit_used_ratio", "Used part of a limit of the node, by its key in the configuration.", ["limit"], registry=registry)
    for name, (used, most) in limits.items():
        ratio.labels(name).set_function(lambda used=used, most=most: used() / most if most else 0.0)  # type: ignore[misc]
