"""For how many requests a sampled span stands."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.model.attributes import RESOURCE, SPAN, AttributeName
from lgtm.spanmetrics.span_table import SpanTable
from lgtm.spanmetrics.texts import Texts
from lgtm.vectors.matrix import F64

_THRESHOLD = r"(?:^|,)\s*ot=(?:[^,]*;)?th:(?P<th>[0-9a-f]{1,14})\s*(?:[,;]|$)"
"""In a trace state: the part of all trace ids that is not sampled, as a fraction of 16^14 whose trailing zeros are left out."""
_ALL = 16**14


def weights(spans: SpanTable, ratio_key: str, *, trace_state: bool) -> F64 | None:
    """1/ratio for each span; None when all are 1.

    ratio_key: attribute of the span, or else of the resource, a float above 0; "" for none. trace_state: whether its threshold counts first.
    """
    found = np.ones(len(spans))
    if ratio_key:
        of_resource = [dict(labels).get(str(AttributeName(RESOURCE, "float", ratio_key)), "0") for labels in spans.series]
        ratios = np.array([float(text) for text in of_resource] or [0.0])[spans.of_series]
        of_span = pc.fill_null(spans.typed(str(AttributeName(SPAN, "float", ratio_key))), 0.0).to_numpy(zero_copy_only=False)
        ratios = np.where(of_span > 0, of_span, ratios)
        np.divide(1.0, ratios, out=found, where=ratios > 0)
    if trace_state and "trace_state" in spans.names:
        counts = _of_trace_state(spans.rows.column("trace_state"))
        found = np.where(counts > 0, counts, found)
    return None if (found == 1.0).all() else found


def _of_trace_state(states: pa.Array) -> F64:
    """0 where nothing is said."""
    texts = Texts.encode(pc.struct_field(pc.extract_regex(states, _THRESHOLD), "th"))
    counts = np.array([*map(_count, texts.values), 0.0])
    return counts[texts.codes]


def _count(threshold: str) -> float:
    return _ALL / (_ALL - int(threshold.ljust(14, "0"), 16))
