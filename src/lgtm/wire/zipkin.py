"""Zipkin v2 JSON to columns of spans, by way of OTLP: `[{"traceId": "…", "id": "…", "kind": "CLIENT", "tags": {}, …}, …]`.

The service of `localEndpoint` becomes `service.name` of the resource, tags become string attributes, annotations events, endpoints the attributes
that the translator of the OpenTelemetry Collector gives them (`net.host.ip`, `peer.service`, `net.peer.port`, …). These tags say what OTLP has
fields for, and are no attributes:

    otel.scope.name, otel.scope.version         name and version of the scope; also the older otel.library.name and otel.library.version
    w3c.tracestate                              trace state
    otel.status_code, otel.status_description   status; the code with the prefix STATUS_CODE_ or without
    error                                       status is ERROR, unless it is "false"; what is not "true" stays an attribute, and is the message
                                                if there is no description
    span.kind                                   "internal", where Zipkin has no kind

Halves of a shared span stay two spans of one id, told apart by their kinds. The flag `debug` becomes the attribute `zipkin.debug`. A span without
a timestamp starts at 0 and has the attribute `otel.zipkin.absentField.startTime`, as in the Collector.
Format: https://zipkin.io/zipkin-api/ and, for what OpenTelemetry writes, https://opentelemetry.io/docs/specs/otel/trace/sdk_exporters/zipkin/
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from lgtm.wire.bounds import BOUNDS, BodyBounds, MalformedBody, TooManyRows
from lgtm.wire.decoded_spans import DecodedSpans
from lgtm.wire.loki_json import load_json
from lgtm.wire.otlp_json import trace_message
from lgtm.wire.otlp_spans import SPAN_ID_BYTES, TRACE_ID_BYTES, decode_otlp_spans
from lgtm.wire.spans_to_otlp import any_value_json

Json = dict[str, Any]
Scope = tuple[str, str, str]
"""Service, name and version of the scope; "" for what is not known."""

PORT_MAX = 0xFFFF
_KINDS = ("CLIENT", "SERVER", "PRODUCER", "CONSUMER")
_STATUS_CODES = ("UNSET", "OK", "ERROR")
_NS_MAX = 2**64 - 1
_MICROSECONDS_MAX = 2**63 - 1
_SCOPE_NAMES, _SCOPE_VERSIONS = ("otel.scope.name", "otel.library.name"), ("otel.scope.version", "otel.library.version")


@dataclass(slots=True, frozen=True)
class Fields:
    """An object of the document. where: its path, for errors."""

    values: Json
    where: str

    def text(self, name: str) -> str:
        """ "" where absent. Raises MalformedBody for what is no string; so do all others for what is not as they say."""
        value = self.values.get(name)
        if value is None:
            return ""
        return value if type(value) is str else self.expected("a string", name)

    def flag(self, name: str) -> bool:
        value = self.values.get(name)
        return value if type(value) is bool else False if value is None else self.expected("true or false", name)

    def number(self, name: str, greatest: int) -> int:
        """A whole number from 0, which is what an absent one counts as."""
        value = self.values.get(name)
        if type(value) is float and value.is_integer():
            value = int(value)
        if value is None:
            return 0
        return value if type(value) is int and 0 <= value <= greatest else self.expected(f"an integer from 0 to {greatest}", name)

    def microseconds(self, name: str) -> int:
        return self.number(name, _MICROSECONDS_MAX)

    def identity(self, name: str, size: int) -> str:
        """`size` bytes in hexadecimal digits, from as many digits or fewer; "" where absent."""
        text = self.text(name)
        if len(text) > 2 * size or not all(digit in "0123456789abcdefABCDEF" for digit in text):
            self.expected(f"at most {2 * size} hexadecimal digits", name)
        return text.zfill(2 * size) if text else ""

    def given_identity(self, name: str, size: int) -> str:
        text = self.identity(name, size)
        return text if text.strip("0") else self.expected("an id that is not zero", name)

    def object(self, name: str) -> Fields:
        """Empty where absent."""
        value = self.values.get(name)
        return Fields(value if type(value) is dict else {} if value is None else self.expected("an object", name), f"{self.where}.{name}")

    def objects(self, name: str) -> Iterator[Fields]:
        value = self.values.get(name)
        if value is not None and type(value) is not list:
            self.expected("an array", name)
        return objects(value or [], f"{self.where}.{name}")

    def expected(self, what: str, name: str) -> NoReturn:
        raise MalformedBody(f"zipkin: {self.where}.{name[:200]} must be {what}")


def decode_zipkin_spans(data: bytes, *, bounds: BodyBounds = BOUNDS) -> DecodedSpans:
    """Zipkin v2 JSON; pure. Rows of one service and scope stand together, in the order of the request; an empty array has no rows.

    Raises MalformedBody, naming the span and the field, and BodyTooLarge kinds.
    """
    return decode_spans(list(span_objects(data, bounds)), bounds)


def span_objects(data: bytes, bounds: BodyBounds) -> Iterator[Fields]:
    """The spans of a document, which is an array. Raises MalformedBody and BodyTooLarge kinds."""
    document = load_json(data, bounds)
    if type(document) is not list:
        raise MalformedBody("zipkin: the request must be an array of spans")
    if len(document) > bounds.rows_max:
        raise TooManyRows(bounds.rows_max)
    return objects(document, "spans")


def objects(items: Sequence[Any], where: str) -> Iterator[Fields]:
    """Objects of an array; null is none, as in Go."""
    for number, item in enumerate(items):
        if item is None:
            continue
        if type(item) is not dict:
            raise MalformedBody(f"zipkin: {where}[{number}] must be an object")
        yield Fields(item, f"{where}[{number}]")


def decode_spans(spans: Sequence[Fields], bounds: BodyBounds) -> DecodedSpans:
    """spans: of v2. Raises as decode_zipkin_spans."""
    of_scopes: dict[Scope, list[Json]] = {}
    for span in spans:
        tags = _tags(span)
        scope = span.object("localEndpoint").text("serviceName"), _taken(tags, *_SCOPE_NAMES), _taken(tags, *_SCOPE_VERSIONS)
        of_scopes.setdefault(scope, []).append(_span(span, tags))
    message = trace_message({"resourceSpans": [_resource(scope, found) for scope, found in of_scopes.items()]})
    return replace(decode_otlp_spans(message, json=False, bounds=bounds), format="zipkin")


def _resource(scope: Scope, spans: list[Json]) -> Json:
    service, name, version = scope
    resource = {"attributes": [_attribute("service.name", service)] if service else []}
    return {"resource": resource, "scopeSpans": [{"scope": {"name": name, "version": version}, "spans": spans}]}


def _tags(span: Fields) -> dict[str, str]:
    tags = span.object("tags")
    return {name: tags.text(name) for name in tags.values}


def _taken(tags: dict[str, str], *names: str) -> str:
    """The value of the first of the tags that is given; none of them is left."""
    values = [tags.pop(name, "") for name in names]
    return next(filter(None, values), "")


def _span(span: Fields, tags: dict[str, str]) -> Json:
    start, duration = span.microseconds("timestamp"), span.microseconds("duration")
    span_id, parent = span.given_identity("id", SPAN_ID_BYTES), span.identity("parentId", SPAN_ID_BYTES)
    found: Json = {
        "traceId": span.given_identity("traceId", TRACE_ID_BYTES),
        "spanId": span_id,
        "traceState": tags.pop("w3c.tracestate", ""),
        "parentSpanId": parent if parent != span_id else "",
        "name": span.text("name"),
        "kind": _kind(span, tags),
        "startTimeUnixNano": _ns(start),
        "endTimeUnixNano": _ns(start + duration),
        "status": _status(tags),
        "events": [{"timeUnixNano": _ns(each.microseconds("timestamp")), "name": each.text("value")} for each in span.objects("annotations")],
    }
    attributes: dict[str, str | int | bool] = dict(_endpoints(span))
    attributes |= tags
    if span.flag("debug"):
        attributes.setdefault("zipkin.debug", True)
    if not start:
        attributes.setdefault("otel.zipkin.absentField.startTime", True)
    return found | {"attributes": [_attribute(name, value) for name, value in attributes.items()]}


def _kind(span: Fields, tags: dict[str, str]) -> str:
    kind = span.text("kind")
    if kind in _KINDS:
        return kind
    return "INTERNAL" if tags.pop("span.kind", "") == "internal" else "UNSPECIFIED"


def _status(tags: dict[str, str]) -> Json:
    code, message = tags.pop("otel.status_code", "").removeprefix("STATUS_CODE_").upper(), tags.pop("otel.status_description", "")
    error = tags.get("error", "false")
    if error != "false":
        code = "ERROR"
    if error == "true":
        del tags["error"]
    elif code == "ERROR" and error != "false":
        message = message or error
    return {"code": code if code in _STATUS_CODES else "UNSET", "message": message}


def _endpoints(span: Fields) -> Iterator[tuple[str, str | int]]:
    """Attributes of both endpoints; of two addresses that of IPv4."""
    for endpoint, prefix in ((span.object("localEndpoint"), "net.host"), (span.object("remoteEndpoint"), "net.peer")):
        address, port = endpoint.text("ipv4") or endpoint.text("ipv6"), endpoint.number("port", PORT_MAX)
        if prefix == "net.peer" and endpoint.text("serviceName"):
            yield "peer.service", endpoint.text("serviceName")
        if address:
            yield f"{prefix}.ip", address
        if port:
            yield f"{prefix}.port", port


def _attribute(name: str, value: str | int | bool) -> Json:
    return {"key": name, "value": any_value_json(value)}


def _ns(microseconds: int) -> int:
    return min(1000 * microseconds, _NS_MAX)
