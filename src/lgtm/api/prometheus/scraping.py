"""What this side of the API needs of whoever scrapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lgtm.model.labels import Labels
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded_samples import Metadata


@dataclass(slots=True, frozen=True, kw_only=True)
class ActiveTarget:
    """discovered: labels before relabelling. health: up, down or unknown, which it is until the first scrape. last_scrape_ns: None until then.

    metadata: what it said of its metric families when it was last scraped.
    """

    pool: str
    url: str
    labels: Labels
    discovered: Labels = ()
    global_url: str = ""
    health: str = "unknown"
    last_error: str = ""
    last_scrape_ns: int | None = None
    last_scrape_s: float = 0.0
    interval_ns: int = 0
    timeout_ns: int = 0
    metadata: Sequence[Metadata] = ()


@dataclass(slots=True, frozen=True)
class DroppedTarget:
    """What was found and relabelled away."""

    pool: str
    discovered: Labels


@dataclass(slots=True, frozen=True)
class TenantTargets:
    """What is scraped for one tenant. pools: names of scrape jobs, ascending."""

    pools: Sequence[str] = ()
    active: Sequence[ActiveTarget] = ()
    dropped: Sequence[DroppedTarget] = ()


Targets = Callable[[Tenant], TenantTargets]


def no_targets(_: Tenant) -> TenantTargets:
    """Nothing is scraped."""
    return TenantTargets()
