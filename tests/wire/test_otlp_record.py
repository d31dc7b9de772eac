"""The fields of a log record as columns: pairs of rows and texts, for the rows that have them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord

from lgtm.wire.bounds import MalformedBody
from lgtm.wire.otlp_record import BODY, LogRecords
from lgtm.wire.protobuf import Buffer


def read(*records: dict[str, Any], now_ns: int = 9) -> LogRecords:
    encoded = [LogRecord(**record).SerializeToString() for record in records]
    ends = np.cumsum([len(each) for each in encoded])
    return LogRecords.read(Buffer(b"".join(encoded)), ends - [len(each) for each in encoded], ends, now_ns)


def fields_of(records: LogRecords) -> dict[str, dict[int, str]]:
    return {p.keys[0]: dict(zip(p.rows.tolist(), p.pool.to_pylist(), strict=True)) for p in records.own_fields() if len(p.rows)}


def test_only_rows_that_have_a_field_have_its_pair() -> None:
    records = read({"severity_text": "INFO", "trace_id": b"\xab" * 16}, {}, {"severity_number": 24, "span_id": b"\x0f" * 8, "trace_id": bytes(16)})
    assert fields_of(records) == {"severity_text": {0: "INFO"}, "trace_id": {0: "ab" * 16}, "severity_number": {2: "24"}, "span_id": {2: "0f" * 8}}


def test_times_fall_back_from_the_records_to_the_observers_to_ours() -> None:
    records = read({"time_unix_nano": 5, "observed_time_unix_nano": 6}, {"observed_time_unix_nano": 7}, {})
    assert records.ts.tolist() == [5, 7, 9]
    assert fields_of(records) == {"observed_timestamp": {0: "6"}}


@pytest.mark.parametrize("name", ["time_unix_nano", "observed_time_unix_nano"])
def test_times_fit_in_63_bits(name: str) -> None:
    assert read({name: 2**63 - 1}).ts.tolist() == [2**63 - 1]
    with pytest.raises(MalformedBody, match=f"^{name} of record 1 is out of range: 9223372036854775808$"):
        read({}, {name: 2**63})


@pytest.mark.parametrize(("name", "size"), [("trace_id", 15), ("trace_id", 17), ("span_id", 1), ("span_id", 16)])
def test_ids_have_their_length_or_are_refused(name: str, size: int) -> None:
    with pytest.raises(MalformedBody, match="invalid length for"):
        list(read({name: b"x" * size}).own_fields())


def test_no_records_have_no_fields() -> None:
    records = read()
    assert fields_of(records) == {}
    assert len(records.fields[BODY]) == 0
