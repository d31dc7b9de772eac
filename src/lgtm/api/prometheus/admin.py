"""`/api/v1/admin/tsdb`: deleting series. Allowed only where the settings say so."""

from __future__ import annotations

from starlette.responses import Response

from lgtm.api.errors import AdminDisabled, NoSnapshots
from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.expressions import read_match
from lgtm.api.prometheus.params import parameter, read_bounds
from lgtm.api.prometheus.side import Call, PrometheusSide, no_content


async def delete_series(side: PrometheusSide, call: Call) -> Response:
    """Samples from start to end of the series that `match[]` selects; of all times unless given. They are gone from answers at once."""
    _check_enabled(side)
    form = call.whole_form
    if not form.all("match[]"):
        raise InvalidParameter("no match[] parameter provided")
    bounds = read_bounds(form.get("start"), form.get("end"))
    with parameter("match[]"):
        selectors = await read_match(side, form.all("match[]"))
    await side.engine.delete_series(call.tenant, selectors, bounds.start_ms, bounds.end_ms)
    return no_content()


async def clean_tombstones(side: PrometheusSide, _: Call) -> Response:
    """There is nothing to start: compaction leaves out what is deleted, block by block."""
    _check_enabled(side)
    return no_content()


async def snapshot(side: PrometheusSide, _: Call) -> Response:
    _check_enabled(side)
    raise NoSnapshots


def _check_enabled(side: PrometheusSide) -> None:
    if not side.config.admin_enabled:
        raise AdminDisabled
