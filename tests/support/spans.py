"""Batches of spans from plain Python values, and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from lgtm.model.attribute_text import as_text, dynamic_type, from_text
from lgtm.model.attributes import TYPES
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels, labels_of
from lgtm.model.series import Series
from lgtm.model.signal import REST, REST_TYPE, SERIES, SPANS, TS
from lgtm.model.tenant import DEFAULT_TENANT, Tenant

Value = str | int | float | bool | bytes
REQUIRED = {"duration_ns": 5, "name": "get", "kind": 2, "status": 0}


@dataclass(frozen=True)
class Span:
    """attributes: by column name. fixed: other columns of the signal."""

    labels: Labels
    ts: int
    trace_id: bytes
    span_id: bytes
    fixed: Mapping[str, Any] = field(default_factory=dict)
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def record(self) -> tuple[Any, ...]:
        """Comparable; values have their type with them, for 1 is no True."""
        fixed = {name: value for name, value in {**REQUIRED, **self.fixed}.items() if value is not None}
        held = {name: value for name, value in self.attributes.items() if value is not None}
        return self.labels, self.ts, self.trace_id, self.span_id, repr(sorted(fixed.items())), repr(sorted(held.items()))


def span(service: str, ts: int, trace: int, number: int, /, *, attributes: Mapping[str, Any] | None = None, **fixed: Any) -> Span:
    labels = labels_of({"resource.service.name": service})
    return Span(labels, ts, trace.to_bytes(16), number.to_bytes(8), fixed, attributes or {})


def spans_batch(spans: Iterable[Span], *, tenant: Tenant = DEFAULT_TENANT, in_rest: frozenset[str] = frozenset()) -> Batch:
    """Rows in the order given. in_rest: attributes that travel in the rest column."""
    rows = list(spans)
    numbers: dict[Labels, int] = {}
    series = [numbers.setdefault(one.labels, len(numbers)) for one in rows]
    places = [{SERIES: at, TS: one.ts, "trace_id": one.trace_id, "span_id": one.span_id} for at, one in zip(series, rows, strict=True)]
    own = [{**REQUIRED, **place, **one.fixed} for place, one in zip(places, rows, strict=True)]
    columns = {f.name: pa.array([one.get(f.name) for one in own], f.type) for f in SPANS.columns if any(one.get(f.name) is not None for one in own)}
    names = sorted({name for one in rows for name in one.attributes})
    values = {name: pa.array([one.attributes.get(name) for one in rows], dynamic_type(name)) for name in names}
    columns |= {name: column for name, column in values.items() if name not in in_rest}
    texts = {name: as_text(values[name]).to_pylist() for name in names if name in in_rest}
    if texts:
        pairs = [[(name, text[at]) for name, text in texts.items() if text[at] is not None] for at in range(len(rows))]
        columns[REST] = pa.array([one or None for one in pairs], REST_TYPE)
    return Batch(SPANS, tenant, tuple(Series.of(labels) for labels in numbers), pa.record_batch(list(columns.values()), names=list(columns)))


def spans_of(batches: Batch | Sequence[Batch]) -> list[Span]:
    found = []
    for batch in [batches] if isinstance(batches, Batch) else batches:
        for row in batch.rows.to_pylist():
            labels = batch.series[row.pop(SERIES)].labels
            assert labels is not None
            rest = {name: from_text(pa.array([text]), dynamic_type(name))[0].as_py() for name, text in row.pop(REST, None) or ()}
            ts, trace_id, span_id = (row.pop(name) for name in (TS, "trace_id", "span_id"))
            fixed = {name: row.pop(name) for name in SPANS.columns.names if name in row}
            found.append(Span(labels, ts, trace_id, span_id, fixed, row | rest))
    return found


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "": st.text(min_size=1, max_size=8),
    "int": st.integers(-(2**63), 2**63 - 1),
    "float": st.floats(allow_nan=False),
    "bool": st.booleans(),
    "any": st.binary(max_size=6),
}
assert VALUES.keys() == TYPES.keys()


def _attributes(scope: str, of_values: Any) -> st.SearchStrategy[dict[str, Any]]:
    each = {f"{scope}{':' if kind else ''}{kind}.{key}": of_values(VALUES[kind]) for kind in TYPES for key in ("x", "y.z")}
    return st.fixed_dictionaries({}, optional=each)


@st.composite
def spans(draw: st.DrawFn, day_start_ns: int) -> Span:
    """Spans of few traces at few times of one day, so that some are equal in part."""
    events = draw(st.integers(0, 3))
    fixed: dict[str, Any] = {"status": draw(st.integers(0, 2)), "parent_id": draw(st.sampled_from([None, b"parent!!"]))}
    attributes = draw(_attributes("span", lambda values: values))
    if events:
        fixed |= {"event_time_ns": list(range(events)), "event_name": draw(st.lists(st.text(max_size=3), min_size=events, max_size=events))}
        attributes |= draw(_attributes("event", lambda values: st.lists(st.none() | values, min_size=events, max_size=events)))
    made = span(draw(st.sampled_from("abc")), day_start_ns + draw(st.integers(0, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3)))
    return Span(made.labels, made.ts, made.trace_id, made.span_id, fixed, attributes)
