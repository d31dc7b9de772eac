"""`/api/v1/rules`, `/api/v1/alerts` and `/api/v1/alertmanagers`. There are no rules yet: parameters are checked, and answers are empty."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.loki.form import Form
from lgtm.api.loki.params import InvalidParameter, atoi
from lgtm.api.prometheus.encode import success
from lgtm.api.prometheus.expressions import read_match
from lgtm.api.prometheus.params import parameter
from lgtm.api.prometheus.side import Call, PrometheusSide, json_answer
from lgtm.model.labels import quote

TYPES = ("", "alert", "record")


async def rules(side: PrometheusSide, call: Call) -> Response:
    await check_rules_form(side, call.whole_form)
    return json_answer(success({"groups": []}))


async def alerts(_side: PrometheusSide, _call: Call) -> Response:
    return json_answer(success({"alerts": []}))


async def alertmanagers(_side: PrometheusSide, _call: Call) -> Response:
    return json_answer(success({"activeAlertmanagers": [], "droppedAlertmanagers": []}))


async def check_rules_form(side: PrometheusSide, form: Form) -> None:
    """Raises InvalidParameter, or ParseError for a selector."""
    kind = form.get("type").lower()
    if kind not in TYPES:
        with parameter("type"):
            raise InvalidParameter(f"not supported value {quote(kind)}")
    await read_match(side, form.all("match[]"))
    if form.get("group_limit"):
        with parameter("group_limit"):
            if atoi(form.get("group_limit")) <= 0:
                raise InvalidParameter("group_limit needs to be greater than 0")
    elif form.get("group_next_token"):
        with parameter("group_next_token"):
            raise InvalidParameter("group_limit needs to be present in order to paginate over the groups")
