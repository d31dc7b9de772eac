"""Targets as Prometheus' API tells of them: the `data` of /api/v1/targets, /api/v1/scrape_pools and /api/v1/targets/relabel_steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from lgtm.clock import NS_PER_S
from lgtm.parsing.durations import format_duration
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.loop import TargetLoop
from lgtm.scrape.pool import PoolView
from lgtm.scrape.target import discovered_labels

NEVER = "0001-01-01T00:00:00Z"
STATES = ("active", "dropped", "any")


def targets_data(views: Sequence[PoolView], *, state: str = "any", scrape_pool: str = "") -> dict[str, Any]:
    """state: one of STATES. scrape_pool: only this job; empty: all."""
    shown = [view for view in views if scrape_pool in ("", view.job.job_name)]
    active = [_active(loop) for view in shown for loop in view.loops] if state != "dropped" else []
    dropped = [{"discoveredLabels": dict(labels), "scrapePool": view.job.job_name} for view in shown for labels in view.dropped]
    return {
        "activeTargets": active,
        "droppedTargets": dropped if state != "active" else [],
        "droppedTargetCounts": {view.job.job_name: view.dropped_count for view in shown} if state != "active" else {},
    }


def scrape_pools_data(views: Sequence[PoolView]) -> dict[str, Any]:
    return {"scrapePools": [view.job.job_name for view in views]}


def relabel_steps_data(job: ScrapeConfig, labels: Mapping[str, str]) -> dict[str, Any]:
    """What each rule of the job makes of discovered labels, up to the one that drops."""
    changed = discovered_labels(job, labels)
    steps = []
    for rule in job.relabel:
        keep = rule.apply(changed)
        shown = {"source_labels": list(rule.source_labels), "target_label": rule.target_label, "action": str(rule.action)}
        shown |= {"regex": rule.regex, "separator": rule.separator, "replacement": rule.replacement}
        steps.append({"rule": shown, "output": dict(changed) if keep else {}, "keep": keep})
        if not keep:
            break
    return {"steps": steps}


def _active(loop: TargetLoop) -> dict[str, Any]:
    target, state = loop.target, loop.state
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": loop.job.job_name,
        "scrapeUrl": target.url,
        "globalUrl": target.url,
        "lastError": state.last_error,
        "lastScrape": _time(state.last_scrape_ns),
        "lastScrapeDuration": state.last_duration_ns / NS_PER_S,
        "health": state.health,
        "scrapeInterval": format_duration(target.interval_ns),
        "scrapeTimeout": format_duration(target.timeout_ns),
    }


def _time(ts_ns: int) -> str:
    if not ts_ns:
        return NEVER
    moment = dt.datetime.fromtimestamp(ts_ns // NS_PER_S, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{moment}.{ts_ns % NS_PER_S // 1_000_000:03}Z"
