"""`/api/v1/targets`, `/api/v1/targets/metadata` and `/api/v1/scrape_pools`: what is scraped."""

from __future__ import annotations

from collections import Counter
from typing import Any

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.numbers import rfc3339
from lgtm.api.prometheus.params import read_count
from lgtm.api.prometheus.scraping import ActiveTarget
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer
from lgtm.errors import NotFound
from lgtm.model.matchers import matches_all
from lgtm.parsing.durations import format_duration
from lgtm.promql.parser import parse_selector

ANY, ACTIVE, DROPPED = "any", "active", "dropped"


async def targets(side: PrometheusSide, call: Call) -> Response:
    """state: active, dropped, or any, which is the default. scrapePool: only of this job."""
    form, known = call.whole_form, side.targets(call.tenant)
    state, pool = form.get("state").lower() or ANY, form.get("scrapePool")
    active = [target for target in known.active if pool in ("", target.pool)] if state in (ANY, ACTIVE) else []
    dropped = [target for target in known.dropped if pool in ("", target.pool)] if state in (ANY, DROPPED) else []
    told = {
        "activeTargets": list(map(_active, active)),
        "droppedTargets": [{"discoveredLabels": dict(target.discovered), "scrapePool": target.pool} for target in dropped],
        "droppedTargetCounts": dict(Counter(target.pool for target in dropped)),
    }
    return json_answer(success(told))


async def target_metadata(side: PrometheusSide, call: Call) -> Response:
    """What targets say of their metric families. match_target: a selector of labels of targets. Without such metadata 404, as Prometheus does."""
    form, known = call.whole_form, side.targets(call.tenant)
    limit = read_count("limit", form.get("limit"))
    matchers = parse_selector(form.get("match_target")) if form.get("match_target") else ()
    metric = form.get("metric")
    found = [
        {"target": dict(target.labels)} | ({} if metric else {"metric": each.family}) | {"type": each.type, "help": each.help, "unit": each.unit}
        for target in known.active
        if matches_all(matchers, target.labels)
        for each in target.metadata
        if metric in ("", each.family)
    ]
    if not found:
        raise NotFound("specified metadata not found")
    return await side.encode(len(found), lambda: success(found[:limit]))


async def scrape_pools(side: PrometheusSide, call: Call) -> Response:
    return json_answer(success({"scrapePools": list(side.targets(call.tenant).pools)}))


def _active(target: ActiveTarget) -> dict[str, Any]:
    return {
        "discoveredLabels": dict(target.discovered),
        "labels": dict(target.labels),
        "scrapePool": target.pool,
        "scrapeUrl": target.url,
        "globalUrl": target.global_url or target.url,
        "lastError": target.last_error,
        "lastScrape": rfc3339(target.last_scrape_ns),
        "lastScrapeDuration": target.last_scrape_s,
        "health": target.health,
        "scrapeInterval": format_duration(target.interval_ns),
        "scrapeTimeout": format_duration(target.timeout_ns),
    }
