"""`/api/v1/targets` and what is below it, `/api/v1/scrape_pools` and what is below it: what is scraped, and how."""

from __future__ import annotations

from typing import Any

import orjson
from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.expressions import read_selector
from lgtm.api.prometheus.numbers import rfc3339
from lgtm.api.prometheus.params import read_count
from lgtm.api.prometheus.scraping import ActiveTarget
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer
from lgtm.errors import BadRequest, NotFound
from lgtm.model.labels import quote
from lgtm.model.matchers import matches_all
from lgtm.parsing.durations import format_duration

ANY, ACTIVE, DROPPED = "any", "active", "dropped"


class MissingParameter(BadRequest):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        return f"no {self.name} parameter provided"


async def targets(side: PrometheusSide, call: Call) -> Response:
    """state: active, dropped, or any, which is the default. scrapePool: only of this job."""
    form, known = call.whole_form, await side.scraping.targets(call.tenant)
    state, pool = form.get("state").lower() or ANY, form.get("scrapePool")
    active = [target for target in known.active if pool in ("", target.pool)] if state in (ANY, ACTIVE) else []
    dropped = [target for target in known.dropped if pool in ("", target.pool)] if state in (ANY, DROPPED) else []
    counts = {name: count for name, count in known.dropped_counts.items() if pool in ("", name)} if state in (ANY, DROPPED) else {}
    told = {
        "activeTargets": list(map(_active, active)),
        "droppedTargets": [{"discoveredLabels": dict(target.discovered), "scrapePool": target.pool} for target in dropped],
        "droppedTargetCounts": counts,
    }
    return json_answer(success(told))


async def target_metadata(side: PrometheusSide, call: Call) -> Response:
    """What targets say of their metric families. match_target: a selector of labels of targets. Without such metadata 404, as Prometheus does."""
    form, known = call.whole_form, await side.scraping.targets(call.tenant, metadata=True)
    limit = read_count("limit", form.get("limit"))
    matchers = await read_selector(side, text) if (text := form.get("match_target")) else ()
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
    return json_answer(success({"scrapePools": list((await side.scraping.targets(call.tenant)).pools)}))


async def scrape_pool_config(side: PrometheusSide, call: Call) -> Response:
    """scrapePool: whose YAML is wanted."""
    return json_answer(success({"yaml": side.scraping.pool_config(call.tenant, _required(call, "scrapePool"))}))


async def relabel_steps(side: PrometheusSide, call: Call) -> Response:
    """scrapePool: whose rules are applied. labels: a JSON object, as discovered."""
    pool, labels = _required(call, "scrapePool"), _labels(_required(call, "labels"))
    return json_answer(success({"steps": side.scraping.relabel_steps(call.tenant, pool, labels)}))


def _required(call: Call, name: str) -> str:
    if not (text := call.whole_form.get(name)):
        raise MissingParameter(name)
    return text


def _labels(text: str) -> dict[str, str]:
    try:
        labels = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"error parsing labels: {error}") from error
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise BadRequest(f"error parsing labels: {quote(text[:64])} is no object of texts")
    return labels


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
