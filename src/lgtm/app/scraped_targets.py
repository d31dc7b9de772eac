"""Targets as this node knows them, put together with what other nodes say of those that they scrape.

Every node knows all targets and how those do that it scrapes itself; of several accounts of one target the latest scrape counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson

from lgtm.api.prometheus.scraping import ActiveTarget, DroppedTarget, TenantTargets
from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels
from lgtm.scrape.loop import TargetLoop
from lgtm.scrape.pool import PoolView
from lgtm.wire.decoded_samples import Metadata


def targets_of(views: Sequence[PoolView], told: Iterable[ActiveTarget] = ()) -> TenantTargets:
    """told: by other nodes."""
    found: dict[tuple[str, str, Labels], ActiveTarget] = {}
    for target in (*_active(views), *told):
        key = target.pool, target.url, target.labels
        if key not in found or (target.last_scrape_ns or 0) > (found[key].last_scrape_ns or 0):
            found[key] = target
    return TenantTargets(
        sorted(view.job.job_name for view in views),
        [found[key] for key in sorted(found)],
        [DroppedTarget(view.job.job_name, labels) for view in views for labels in view.dropped],
        {view.job.job_name: view.dropped_count for view in views},
    )


def encode_scraped(views: Sequence[PoolView], *, metadata: bool) -> bytes:
    """For another node: of the targets of these jobs those that were scraped here."""
    return orjson.dumps([_fields(target, metadata=metadata) for target in _active(views) if target.last_scrape_ns is not None])


def decode_scraped(data: bytes) -> list[ActiveTarget]:
    return [_target(fields) for fields in orjson.loads(data)]


def _active(views: Sequence[PoolView]) -> Iterator[ActiveTarget]:
    for view in views:
        for loop in (*view.loops, *view.others):
            yield _of(view.job.job_name, loop)


def _of(pool: str, loop: TargetLoop) -> ActiveTarget:
    target, state = loop.target, loop.state
    return ActiveTarget(
        pool=pool,
        url=target.url,
        labels=target.labels,
        discovered=target.discovered,
        health=state.health,
        last_error=state.last_error.encode("utf-8", "replace").decode(),
        last_scrape_ns=state.last_scrape_ns or None,
        last_scrape_s=state.last_duration_ns / NS_PER_S,
        interval_ns=target.interval_ns,
        timeout_ns=target.timeout_ns,
        metadata=state.metadata,
    )


def _fields(target: ActiveTarget, *, metadata: bool) -> dict[str, Any]:
    fields = {name: getattr(target, name) for name in ActiveTarget.__slots__ if name != "metadata"}
    return fields | {"metadata": [(one.family, one.type, one.help, one.unit) for one in target.metadata] if metadata else ()}


def _target(fields: dict[str, Any]) -> ActiveTarget:
    labels = {name: tuple((key, value) for key, value in fields[name]) for name in ("labels", "discovered")}
    return ActiveTarget(**{**fields, **labels, "metadata": tuple(Metadata(*one) for one in fields["metadata"])})
