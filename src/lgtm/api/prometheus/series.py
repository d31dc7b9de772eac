"""Series, names of labels and their values. One more than the limit is asked for, to know whether there are more."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from starlette.responses import Response

from lgtm.api.loki.params import InvalidParameter
from lgtm.api.prometheus.encode import TRUNCATED, Remarks, success
from lgtm.api.prometheus.engine import NamesAnswer
from lgtm.api.prometheus.expressions import read_match
from lgtm.api.prometheus.params import parameter, read_bounds, read_limit
from lgtm.api.prometheus.side import Call, PrometheusSide
from lgtm.model.labels import quote

ESCAPED = "U__"
_ESCAPES = re.compile(r"_(?:(_)|([0-9a-fA-F]{1,6})_)")
_SURROGATES = range(0xD800, 0xE000)
_PATH = re.compile(rb".*?/api/v1/label/(.*)/values", re.DOTALL)

T = TypeVar("T")


async def series(side: PrometheusSide, call: Call) -> Response:
    """Label sets that fit any of the `match[]` selectors."""
    form = call.whole_form
    if not form.all("match[]"):
        raise InvalidParameter("no match[] parameter provided")
    limit, bounds = read_limit(form.get("limit")), read_bounds(form.get("start"), form.get("end"))
    with parameter("match[]"):
        selectors = await read_match(side, form.all("match[]"))
    found = await side.engine.series(call.tenant, selectors, bounds.start_ms, bounds.end_ms, limit=_one_more(limit))
    kept, remarks = _cut(found.series, limit, found.warnings)
    return await side.encode(len(kept), lambda: success([dict(labels) for labels in kept], remarks))


async def labels(side: PrometheusSide, call: Call) -> Response:
    """Names of labels, of all series or of those that `match[]` selects."""
    form = call.whole_form
    limit, bounds = read_limit(form.get("limit")), read_bounds(form.get("start"), form.get("end"))
    selectors = await read_match(side, form.all("match[]"))
    found = await side.engine.label_names(call.tenant, selectors, bounds.start_ms, bounds.end_ms, limit=_one_more(limit))
    return await _names(side, found, limit)


async def label_values(side: PrometheusSide, call: Call) -> Response:
    form, name = call.whole_form, label_name(call.raw_path)
    limit, bounds = read_limit(form.get("limit")), read_bounds(form.get("start"), form.get("end"))
    selectors = await read_match(side, form.all("match[]"))
    found = await side.engine.label_values(call.tenant, name, selectors, bounds.start_ms, bounds.end_ms, limit=_one_more(limit))
    return await _names(side, found, limit)


async def _names(side: PrometheusSide, found: NamesAnswer, limit: int) -> Response:
    kept, remarks = _cut(found.names, limit, found.warnings)
    return await side.encode(len(kept), lambda: success(kept, remarks))


def label_name(raw_path: bytes) -> str:
    """The name in a path as sent. Raises InvalidParameter for one that is empty or no UTF-8."""
    match = _PATH.fullmatch(raw_path.partition(b"?")[0])
    raw = unquote_to_bytes(match[1]) if match else b""
    name = unescaped(raw.decode("utf-8", "surrogateescape"))
    if not name or not _is_utf8(name):
        raise InvalidParameter(f"invalid label name: {quote(name)}")
    return name


def unescaped(name: str) -> str:
    """`U__http_2e_status` stands for `http.status`: `__` for an underscore, `_2e_` for the character with that number. Others stay as they are."""
    body = name.removeprefix(ESCAPED)
    if body == name or "_" in _ESCAPES.sub("", body):
        return name
    codes = [int(match[2], 16) for match in _ESCAPES.finditer(body) if match[2]]
    if any(code > sys.maxunicode or code in _SURROGATES for code in codes):
        return name
    return _ESCAPES.sub(lambda match: match[1] or chr(int(match[2], 16)), body)


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _one_more(limit: int) -> int:
    return limit + 1 if limit else 0


def _cut(found: Sequence[T], limit: int, warnings: Sequence[str]) -> tuple[list[T], Remarks]:
    if not 0 < limit < len(found):
        return list(found), Remarks(warnings)
    return list(found[:limit]), Remarks([TRUNCATED, *warnings])
