"""What this side of the API needs of whoever scrapes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from lgtm.errors import NotFound
from lgtm.model.labels import Labels, quote
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
    """What is scraped for one tenant. pools: names of scrape jobs, ascending. dropped_counts: by pool, also of those that are not kept."""

    pools: Sequence[str] = ()
    active: Sequence[ActiveTarget] = ()
    dropped: Sequence[DroppedTarget] = ()
    dropped_counts: Mapping[str, int] = field(default_factory=dict)


class PoolNotFound(NotFound):
    """A tenant has no such scrape job."""

    def __init__(self, pool: str) -> None:
        super().__init__(pool)
        self.pool = pool

    def __str__(self) -> str:
        return f"scrape pool {quote(self.pool)} not found"


class Scraping(Protocol):
    async def targets(self, tenant: Tenant, *, metadata: bool = False) -> TenantTargets:
        """metadata: whether targets come with theirs."""
        ...

    def pool_config(self, tenant: Tenant, pool: str) -> str:
        """The job as YAML, without secrets. Raises PoolNotFound."""
        ...

    def relabel_steps(self, tenant: Tenant, pool: str, labels: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """What each rule makes of discovered labels: `rule`, `output`, `keep`. Raises PoolNotFound."""
        ...


class NothingScraped:
    async def targets(self, tenant: Tenant, *, metadata: bool = False) -> TenantTargets:  # noqa: ARG002 # there are none of anybody
        return TenantTargets()

    def pool_config(self, tenant: Tenant, pool: str) -> str:  # noqa: ARG002 # as above
        raise PoolNotFound(pool)

    def relabel_steps(self, tenant: Tenant, pool: str, labels: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:  # noqa: ARG002 # as above
        raise PoolNotFound(pool)
