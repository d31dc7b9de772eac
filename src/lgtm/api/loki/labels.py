"""Names and values of index labels, and series."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response

from lgtm.api.loki.encode import dump, with_warnings
from lgtm.api.loki.engine import SeriesAnswer
from lgtm.api.loki.params import Bounds, InvalidParameter
from lgtm.api.loki.side import Call, QuerySide, json_answer
from lgtm.logql.parser import parse_matchers
from lgtm.model.labels import Labels
from lgtm.model.matchers import Matchers
from lgtm.model.window import Window
from lgtm.parsing.durations import format_duration

EVERYTHING = "{}"


async def labels(side: QuerySide, call: Call) -> Response:
    """Names of labels of the streams that `query` selects, or of all."""
    found = await _series_of_query(side, call)
    return _names({name for label_set in found.series for name, _ in label_set}, found.warnings)


async def label_values(side: QuerySide, call: Call) -> Response:
    found = await _series_of_query(side, call)
    return _names({value for label_set in found.series for name, value in label_set if name == call.name}, found.warnings)


async def series(side: QuerySide, call: Call) -> Response:
    """Label sets that fit any of the `match[]` selectors; all of them when there is none, or only `{}`."""
    bounds = call.bounds()
    texts = [*call.form.all("match[]"), *call.form.all("match")]
    groups = await side.read(sum(map(len, texts)), lambda: matcher_groups(texts))
    window = listing_window(side, call, bounds)
    found: set[Labels] = set()
    warnings: list[str] = []
    for matchers in groups:
        answer = await side.engine.series(call.tenant, matchers, window)
        found.update(answer.series)
        warnings += answer.warnings
    told = with_warnings({"status": "success", "data": [dict(label_set) for label_set in sorted(found)]}, warnings)
    return await side.encode(len(found), lambda: dump(told))


def matcher_groups(texts: list[str]) -> list[Matchers]:
    if not texts or texts == [EVERYTHING]:
        return [()]
    groups = []
    for text in texts:
        matchers = parse_matchers(text, allow_empty_compatible=True)
        if not matchers:
            raise InvalidParameter(f"0 matchers in group: {text}")
        groups.append(parse_matchers(text))
    return groups


def listing_window(side: QuerySide, call: Call, bounds: Bounds) -> Window:
    """Never empty. The text for a range that ends before it starts is what Loki answers here."""
    if bounds.end_ns < bounds.start_ns:
        lookback = format_duration(side.engine.limits(call.tenant).max_query_lookback_ns)
        raise InvalidParameter(f"this data is no longer available, it is past now - max_query_lookback ({lookback})")
    return Window(bounds.start_ns, max(bounds.end_ns, bounds.start_ns + 1))


async def _series_of_query(side: QuerySide, call: Call) -> SeriesAnswer:
    bounds, text = call.bounds(), call.form.get("query")
    matchers = await side.read(len(text), lambda: parse_matchers(text)) if text else ()
    return await side.engine.series(call.tenant, matchers, listing_window(side, call, bounds))


def _names(names: set[str], warnings: Sequence[str]) -> Response:
    """Loki leaves out `data` when there is nothing."""
    return json_answer(dump(with_warnings({"status": "success"} | ({"data": sorted(names)} if names else {}), warnings)))
