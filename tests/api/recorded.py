"""Recorded requests and answers; see tests/wire/data/README.md."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from lgtm.wire.decoded import DecodedLogs
from wire.messages import entries_of

_DATA = Path(__file__).parent.parent / "wire" / "data"
Streams = list[tuple[dict[str, str], list[tuple[str, str, dict[str, str]]]]]


def cases(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (_DATA / name).read_text().splitlines()]


def body_of(case: dict[str, Any]) -> bytes:
    return case["body"].encode() if "body" in case else base64.b64decode(case["body_base64"])


def expected_streams(case: dict[str, Any]) -> Streams:
    streams = [(stream["labels"], [(ts, line, metadata) for ts, line, metadata in stream["entries"]]) for stream in case["streams"]]
    return sorted(streams, key=lambda stream: sorted(stream[0].items()))


def pushed_streams(decoded: DecodedLogs) -> Streams:
    """Without the label and metadata that the server adds, equal entries once, in order of time."""
    streams: dict[tuple[tuple[str, str], ...], list[tuple[str, str, dict[str, str]]]] = {}
    for series, ts, line, metadata in entries_of(decoded):
        labels = tuple(sorted(pair for pair in decoded.streams[series].labels or () if pair[0] != "service_name"))
        rows = streams.setdefault(labels, [])
        row = (str(ts), line, _without_level(metadata))
        if row not in rows:
            rows.append(row)
    return [(dict(labels), sorted(rows, key=lambda row: row[0])) for labels, rows in sorted(streams.items())]


def _without_level(metadata: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in metadata.items() if name != "detected_level"}
