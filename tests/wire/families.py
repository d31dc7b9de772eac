"""Pages of protobuf messages for tests."""

from __future__ import annotations

from typing import Any

from lgtm.wire.exposition_messages import LabelPair, MetricFamily, Span


def varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*encoded, number])


def delimited(*families: Any) -> bytes:
    messages = [family.SerializeToString() for family in families]
    return b"".join(varint(len(message)) + message for message in messages)


def labels(**pairs: str) -> list[bytes]:
    return [LabelPair(name=name.encode(), value=value.encode()).SerializeToString() for name, value in pairs.items()]


def spans(*pairs: tuple[int, int]) -> list[bytes]:
    return [Span(offset=offset, length=length).SerializeToString() for offset, length in pairs]


def family(name: str, kind: int, *metrics: dict[str, Any], **fields: Any) -> Any:
    return MetricFamily(name=name.encode(), type=kind, metric=list(metrics), **fields)
