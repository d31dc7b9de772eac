"""`/federate`: the newest samples of selected series as text, for another Prometheus to scrape."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
from starlette.responses import Response

from lgtm.api.incomplete import warning_headers
from lgtm.api.prometheus.expressions import read_match
from lgtm.api.prometheus.numbers import value_texts
from lgtm.api.prometheus.side import Call, PrometheusSide
from lgtm.model.labels import Labels
from lgtm.promql.columns import Selected
from lgtm.promql.select import newest

NAME, INSTANCE = "__name__", "instance"
_LEGACY_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*", re.ASCII)
_LEGACY_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)
_NOT_LEGACY = re.compile(r"[^a-zA-Z0-9_:]|^(?=[0-9])", re.ASCII)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})
_UTF8 = re.compile(r"escaping\s*=\s*allow-utf-8")

Newest = dict[Labels, tuple[int, str]]
"""Time and value of the newest sample of each series."""


async def federate(side: PrometheusSide, call: Call) -> Response:
    """Series whose newest sample is no older than the lookback and no stale marker. Native histograms are left out: this form cannot tell them."""
    selectors = await read_match(side, call.whole_form.all("match[]"))
    found, warnings = Newest(), list[str]()
    for matchers in selectors:
        selected, missing = await side.engine.select(call.tenant, matchers, call.now_ms - side.config.lookback_ms, call.now_ms)
        warnings += missing
        found |= await side.encoded(len(selected.ts_ms), partial(newest_floats, selected, call.now_ms, side.config.lookback_ms))
    utf8 = _UTF8.search(call.accept) is not None
    content_type = f"text/plain; version=0.0.4; charset=utf-8; escaping={'allow-utf-8' if utf8 else 'underscores'}"
    headers = {"Content-Type": content_type} | warning_headers(list(dict.fromkeys(warnings)))
    return Response(await side.encoded(len(found), lambda: exposition(found, utf8=utf8)), headers=headers)


def newest_floats(selected: Selected, now_ms: int, lookback_ms: int) -> Newest:
    last, counts = newest(selected, np.array([now_ms], dtype=np.int64), lookback_ms)
    rows = np.flatnonzero(counts[:, 0])
    samples = last[rows, 0]
    if selected.histogram_rows is not None:
        rows, samples = (kept[selected.histogram_rows[samples] < 0] for kept in (rows, samples))
    texts = value_texts(selected.values[samples]) if len(rows) else []
    return dict(zip(selected.labels.take(rows).rows(), zip(selected.ts_ms[samples].tolist(), texts, strict=True), strict=True))


def exposition(found: Newest, *, utf8: bool) -> str:
    """By name. utf8: whether the reader takes names of any characters; for others they are made of letters, digits and underscores.

    A series without `instance` says so, for else the scraping server would give it the instance of this one.
    """
    lines: list[str] = []
    name = None
    for labels, (ts_ms, text) in sorted(found.items(), key=lambda entry: (dict(entry[0]).get(NAME, ""), entry[0])):
        pairs = dict(labels)
        metric = pairs.pop(NAME, "")
        if metric != name:
            name = metric
            lines.append(f"# TYPE {_metric(metric, utf8=utf8)} untyped\n")
        lines.append(f"{_sample(metric, {INSTANCE: '', **pairs}, utf8=utf8)} {text} {ts_ms}\n")
    return "".join(lines).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _metric(name: str, *, utf8: bool) -> str:
    if _LEGACY_METRIC.fullmatch(name):
        return name
    return _quoted(name) if utf8 else _NOT_LEGACY.sub("_", name)


def _sample(metric: str, labels: dict[str, str], *, utf8: bool) -> str:
    pairs = [f"{_label(name, utf8=utf8)}={_quoted(value)}" for name, value in sorted(labels.items())]
    if utf8 and not _LEGACY_METRIC.fullmatch(metric):
        return "{" + ",".join([_quoted(metric), *pairs]) + "}"
    return f"{_metric(metric, utf8=utf8)}{{{','.join(pairs)}}}"


def _label(name: str, *, utf8: bool) -> str:
    if _LEGACY_LABEL.fullmatch(name):
        return name
    return _quoted(name) if utf8 else _NOT_LEGACY.sub("_", name).replace(":", "_")


def _quoted(text: str) -> str:
    return f'"{text.translate(_ESCAPES)}"'
