"""Attributes of OpenTelemetry as names: each (scope, type, key) is one column, or one label of a series, named so that nothing is lost.

    <scope>.<key>           a string that is not empty
    <scope>:<type>.<key>    another type

Scopes of columns are span, event and link; those of labels are resource and scope. The first "." ends scope and type, so keys may hold
whatever they like. A key with values of two types has two columns, each row a value in one of them.

As a column a value has its type's Arrow type, lists of it for events and links (one element an event, null where it has none). `any` is everything
else (empty strings, arrays, maps, bytes, no value at all): the bytes of the `AnyValue` message, as sent.
In labels and in `rest` values are text: decimal integers, floats (in labels as Python writes them, in `rest` as Arrow), true or false; `any` is
Base64 of field 2 of a `KeyValue` with that value, tag and length included, which is never empty. In `rest`, columns of events and links are JSON
arrays of such texts and nulls.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

RESOURCE, SCOPE, SPAN, EVENT, LINK = "resource", "scope", "span", "event", "link"

TYPES = {"": pa.string(), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_(), "any": pa.binary()}
"""Type in a name → Arrow type of its values."""

SCOPE_NAME, SCOPE_VERSION = "scope_name", "scope_version"
RESOURCE_SCHEMA_URL, SCOPE_SCHEMA_URL = "resource_schema_url", "scope_schema_url"
RESOURCE_DROPPED, SCOPE_DROPPED = "resource_dropped_attributes", "scope_dropped_attributes"
"""Labels of a series of spans beside its attributes; absent where empty or 0."""


@dataclass(slots=True, frozen=True)
class AttributeName:
    """type: a key of TYPES."""

    scope: str
    type: str
    key: str

    def __str__(self) -> str:
        return f"{self.scope}:{self.type}.{self.key}" if self.type else f"{self.scope}.{self.key}"

    @classmethod
    def parse(cls, name: str) -> AttributeName | None:
        """None for a name that is no attribute's."""
        head, dot, key = name.partition(".")
        scope, _, kind = head.partition(":")
        return cls(scope, kind, key) if dot and kind in TYPES else None

    @property
    def arrow_type(self) -> pa.DataType:
        of_value = TYPES[self.type]
        return pa.list_(of_value) if self.scope in (EVENT, LINK) else of_value
