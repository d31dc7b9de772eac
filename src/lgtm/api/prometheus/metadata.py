"""`/api/v1/metadata`: what metric families are, as their senders describe them."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.params import read_count
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer


async def metadata(side: PrometheusSide, call: Call) -> Response:
    """By family, each description once. A limit of no families at all is one here."""
    form = call.whole_form
    limit = read_count("limit", form.get("limit"))
    per_metric = read_count("limit_per_metric", form.get("limit_per_metric"))
    if limit == 0:
        return json_answer(success({}))
    found = await side.engine.metadata(call.tenant, form.get("metric"), limit=limit or 0, limit_per_metric=per_metric or 0)
    told = {family: [{"type": each.type, "unit": each.unit, "help": each.help} for each in descriptions] for family, descriptions in found.items()}
    return await side.encode(len(told), lambda: success(told))
