"""The search by tags that was before TraceQL, as a query: `tags=service.name=shop http.method=GET`, and bounds of a trace's duration.

Each tag has to be found on some span of the trace. The names that are columns match parts of a value, with case; other tags match whole
strings, on spans and resources, and never numbers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import reduce

from lgtm.traceql.errors import InvalidQuery
from lgtm.traceql.field_syntax import TRUE, Attribute, Binary, Field, FieldExpr, Intrinsic, Static
from lgtm.traceql.syntax import Pipeline, Query, SpansetExpr, SpansetFilter, SpansetOperation
from lgtm.traceql.types import STATUSES, Type

_BY_PART: dict[str, Field] = {
    "service.name": Attribute("resource", "service.name"),
    "name": Intrinsic("name"),
    "root.name": Intrinsic("rootName"),
    "root.service.name": Intrinsic("rootServiceName"),
}
_STATUS = "status.code"
_PAIR = re.compile(r'(?P<key>[^\s="]+)(?:=(?P<value>"(?:[^"\\]|\\.)*"|[^\s="]*))?')
_BLANK = re.compile(r"\s*")


def tag_search(tags: str, *, duration_ns_min: int = 0, duration_ns_max: int = 0) -> Query:
    """tags: logfmt. A bound of 0 is none. Raises InvalidQuery."""
    return tag_query(parse_tags(tags), duration_ns_min=duration_ns_min, duration_ns_max=duration_ns_max)


def tag_query(tags: Mapping[str, str], *, duration_ns_min: int = 0, duration_ns_max: int = 0) -> Query:
    """The same of tags that have been read. A bound of 0 is none."""
    filters: list[SpansetExpr] = [SpansetFilter(_condition(key, value)) for key, value in tags.items()]
    duration = Intrinsic("traceDuration")
    for symbol, bound_ns in ((">=", duration_ns_min), ("<=", duration_ns_max)):
        if bound_ns:
            filters.append(SpansetFilter(Binary(symbol, duration, Static(Type.DURATION, bound_ns))))
    stage = reduce(lambda left, right: SpansetOperation("&&", left, right), filters) if filters else SpansetFilter(TRUE)
    return Query(stage if isinstance(stage, Pipeline) else Pipeline((stage,)))


def parse_tags(text: str) -> dict[str, str]:
    """A key without a value has the empty one. Raises InvalidQuery."""
    found: dict[str, str] = {}
    offset = _skip(text, 0)
    while offset < len(text):
        pair = _PAIR.match(text, offset)
        end = pair.end() if pair else offset
        if pair is None or (end < len(text) and not text[end].isspace()):
            raise InvalidQuery(f"invalid tags: unexpected '{text[end]}' at pos {end + 1}")
        if pair["key"] in found:
            raise InvalidQuery(f"invalid tags: tag {pair['key']} has been set twice")
        found[pair["key"]] = _unquoted(pair["value"] or "")
        offset = _skip(text, end)
    return found


def _skip(text: str, offset: int) -> int:
    match = _BLANK.match(text, offset)
    assert match is not None
    return match.end()


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _condition(key: str, value: str) -> FieldExpr:
    if key in _BY_PART:
        return Binary("=~", _BY_PART[key], Static(Type.STRING, f".*{re.escape(value)}.*"))
    if key == _STATUS:
        known = value in STATUSES
        return Binary("=", Intrinsic("status"), Static(Type.STATUS, STATUSES.index(value))) if known else Static(Type.BOOL, False)
    text = Static(Type.STRING, value)
    return Binary("||", Binary("=", Attribute("span", key), text), Binary("=", Attribute("resource", key), text))
