"""Rows of the signal SPANS as a table of spans, with the columns that a query needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.merge import merge_rows
from lgtm.model import attributes as names
from lgtm.model.attribute_text import from_text
from lgtm.model.attributes import TYPES, AttributeName
from lgtm.model.batch import Batch
from lgtm.model.signal import REST, SERIES, SPANS, TRACE_ID, TS
from lgtm.traceql.any_columns import any_columns
from lgtm.traceql.columns import I64, Bool, Column, Columns, constant, from_arrow, strings
from lgtm.traceql.nested_set import U64
from lgtm.traceql.plan import Needs
from lgtm.traceql.span_table import Children, SpanTable
from lgtm.traceql.types import Type

_SCOPES = {"resource": names.RESOURCE, "instrumentation": names.SCOPE}
"""Scopes of attributes that lie in the labels of series, as a query and as storage call them."""
_COLUMNS = {
    "trace_id": TRACE_ID,
    "events.name": "event_name",
    "events.time_ns": "event_time_ns",
    "links.trace_id": "link_trace_id",
    "links.span_id": "link_span_id",
}
_OF_LABELS = frozenset({"offsets", "start_ns", "service_name", "scope_name", "scope_version", "child_of_link"})
"""What a table has that is no column of a row of its own."""
_EVENTS, _LINKS = "event_time_ns", "link_span_id"
"""Columns that tell how many events or links a span has."""
_REF_TYPE = "opentracing.ref_type"
_SERVICE_NAME = ("resource", "service.name")
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)


def columns_to_read(needs: Needs) -> tuple[frozenset[str], frozenset[str] | None]:
    """Fixed and dynamic columns to read for `span_table`; None for all dynamic ones."""
    fixed = {_COLUMNS.get(name, name) for name in needs.columns - _OF_LABELS}
    dynamic = {name for scope, key in needs.attributes for name in _stored_names(scope, key)}
    scopes = {scope for scope, _ in needs.attributes}
    if "child_of_link" in needs.columns:
        dynamic.add(str(AttributeName(names.LINK, "", _REF_TYPE)))
    if needs.every_attribute or "event" in scopes or any(name.startswith("events.") for name in needs.columns):
        fixed.add(_EVENTS)
    if needs.every_attribute or "link" in scopes or "child_of_link" in needs.columns or any(name.startswith("links.") for name in needs.columns):
        fixed.add(_LINKS)
    return frozenset(fixed), None if needs.every_attribute else frozenset(dynamic)


def span_table(batches: Sequence[Batch], needs: Needs, *, apart: bool = False) -> SpanTable:
    """All rows of the batches, those of a trace together by time. apart: each span is a trace of its own, in the order given, which is all that a
    question about single spans needs. At least one batch; they need no other columns than `columns_to_read` names."""
    return _Reading(merge_rows(batches), needs, apart=apart).table()


class _Reading:
    def __init__(self, batch: Batch, needs: Needs, *, apart: bool) -> None:
        self._needs = needs
        ids = trace_id_bytes(batch.rows.column(TRACE_ID))
        order: I64 | None = None
        self._offsets: I64 = np.arange(len(batch) + 1)
        if not apart:
            order, self._offsets = rows_by_trace(ids, batch.rows.column(TS).to_numpy())
        self._rows = batch.rows if order is None else batch.rows.take(pa.array(order))
        self._labels = [dict(labels or ()) for labels in batch.table.labels]
        self._trace_id = ids[self._offsets[:-1]] if order is None else ids[order[self._offsets[:-1]]]
        self._series = self._rows.column(SERIES).to_numpy()

    def table(self) -> SpanTable:
        count = self._rows.num_rows
        links = self._children(names.LINK)
        return SpanTable(
            trace_id=self._trace_id,
            offsets=self._offsets,
            span_id=self._ids("span_id"),
            parent_id=self._ids("parent_id"),
            start_ns=self._rows.column(TS).to_numpy(),
            duration_ns=self._numbers("duration_ns"),
            name=self._texts("name"),
            kind=self._numbers("kind"),
            status=self._numbers("status"),
            status_message=self._texts("status_message"),
            service_name=self._label("service_name", str(AttributeName(names.RESOURCE, "", "service.name"))),
            scope_name=self._label("scope_name", names.SCOPE_NAME),
            scope_version=self._label("scope_version", names.SCOPE_VERSION),
            attributes=self._attributes(count),
            events=self._children(names.EVENT),
            links=links,
            child_of_link=_children_of_links(links, count),
        )

    def _column(self, name: str) -> pa.Array | None:
        return self._rows.column(name) if name in self._rows.schema.names else None

    def _numbers(self, name: str) -> I64:
        column = self._column(name)
        return np.zeros(self._rows.num_rows, np.int64) if column is None else column.to_numpy().astype(np.int64)

    def _texts(self, name: str) -> Column:
        column = self._column(name)
        if column is None:
            return constant(Type.STRING, "", self._rows.num_rows)
        return strings(column.fill_null("") if column.null_count else column)

    def _ids(self, name: str) -> U64:
        column = self._column(name)
        if column is None:
            return np.zeros(self._rows.num_rows, np.uint64)
        found: U64 = _bytes(column, 8).reshape(-1).view(">u8").astype(np.uint64)
        if column.null_count:
            found[~np.asarray(column.is_valid())] = 0
        return found

    def _label(self, needed: str, name: str) -> Column:
        """A label of the series, empty where it has none, and everywhere when nobody needs it."""
        if needed not in self._needs.columns:
            return constant(Type.STRING, "", self._rows.num_rows)
        of_series = strings(pa.array([labels.get(name, "") for labels in self._labels], pa.string()))
        return Column(Type.STRING, of_series.values[self._series], words=of_series.words)

    def _attributes(self, rows: int) -> dict[tuple[str, str], Columns]:
        found: dict[tuple[str, str], Columns] = {}
        for scope, key in self._wanted():
            if (scope, key) == _SERVICE_NAME:
                continue
            if scope in _SCOPES:
                columns = tuple(column.take(self._series.astype(np.int64)) for column in self._of_labels(_SCOPES[scope], key))
            else:
                columns = _typed(self._arrays(scope, key), rows)
            if columns:
                found[scope, key] = columns
        return found

    def _wanted(self) -> Iterable[tuple[str, str]]:
        """Attributes of spans, resources and scopes."""
        wanted = {(scope, key) for scope, key in self._needs.attributes if scope not in ("event", "link")}
        if self._needs.every_attribute:
            labels = {name for labels in self._labels for name in labels}
            for name in (*labels, *self._rows.schema.names, *_names_in(self._column(REST))):
                attribute = AttributeName.parse(name)
                if attribute is not None and attribute.scope not in (names.EVENT, names.LINK):
                    wanted.add(("instrumentation" if attribute.scope == names.SCOPE else attribute.scope, attribute.key))
        return sorted(wanted)

    def _of_labels(self, scope: str, key: str) -> Columns:
        """One row a series."""
        arrays = {}
        for kind, arrow in TYPES.items():
            name = str(AttributeName(scope, kind, key))
            texts = [labels.get(name) for labels in self._labels]
            if any(text is not None for text in texts):
                arrays[kind] = from_text(pa.array(texts, pa.string()), arrow)
        return _typed(arrays, len(self._labels))

    def _arrays(self, scope: str, key: str) -> dict[str, pa.Array]:
        """By type, where any row has a value."""
        found = {}
        for kind in TYPES:
            name = AttributeName(scope, kind, key)
            column = self._column(str(name))
            column = self._from_rest(name) if column is None else column
            if column is not None and column.null_count < len(column):
                found[kind] = column
        return found

    def _from_rest(self, name: AttributeName) -> pa.Array | None:
        if str(name) not in self._rest_names:
            return None
        texts = pc.map_lookup(self._rows.column(REST), pa.scalar(str(name)), "first")
        return from_text(texts, name.arrow_type)

    @cached_property
    def _rest_names(self) -> frozenset[str]:
        return _names_in(self._column(REST))

    def _children(self, scope: str) -> Children:
        lengths = self._column(_EVENTS if scope == names.EVENT else _LINKS)
        if lengths is None:
            return Children()
        counts = np.asarray(pc.fill_null(pc.list_value_length(lengths), 0)).astype(np.int64)
        total = int(counts.sum())
        wanted = {key for of, key in self._needs.attributes if of == scope}
        if self._needs.every_attribute:
            wanted |= {a.key for a in map(AttributeName.parse, (*self._rows.schema.names, *self._rest_names)) if a is not None and a.scope == scope}
        elif scope == names.LINK and "child_of_link" in self._needs.columns:
            wanted.add(_REF_TYPE)
        attributes = {}
        for key in sorted(wanted):
            arrays = {kind: _elements(array, counts) for kind, array in self._arrays(scope, key).items()}
            if columns := _typed(arrays, total):
                attributes[key] = columns
        return Children(np.repeat(np.arange(len(counts)), counts), attributes, self._fixed(scope, counts))

    def _fixed(self, scope: str, counts: I64) -> dict[str, Column]:
        found: dict[str, Column] = {}
        for name in ("name", "time_ns", "trace_id", "span_id"):
            column = self._column(f"{scope}_{name}")
            if column is None:
                continue
            elements = _elements(column, counts)
            if name == "trace_id":
                found[name] = _hex(elements, 16, trimmed=True)
            elif name == "span_id":
                found[name] = _hex(elements, 8, trimmed=False)
            else:
                found[name] = from_arrow(elements)
        return found


def _stored_names(scope: str, key: str) -> list[str]:
    """None for what lies in labels, which are always there."""
    return [] if scope in _SCOPES else [str(AttributeName(scope, kind, key)) for kind in TYPES]


def _names_in(rest: pa.Array | None) -> frozenset[str]:
    return frozenset() if rest is None else frozenset(pc.unique(rest.keys).to_pylist())


def _bytes(values: pa.Array, width: int) -> npt.NDArray[np.uint8]:
    """values: binary of that width, nulls of any content. Count × width."""
    return np.frombuffer(values.buffers()[1], np.uint8, width * len(values), width * values.offset).reshape(-1, width)


def trace_id_bytes(column: pa.Array) -> npt.NDArray[np.uint8]:
    """Count × 16."""
    return _bytes(column, 16)


def first_of_traces(ids: npt.NDArray[np.uint8], ts: I64) -> tuple[npt.NDArray[np.uint8], I64]:
    """Each id once, in no order, and the least time of its rows. ids: count × 16."""
    if not len(ids):
        return ids, ts
    halves = np.ascontiguousarray(ids).view(np.uint64)
    mixed = halves[:, 0] * _SPREAD + halves[:, 1]
    order = np.argsort(mixed)
    halves, mixed = halves[order], mixed[order]
    apart = (halves[1:] != halves[:-1]).any(axis=1)
    if (apart & (mixed[1:] == mixed[:-1])).any():
        order, offsets = rows_by_trace(ids, ts)
        return ids[order[offsets[:-1]]], ts[order[offsets[:-1]]]
    starts = np.concatenate(([0], np.flatnonzero(apart) + 1))
    return ids[order[starts]], np.minimum.reduceat(ts[order], starts)


def rows_by_trace(ids: npt.NDArray[np.uint8], ts: I64) -> tuple[I64, I64]:
    """ids: count × 16. Row numbers, those of a trace together by time, and where each trace begins, then the end."""
    halves = np.ascontiguousarray(ids).view(np.uint64)
    mixed = halves[:, 0] * _SPREAD + halves[:, 1]
    order = np.lexsort((ts, mixed))
    halves, mixed = halves[order], mixed[order]
    apart = (halves[1:] != halves[:-1]).any(axis=1)
    if (apart & (mixed[1:] == mixed[:-1])).any():  # two ids that mix to one number, so they may lie across each other
        order = np.lexsort((ts, np.ascontiguousarray(ids).view(np.uint64)[:, 0], np.ascontiguousarray(ids).view(np.uint64)[:, 1]))
        halves = np.ascontiguousarray(ids).view(np.uint64)[order]
        apart = (halves[1:] != halves[:-1]).any(axis=1)
    starts = np.concatenate(([0], np.flatnonzero(apart) + 1)) if len(ids) else np.empty(0, np.int64)
    return order, np.append(starts, len(ids)).astype(np.int64)


def _typed(arrays: dict[str, pa.Array], rows: int) -> Columns:
    """One column a type: those that have it by name, and what `any` values turn out to be."""
    by_type: dict[pa.DataType, pa.Array] = {}
    for kind, array in arrays.items():
        for found in any_columns(array) if kind == "any" else [array]:
            before = by_type.get(found.type)
            by_type[found.type] = found if before is None else pc.coalesce(before, found)
    assert all(len(array) == rows for array in by_type.values())
    return tuple(from_arrow(array) for array in by_type.values())


def _elements(lists: pa.Array, counts: I64) -> pa.Array:
    """One value for each child. counts: children of each row; a row whose list is null has none for any of them."""
    given = np.asarray(lists.is_valid()) if lists.null_count else np.ones(len(lists), bool)
    values = lists.flatten()
    if (given | (counts == 0)).all():
        return values
    present = np.repeat(given, counts)
    picks = np.cumsum(present) - 1
    return values.take(pa.array(picks, mask=~present))


def _hex(ids: pa.Array, width: int, *, trimmed: bool) -> Column:
    text = _bytes(ids, width).tobytes().hex()
    texts = [text[at : at + 2 * width] for at in range(0, len(text), 2 * width)]
    return strings(pa.array([one.lstrip("0") for one in texts] if trimmed else texts, pa.string()))


def _children_of_links(links: Children, rows: int) -> Bool | None:
    columns = links.attributes.get(_REF_TYPE)
    if not columns:
        return None
    found = np.zeros(rows, bool)
    for column in columns:
        if column.words is not None:
            is_child = np.asarray(pc.equal(column.words, "child_of"))[column.values] & column.held
            found[links.rows_of[is_child]] = True
    return found


assert set(_COLUMNS.values()) <= set(SPANS.columns.names)
