"""OTLP/JSON to OTLP/protobuf, so that there is one decoder of what a request means.

Differences of OTLP from the usual JSON mapping of protobuf: ids are hex, enums are integers (names are taken too), unknown keys are ignored.
64-bit integers may be strings or numbers. Rules: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
"""

from __future__ import annotations

import base64
import binascii
import struct
from collections.abc import Callable
from typing import Any, NoReturn

from lgtm.wire.any_value import DEPTH_MAX
from lgtm.wire.bounds import BodyBounds, MalformedBody
from lgtm.wire.loki_json import load_json
from lgtm.wire.protobuf import FIXED32, FIXED64, LENGTH_DELIMITED, VARINT, tag

Writer = Callable[[Any, str, int], bytes]
"""Content of a field from its JSON value; with the value's path and depth, for errors."""

_ONE_BYTE = tuple(bytes((value,)) for value in range(0x80))
"""Nearly every length and number: a trace of 100,000 spans has 5 million of them."""
_SEVERITIES = {"UNSPECIFIED": 0} | {
    name + (str(step) if step > 1 else ""): base + step
    for base, name in ((0, "TRACE"), (4, "DEBUG"), (8, "INFO"), (12, "WARN"), (16, "ERROR"), (20, "FATAL"))
    for step in (1, 2, 3, 4)
}


def logs_to_protobuf(data: bytes, bounds: BodyBounds) -> bytes:
    """ExportLogsServiceRequest. Raises MalformedBody for a document that is not one, naming the place."""
    document = load_json(data, bounds)
    return _REQUEST(document, "request", 0) if document is not None else b""


def spans_to_protobuf(data: bytes, bounds: BodyBounds) -> bytes:
    """ExportTraceServiceRequest. Raises MalformedBody for a document that is not one, naming the place."""
    document = load_json(data, bounds)
    return _TRACE_REQUEST(document, "request", 0) if document is not None else b""


def metrics_to_protobuf(data: bytes, bounds: BodyBounds) -> bytes:
    """ExportMetricsServiceRequest. Raises MalformedBody for a document that is not one, naming the place."""
    document = load_json(data, bounds)
    return _METRICS_REQUEST(document, "request", 0) if document is not None else b""


def trace_message(document: Any) -> bytes:
    """ExportTraceServiceRequest from its OTLP/JSON as Python values. Raises MalformedBody."""
    return _TRACE_REQUEST(document, "request", 0)


def _message(*fields: tuple[str, int, int, Writer | _Many]) -> Writer:
    """fields: (JSON name, number, wire kind, writer of the content, or of many contents where the field is repeated)."""
    known = {spelling: (_varint_bytes(tag(number, kind)), kind, writer) for name, number, kind, writer in fields for spelling in (name, _snake(name))}

    def write(value: Any, where: str, depth: int) -> bytes:
        if type(value) is not dict:
            _expected("an object", where)
        if depth > 2 * DEPTH_MAX + 8:
            raise MalformedBody(f"json: value is nested deeper than {DEPTH_MAX} levels")
        out: list[bytes] = []
        for name, item in value.items():
            if item is None or name not in known:
                continue
            head, kind, writer = known[name]
            if isinstance(writer, _Many):
                contents = writer.contents(item, f"{where}.{name}", depth + 1)
            else:
                contents = [writer(item, f"{where}.{name}", depth + 1)]
            for content in contents:
                out += (head, _varint_bytes(len(content)), content) if kind == LENGTH_DELIMITED else (head, content)
        return b"".join(out)

    return write


class _Many:
    """Of a repeated field: the writer of its items."""

    def __init__(self, item: Writer) -> None:
        self._item = item

    def contents(self, value: Any, where: str, depth: int) -> list[bytes]:
        if type(value) is not list:
            _expected("an array", where)
        return [self._item(item if item is not None else {}, f"{where}[{number}]", depth) for number, item in enumerate(value)]


def _packed(item: Writer) -> Writer:
    """Of a repeated field of numbers: all of them in one."""
    items = _Many(item)
    return lambda value, where, depth: b"".join(items.contents(value, where, depth))


def _varint_bytes(value: int) -> bytes:
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _text(value: Any, where: str, _depth: int) -> bytes:
    if type(value) is not str:
        _expected("a string", where)
    return value.encode()


def _boolean(value: Any, where: str, _depth: int) -> bytes:
    if type(value) is not bool:
        _expected("true or false", where)
    return b"\x01" if value else b"\x00"


def _double(value: Any, where: str, _depth: int) -> bytes:
    try:
        if type(value) in (int, float, str) and value != "" and "_" not in str(value):
            return struct.pack("<d", float(value))
    except (ValueError, OverflowError):
        pass
    _expected("a number", where)


def _int64(value: Any, where: str, _depth: int) -> bytes:
    return _varint_bytes(_integer(value, where, -(1 << 63), (1 << 63) - 1) & 0xFFFF_FFFF_FFFF_FFFF)


def _uint64(value: Any, where: str, _depth: int) -> bytes:
    return _varint_bytes(_integer(value, where, 0, (1 << 64) - 1))


def _sint32(value: Any, where: str, _depth: int) -> bytes:
    number = _integer(value, where, -(1 << 31), (1 << 31) - 1)
    return _varint_bytes(number << 1 if number >= 0 else (-number << 1) - 1)


def _sfixed64(value: Any, where: str, _depth: int) -> bytes:
    return struct.pack("<q", _integer(value, where, -(1 << 63), (1 << 63) - 1))


def _uint32(value: Any, where: str, _depth: int) -> bytes:
    return _varint_bytes(_integer(value, where, 0, (1 << 32) - 1))


def _fixed32(value: Any, where: str, _depth: int) -> bytes:
    return struct.pack("<I", _integer(value, where, 0, (1 << 32) - 1))


def _fixed64(value: Any, where: str, _depth: int) -> bytes:
    return struct.pack("<Q", _integer(value, where, 0, (1 << 64) - 1))


def _severity(value: Any, where: str, _depth: int) -> bytes:
    if type(value) is str and value.removeprefix("SEVERITY_NUMBER_") in _SEVERITIES:
        value = _SEVERITIES[value.removeprefix("SEVERITY_NUMBER_")]
    return _varint_bytes(_integer(value, where, -(1 << 31), (1 << 31) - 1) & 0xFFFF_FFFF_FFFF_FFFF)


def _enum(prefix: str, *names: str) -> Writer:
    """From a number or a name, with the prefix or without."""
    numbers = {prefix + name: number for number, name in enumerate(names)} | {name: number for number, name in enumerate(names)}

    def write(value: Any, where: str, _depth: int) -> bytes:
        if type(value) is str and value in numbers:
            value = numbers[value]
        return _varint_bytes(_integer(value, where, -(1 << 31), (1 << 31) - 1) & 0xFFFF_FFFF_FFFF_FFFF)

    return write


def _hex(value: Any, where: str, _depth: int) -> bytes:
    try:
        return bytes.fromhex(value) if type(value) is str and value.isalnum() else _nothing_or_raise(value)
    except ValueError:
        _expected("hexadecimal digits", where)


def _nothing_or_raise(value: Any) -> bytes:
    if value == "":
        return b""
    raise ValueError


def _base64(value: Any, where: str, _depth: int) -> bytes:
    try:
        return base64.b64decode(value, validate=True) if type(value) is str else _nothing_or_raise(value)
    except (ValueError, binascii.Error):
        _expected("base64", where)


def _integer(value: Any, where: str, least: int, greatest: int) -> int:
    """From a number or a string of digits; a whole number may be written as a float."""
    if type(value) is str and len(value) <= 20 and value.removeprefix("-").isdigit() and value.isascii():
        value = int(value)
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is int and least <= value <= greatest:
        return value
    _expected(f"an integer from {least} to {greatest}", where)


def _any_value(value: Any, where: str, depth: int) -> bytes:
    return _ANY_VALUE(value, where, depth)


def _key_value(value: Any, where: str, depth: int) -> bytes:
    return _KEY_VALUE(value, where, depth)


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name)


def _expected(what: str, where: str) -> NoReturn:
    raise MalformedBody(f"json: {where[:200]} must be {what}")


_ITEMS = _message(("values", 1, LENGTH_DELIMITED, _Many(_any_value)))
_PAIRS = _message(("values", 1, LENGTH_DELIMITED, _Many(_key_value)))
_ANY_VALUE = _message(
    ("stringValue", 1, LENGTH_DELIMITED, _text),
    ("boolValue", 2, VARINT, _boolean),
    ("intValue", 3, VARINT, _int64),
    ("doubleValue", 4, FIXED64, _double),
    ("arrayValue", 5, LENGTH_DELIMITED, _ITEMS),
    ("kvlistValue", 6, LENGTH_DELIMITED, _PAIRS),
    ("bytesValue", 7, LENGTH_DELIMITED, _base64),
)
_KEY_VALUE = _message(("key", 1, LENGTH_DELIMITED, _text), ("value", 2, LENGTH_DELIMITED, _any_value))
_ATTRIBUTES = _Many(_key_value)
_LOG_RECORD = _message(
    ("timeUnixNano", 1, FIXED64, _fixed64),
    ("severityNumber", 2, VARINT, _severity),
    ("severityText", 3, LENGTH_DELIMITED, _text),
    ("body", 5, LENGTH_DELIMITED, _any_value),
    ("attributes", 6, LENGTH_DELIMITED, _ATTRIBUTES),
    ("droppedAttributesCount", 7, VARINT, _uint32),
    ("flags", 8, FIXED32, _fixed32),
    ("traceId", 9, LENGTH_DELIMITED, _hex),
    ("spanId", 10, LENGTH_DELIMITED, _hex),
    ("observedTimeUnixNano", 11, FIXED64, _fixed64),
    ("eventName", 12, LENGTH_DELIMITED, _text),
)
_SCOPE = _message(
    ("name", 1, LENGTH_DELIMITED, _text),
    ("version", 2, LENGTH_DELIMITED, _text),
    ("attributes", 3, LENGTH_DELIMITED, _ATTRIBUTES),
    ("droppedAttributesCount", 4, VARINT, _uint32),
)
_RESOURCE = _message(("attributes", 1, LENGTH_DELIMITED, _ATTRIBUTES), ("droppedAttributesCount", 2, VARINT, _uint32))
_SCOPE_LOGS = _message(("scope", 1, LENGTH_DELIMITED, _SCOPE), ("logRecords", 2, LENGTH_DELIMITED, _Many(_LOG_RECORD)))
_RESOURCE_LOGS = _message(("resource", 1, LENGTH_DELIMITED, _RESOURCE), ("scopeLogs", 2, LENGTH_DELIMITED, _Many(_SCOPE_LOGS)))
_REQUEST = _message(("resourceLogs", 1, LENGTH_DELIMITED, _Many(_RESOURCE_LOGS)))
_EVENT = _message(
    ("timeUnixNano", 1, FIXED64, _fixed64),
    ("name", 2, LENGTH_DELIMITED, _text),
    ("attributes", 3, LENGTH_DELIMITED, _ATTRIBUTES),
    ("droppedAttributesCount", 4, VARINT, _uint32),
)
_LINK = _message(
    ("traceId", 1, LENGTH_DELIMITED, _hex),
    ("spanId", 2, LENGTH_DELIMITED, _hex),
    ("traceState", 3, LENGTH_DELIMITED, _text),
    ("attributes", 4, LENGTH_DELIMITED, _ATTRIBUTES),
    ("droppedAttributesCount", 5, VARINT, _uint32),
    ("flags", 6, FIXED32, _fixed32),
)
_STATUS = _message(("message", 2, LENGTH_DELIMITED, _text), ("code", 3, VARINT, _enum("STATUS_CODE_", "UNSET", "OK", "ERROR")))
_SPAN = _message(
    ("traceId", 1, LENGTH_DELIMITED, _hex),
    ("spanId", 2, LENGTH_DELIMITED, _hex),
    ("traceState", 3, LENGTH_DELIMITED, _text),
    ("parentSpanId", 4, LENGTH_DELIMITED, _hex),
    ("name", 5, LENGTH_DELIMITED, _text),
    ("kind", 6, VARINT, _enum("SPAN_KIND_", "UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")),
    ("startTimeUnixNano", 7, FIXED64, _fixed64),
    ("endTimeUnixNano", 8, FIXED64, _fixed64),
    ("attributes", 9, LENGTH_DELIMITED, _ATTRIBUTES),
    ("droppedAttributesCount", 10, VARINT, _uint32),
    ("events", 11, LENGTH_DELIMITED, _Many(_EVENT)),
    ("droppedEventsCount", 12, VARINT, _uint32),
    ("links", 13, LENGTH_DELIMITED, _Many(_LINK)),
    ("droppedLinksCount", 14, VARINT, _uint32),
    ("status", 15, LENGTH_DELIMITED, _STATUS),
    ("flags", 16, FIXED32, _fixed32),
)
_SCHEMA_URL = ("schemaUrl", 3, LENGTH_DELIMITED, _text)
_SCOPE_SPANS = _message(("scope", 1, LENGTH_DELIMITED, _SCOPE), ("spans", 2, LENGTH_DELIMITED, _Many(_SPAN)), _SCHEMA_URL)
_RESOURCE_SPANS = _message(("resource", 1, LENGTH_DELIMITED, _RESOURCE), ("scopeSpans", 2, LENGTH_DELIMITED, _Many(_SCOPE_SPANS)), _SCHEMA_URL)
_TRACE_REQUEST = _message(("resourceSpans", 1, LENGTH_DELIMITED, _Many(_RESOURCE_SPANS)))
_EXEMPLAR = _message(
    ("timeUnixNano", 2, FIXED64, _fixed64),
    ("asDouble", 3, FIXED64, _double),
    ("spanId", 4, LENGTH_DELIMITED, _hex),
    ("traceId", 5, LENGTH_DELIMITED, _hex),
    ("asInt", 6, FIXED64, _sfixed64),
    ("filteredAttributes", 7, LENGTH_DELIMITED, _ATTRIBUTES),
)
_TIMES = (("startTimeUnixNano", 2, FIXED64, _fixed64), ("timeUnixNano", 3, FIXED64, _fixed64))
_TOTALS = (("count", 4, FIXED64, _fixed64), ("sum", 5, FIXED64, _double))
_NUMBER_POINT = _message(
    *_TIMES,
    ("asDouble", 4, FIXED64, _double),
    ("exemplars", 5, LENGTH_DELIMITED, _Many(_EXEMPLAR)),
    ("asInt", 6, FIXED64, _sfixed64),
    ("attributes", 7, LENGTH_DELIMITED, _ATTRIBUTES),
    ("flags", 8, VARINT, _uint32),
)
_HISTOGRAM_POINT = _message(
    *_TIMES,
    *_TOTALS,
    ("bucketCounts", 6, LENGTH_DELIMITED, _packed(_fixed64)),
    ("explicitBounds", 7, LENGTH_DELIMITED, _packed(_double)),
    ("exemplars", 8, LENGTH_DELIMITED, _Many(_EXEMPLAR)),
    ("attributes", 9, LENGTH_DELIMITED, _ATTRIBUTES),
    ("flags", 10, VARINT, _uint32),
    ("min", 11, FIXED64, _double),
    ("max", 12, FIXED64, _double),
)
_BUCKETS = _message(("offset", 1, VARINT, _sint32), ("bucketCounts", 2, LENGTH_DELIMITED, _packed(_uint64)))
_EXPONENTIAL_POINT = _message(
    ("attributes", 1, LENGTH_DELIMITED, _ATTRIBUTES),
    *_TIMES,
    *_TOTALS,
    ("scale", 6, VARINT, _sint32),
    ("zeroCount", 7, FIXED64, _fixed64),
    ("positive", 8, LENGTH_DELIMITED, _BUCKETS),
    ("negative", 9, LENGTH_DELIMITED, _BUCKETS),
    ("flags", 10, VARINT, _uint32),
    ("exemplars", 11, LENGTH_DELIMITED, _Many(_EXEMPLAR)),
    ("min", 12, FIXED64, _double),
    ("max", 13, FIXED64, _double),
    ("zeroThreshold", 14, FIXED64, _double),
)
_QUANTILE = _message(("quantile", 1, FIXED64, _double), ("value", 2, FIXED64, _double))
_SUMMARY_POINT = _message(
    *_TIMES,
    *_TOTALS,
    ("quantileValues", 6, LENGTH_DELIMITED, _Many(_QUANTILE)),
    ("attributes", 7, LENGTH_DELIMITED, _ATTRIBUTES),
    ("flags", 8, VARINT, _uint32),
)


def _data(point: Writer, *fields: tuple[str, int, int, Writer | _Many]) -> Writer:
    return _message(("dataPoints", 1, LENGTH_DELIMITED, _Many(point)), *fields)


_TEMPORALITY = ("aggregationTemporality", 2, VARINT, _enum("AGGREGATION_TEMPORALITY_", "UNSPECIFIED", "DELTA", "CUMULATIVE"))
_METRIC = _message(
    ("name", 1, LENGTH_DELIMITED, _text),
    ("description", 2, LENGTH_DELIMITED, _text),
    ("unit", 3, LENGTH_DELIMITED, _text),
    ("gauge", 5, LENGTH_DELIMITED, _data(_NUMBER_POINT)),
    ("sum", 7, LENGTH_DELIMITED, _data(_NUMBER_POINT, _TEMPORALITY, ("isMonotonic", 3, VARINT, _boolean))),
    ("histogram", 9, LENGTH_DELIMITED, _data(_HISTOGRAM_POINT, _TEMPORALITY)),
    ("exponentialHistogram", 10, LENGTH_DELIMITED, _data(_EXPONENTIAL_POINT, _TEMPORALITY)),
    ("summary", 11, LENGTH_DELIMITED, _data(_SUMMARY_POINT)),
    ("metadata", 12, LENGTH_DELIMITED, _ATTRIBUTES),
)
_SCOPE_METRICS = _message(("scope", 1, LENGTH_DELIMITED, _SCOPE), ("metrics", 2, LENGTH_DELIMITED, _Many(_METRIC)), _SCHEMA_URL)
_RESOURCE_METRICS = _message(("resource", 1, LENGTH_DELIMITED, _RESOURCE), ("scopeMetrics", 2, LENGTH_DELIMITED, _Many(_SCOPE_METRICS)), _SCHEMA_URL)
_METRICS_REQUEST = _message(("resourceMetrics", 1, LENGTH_DELIMITED, _Many(_RESOURCE_METRICS)))
