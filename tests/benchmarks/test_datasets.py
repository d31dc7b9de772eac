from __future__ import annotations

import json

import cramjam
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from benchmarks.datasets import LOKI, NS_PER_S, OTLP, Shape, dataset, encode_loki, loki_labels, records
from lgtm.wire.loki_push import decode_push

START_NS = 1_790_000_000 * NS_PER_S
SHAPE = Shape(lines=2_000, seconds=100, lines_per_request=300)


def test_a_seed_always_gives_the_same_lines_and_another_one_others() -> None:
    assert list(records(SHAPE, START_NS)) == list(records(SHAPE, START_NS))
    other = Shape(lines=2_000, seconds=100, lines_per_request=300, seed=2)
    assert not {record.line for record in records(SHAPE, START_NS)} & {record.line for record in records(other, START_NS)}


def test_loki_requests_hold_every_line_with_its_time_and_labels() -> None:
    data = dataset(LOKI, SHAPE, start_ns=START_NS)
    found = []
    for request in data.requests:
        raw = bytes(cramjam.snappy.decompress_raw(request.body))
        assert len(raw) == request.raw_bytes
        decoded = decode_push(raw)
        assert len(decoded) == request.rows
        rows = zip(*(decoded.rows.column(name).to_pylist() for name in ("series", "ts", "line")), strict=True)
        found += [(dict(decoded.streams[series].labels or ()), ts, line) for series, ts, line in rows]
    sent = [(loki_labels(record), record.ts_ns, record.line) for record in records(SHAPE, START_NS)]
    assert sorted(found, key=lambda row: row[1]) == sent


def test_otlp_requests_hold_every_record() -> None:
    data = dataset(OTLP, SHAPE, start_ns=START_NS)
    found = []
    for request in data.requests:
        message = ExportLogsServiceRequest.FromString(request.body)
        logs = [log for resource in message.resource_logs for scope in resource.scope_logs for log in scope.log_records]
        found += [(log.time_unix_nano, log.body.string_value, log.trace_id.hex(), len(log.attributes)) for log in logs]
    assert sorted(found) == [(record.ts_ns, record.line, record.trace_id, 2) for record in records(SHAPE, START_NS)]


@pytest.mark.parametrize("kind", [LOKI, OTLP])
def test_a_second_look_finds_the_same_bytes_and_a_needle_that_one_line_has(kind: str) -> None:
    data = dataset(kind, SHAPE, start_ns=START_NS)
    assert dataset(kind, SHAPE, start_ns=START_NS) == data
    assert sum(data.needle in record.line for record in records(SHAPE, START_NS)) == 1


def test_lines_have_the_formats_that_their_streams_say() -> None:
    for record in records(SHAPE, START_NS):
        if record.fmt == "json":
            assert json.loads(record.line)["trace_id"] == record.trace_id
        assert record.line.startswith({"json": "{", "logfmt": "level=", "access": "10.0."}[record.fmt])


def test_bytes_as_pushed_are_those_of_the_workload_that_peers_were_measured_with() -> None:
    chosen = list(records(SHAPE, START_NS))
    assert len(encode_loki(chosen)) / len(chosen) == pytest.approx(212, rel=0.02)
