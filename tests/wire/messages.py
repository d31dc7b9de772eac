"""Requests for tests, made by the protobuf library from the published schemas, so that our reader is compared with another writer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from lgtm.wire.decoded import DecodedLogs

Entry = tuple[int, str, Mapping[str, str]]
"""ts in ns, line, structured metadata."""

_FIELD = descriptor_pb2.FieldDescriptorProto
_LOGPROTO: dict[str, list[tuple[str, int, int, str]]] = {
    "Timestamp": [("seconds", 1, _FIELD.TYPE_INT64, ""), ("nanos", 2, _FIELD.TYPE_INT32, "")],
    "LabelPair": [("name", 1, _FIELD.TYPE_BYTES, ""), ("value", 2, _FIELD.TYPE_BYTES, "")],
    "Entry": [
        ("timestamp", 1, _FIELD.TYPE_MESSAGE, "Timestamp"),
        ("line", 2, _FIELD.TYPE_BYTES, ""),
        ("structuredMetadata", 3, _FIELD.TYPE_MESSAGE, "*LabelPair"),
        ("unknown", 99, _FIELD.TYPE_STRING, ""),
    ],
    "Stream": [("labels", 1, _FIELD.TYPE_BYTES, ""), ("entries", 2, _FIELD.TYPE_MESSAGE, "*Entry"), ("hash", 3, _FIELD.TYPE_UINT64, "")],
    "PushRequest": [("streams", 1, _FIELD.TYPE_MESSAGE, "*Stream"), ("format", 2, _FIELD.TYPE_STRING, "")],
}


def message_classes(package: str, tables: Mapping[str, Sequence[tuple[str, int, int, str]]]) -> dict[str, Any]:
    """Classes from fields as (name, number, kind, message).

    `*` before the message, or alone, says that the field is repeated, `?` that it is written even if it is zero.
    """
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for name, fields in tables.items():
        descriptor = file.message_type.add(name=name)
        for field_name, number, kind, message in fields:
            field = descriptor.field.add(name=field_name, number=number, label=3 if message.startswith("*") else 1)
            field.type = kind  # type: ignore[assignment]
            if message == "?":
                field.proto3_optional = True
                field.oneof_index = len(descriptor.oneof_decl)
                descriptor.oneof_decl.add(name=f"_{field_name}")
            elif message.removeprefix("*"):
                field.type_name = f".{package}.{message.removeprefix('*')}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}")) for name in tables}


LOGPROTO = message_classes("logproto", _LOGPROTO)


def varint_bytes(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def field_bytes(number: int, content: bytes) -> bytes:
    """A length-delimited field."""
    return varint_bytes(number << 3 | 2) + varint_bytes(len(content)) + content


def push_message(streams: Mapping[str, Sequence[Entry]]) -> Any:
    """A logproto.PushRequest, to be changed further or serialised."""
    request = LOGPROTO["PushRequest"]()
    for labels, entries in streams.items():
        stream = request.streams.add(labels=labels.encode())
        for ts_ns, line, metadata in entries:
            entry = stream.entries.add(line=line.encode())
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(ts_ns, 10**9)
            for name, value in metadata.items():
                entry.structuredMetadata.add(name=name.encode(), value=value.encode())
    return request


def push_bytes(streams: Mapping[str, Sequence[Entry]]) -> bytes:
    return bytes(push_message(streams).SerializeToString())


def any_value(value: object) -> AnyValue:
    """From str, bool, int, float, bytes, list, dict or None."""
    message = AnyValue()
    match value:
        case str():
            message.string_value = value
        case bool():
            message.bool_value = value
        case int():
            message.int_value = value
        case float():
            message.double_value = value
        case bytes():
            message.bytes_value = value
        case list():
            message.array_value.SetInParent()
            message.array_value.values.extend(any_value(item) for item in value)
        case dict():
            message.kvlist_value.SetInParent()
            for key, item in value.items():
                message.kvlist_value.values.add(key=key, value=any_value(item))
    return message


def otlp_message(
    records: Sequence[Mapping[str, Any]],
    resource: Mapping[str, object] | None = None,
    scope: Mapping[str, Any] | None = None,
    request: ExportLogsServiceRequest | None = None,
) -> ExportLogsServiceRequest:
    """One resource with one scope. Values of `body` and `attributes` are plain Python values; other keys are those of LogRecord and scope."""
    request = request if request is not None else ExportLogsServiceRequest()
    resource_logs = request.resource_logs.add()
    for key, value in (resource or {}).items():
        resource_logs.resource.attributes.add(key=key, value=any_value(value))
    scope_logs = resource_logs.scope_logs.add()
    for name, value in (scope or {}).items():
        if name == "attributes":
            for key, item in value.items():
                scope_logs.scope.attributes.add(key=key, value=any_value(item))
        else:
            setattr(scope_logs.scope, name, value)
    for record in records:
        added = scope_logs.log_records.add()
        for name, value in record.items():
            if name == "body":
                added.body.CopyFrom(any_value(value))
            elif name == "attributes":
                for key, item in value.items():
                    added.attributes.add(key=key, value=any_value(item))
            else:
                setattr(added, name, value)
    return request


def entries_of(decoded: DecodedLogs) -> list[tuple[int, int, str, dict[str, str]]]:
    """(stream, ts, line, metadata) of each row, `rest` included."""
    entries = []
    for row in decoded.rows.to_pylist():
        metadata = {name[5:]: value for name, value in row.items() if name.startswith("meta.") and value is not None}
        metadata |= {name[5:]: value for name, value in row.get("rest") or ()}
        entries.append((row["series"], row["ts"], row["line"], metadata))
    return entries
