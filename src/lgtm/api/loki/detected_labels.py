"""Which index labels are worth offering to people who look around: `/loki/api/v1/detected_labels`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from starlette.responses import Response

from lgtm.api.loki.detected_types import are_ids
from lgtm.api.loki.encode import dump, with_warnings
from lgtm.api.loki.labels import listing_window
from lgtm.api.loki.side import Call, QuerySide, json_answer
from lgtm.logql.parser import parse_matchers
from lgtm.model.labels import Labels

ALWAYS_KEPT = frozenset(("cluster", "namespace", "instance", "pod"))


async def detected_labels(side: QuerySide, call: Call) -> Response:
    bounds = call.bounds()
    bounds.check_order()
    text = call.form.get("query")
    matchers = await side.read(len(text), lambda: parse_matchers(text)) if text else ()
    answer = await side.engine.series(call.tenant, matchers, listing_window(side, call, bounds))
    found = cardinalities(answer.series)
    listed = [{"label": name, "cardinality": count} for name, count in found.items()]
    return json_answer(dump(with_warnings({"detectedLabels": listed} if listed else {}, answer.warnings)))


def cardinalities(series: Iterable[Labels]) -> dict[str, int]:
    """Number of values of each label; labels whose values are all ids are left out, unless they say where something runs."""
    values: defaultdict[str, set[str]] = defaultdict(set)
    for labels in series:
        for name, value in labels:
            values[name].add(value)
    return {name: len(found) for name, found in sorted(values.items()) if name in ALWAYS_KEPT or not are_ids(found)}
