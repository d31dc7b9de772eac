"""A batch of spans as the processors ask it: attributes as texts, resource and span together, each looked up once for all of them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import cached_property, lru_cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lgtm.blocks.rest import Pairs, pairs_of
from lgtm.clock import NS_PER_S
from lgtm.model.attribute_text import any_text, as_text, from_text
from lgtm.model.attributes import RESOURCE, SPAN, AttributeName
from lgtm.model.batch import Batch
from lgtm.model.labels import Labels
from lgtm.model.signal import REST, SERIES, TS
from lgtm.spanmetrics.names import KIND_NAMES, LEAST, STATUS_NAMES, plain_float
from lgtm.spanmetrics.texts import Texts, first_of
from lgtm.vectors.matrix import F64, I64, Bool
from lgtm.wire.any_value import Value, read_key_value

SERVICE_NAME, SERVICE_NAMESPACE, SERVICE_INSTANCE = "service.name", "service.namespace", "service.instance.id"


class SpanTable:
    """Columns of all rows of a batch of the signal SPANS whose series have their labels."""

    def __init__(self, batch: Batch) -> None:
        assert not batch.table.unlabelled.any(), "metrics need the labels of every series"
        self.rows = batch.rows
        self.names = frozenset(batch.rows.schema.names)
        self.series: list[Labels] = [labels or () for labels in batch.table.labels]
        self.of_series = self._ints(SERIES)
        self._resources = [resource_attributes(labels) for labels in self.series]
        self._attributes: dict[tuple[str, str], Texts] = {}
        self._absent = Texts.absent(len(self))

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def resource(self, key: str) -> Texts:
        """An attribute of the resource of each span."""
        return self._memo(RESOURCE, key, self._read_resource)

    def span(self, key: str) -> Texts:
        """An attribute of each span."""
        return self._memo(SPAN, key, self._read_span)

    def attribute(self, key: str) -> Texts:
        """That of the resource, or else that of the span."""
        return first_of([self.resource(key), self.span(key)])

    def typed(self, name: str) -> pa.Array:
        """The dynamic column of this name, out of `rest` where it lies there; all null where there is none."""
        if name in self.names:
            return self.rows.column(name)
        kind = (AttributeName.parse(name) or AttributeName(SPAN, "", name)).arrow_type
        if self._rest is not None:
            at = np.flatnonzero(np.asarray(pc.equal(self._rest.names, name), bool))
            if len(at):
                values = from_text(self._rest.values.take(pa.array(at)), kind)
                picks = np.full(len(self), -1)
                picks[self._rest.rows[at]] = np.arange(len(at))
                return values.take(pa.array(picks, mask=picks < 0))
        return pa.nulls(len(self), kind)

    def per_series(self, values: list[str | None]) -> Texts:
        """values: of each series of the batch."""
        if not any(value is not None for value in values):
            return self._absent
        found = Texts.of(values)
        return Texts(found.values, found.codes[self.of_series])

    @cached_property
    def name(self) -> Texts:
        return Texts.encode(self.rows.column("name"))

    @cached_property
    def status_message(self) -> Texts:
        return Texts.encode(self.rows.column("status_message")) if "status_message" in self.names else Texts.absent(len(self))

    @cached_property
    def kind(self) -> I64:
        return self._ints("kind")

    @cached_property
    def status(self) -> I64:
        return self._ints("status")

    @property
    def kind_name(self) -> Texts:
        return Texts(KIND_NAMES, self.kind - LEAST)

    @property
    def status_name(self) -> Texts:
        return Texts(STATUS_NAMES, self.status - LEAST)

    @cached_property
    def start_ns(self) -> I64:
        return self._ints(TS)

    @cached_property
    def end_ns(self) -> I64:
        return self.start_ns + self._ints("duration_ns")

    @cached_property
    def seconds(self) -> F64:
        """Durations; a span that ends before it starts has 0."""
        return np.maximum(self._ints("duration_ns"), 0) / NS_PER_S

    def ids(self, name: str) -> np.typing.NDArray[np.uint8]:
        """rows × bytes of a column of ids; of null anything."""
        return bytes_of(self.rows.column(name))

    @cached_property
    def has_parent(self) -> Bool:
        if "parent_id" not in self.names:
            return np.zeros(len(self), bool)
        return np.asarray(self.rows.column("parent_id").is_valid(), bool)

    @cached_property
    def _span_names(self) -> dict[str, list[str]]:
        """Key of an attribute of spans → names of its columns, one for each type, also of those in `rest`."""
        of_rest = [] if self._rest is None else pc.unique(self._rest.names).to_pylist()
        found: dict[str, list[str]] = {}
        for name in (*self.names, *of_rest):
            attribute = AttributeName.parse(name)
            if attribute is not None and attribute.scope == SPAN:
                found.setdefault(attribute.key, []).append(name)
        return found

    @cached_property
    def _rest(self) -> Pairs | None:
        return pairs_of(self.rows.column(REST)) if REST in self.names else None

    def _ints(self, name: str) -> I64:
        numbers: I64 = self.rows.column(name).to_numpy(zero_copy_only=False).astype(np.int64)
        return numbers

    def _memo(self, scope: str, key: str, read: Callable[[str], Texts]) -> Texts:
        if (scope, key) not in self._attributes:
            self._attributes[scope, key] = read(key)
        return self._attributes[scope, key]

    def _read_resource(self, key: str) -> Texts:
        return self.per_series([attributes.get(key) for attributes in self._resources])

    def _read_span(self, key: str) -> Texts:
        given = [texts_of(self.typed(name)) for name in self._span_names.get(key, ())]
        return first_of(given) if given else self._absent


def bytes_of(column: pa.Array) -> np.typing.NDArray[np.uint8]:
    """rows × bytes of a column of binary of fixed size."""
    width, start = column.type.byte_width, column.offset
    return np.frombuffer(column.buffers()[1], np.uint8)[start * width : (start + len(column)) * width].reshape(-1, width)


def texts_of(column: pa.Array) -> Texts:
    """Values of an attribute's column as label values."""
    if pa.types.is_string(column.type):
        return Texts.encode(column)
    if pa.types.is_boolean(column.type):
        return Texts.encode(as_text(column))
    encoded = column.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy().astype(np.int64)
    return Texts([_text(value) for value in encoded.dictionary.to_pylist()], codes)


def _text(value: int | float | bytes) -> str:
    if isinstance(value, bytes):
        return nested_text(_any_of(any_text(value)))
    return nested_text(value)


def nested_text(value: Value) -> str:
    """As Tempo writes values into labels: items of arrays and maps side by side, nothing for bytes."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case float():
            return plain_float(value)
        case int():
            return str(value)
        case list():
            return f"[{''.join(map(nested_text, value))}]"
        case dict():
            return "{" + "".join(f"{key}:{nested_text(item)}" for key, item in value.items()) + "}"
    return ""


@lru_cache(maxsize=4_096)
def resource_attributes(labels: Labels) -> Mapping[str, str]:
    """Key → text of the attributes of a resource, from the labels of a series of spans."""
    return {name.key: _label_text(name, text) for name, text in _attributes(labels) if name.scope == RESOURCE}


def _attributes(labels: Labels) -> list[tuple[AttributeName, str]]:
    return [(name, text) for label, text in labels if (name := AttributeName.parse(label)) is not None]


def _label_text(name: AttributeName, text: str) -> str:
    if name.type == "any":
        return nested_text(_any_of(text))
    return plain_float(float(text)) if name.type == "float" else text


def _any_of(text: str) -> Value:
    message = base64.b64decode(text)
    return read_key_value(message, 0, len(message))[1]
