"""What the demo sends is what our own decoders understand."""

from __future__ import annotations

import random

from lgtm.cli.demo_bodies import loki_body, otlp_body
from lgtm.cli.demo_logs import DemoEntry, Shop
from lgtm.model.limits import OTLP_INDEX_ATTRIBUTES
from lgtm.model.signal import LINE, TS
from lgtm.wire.loki_json import decode_json_push
from lgtm.wire.otlp_logs import decode_otlp_logs


def entries() -> list[DemoEntry]:
    shop = Shop(random.Random(3))
    return [entry for n in range(50) for entry in shop.request(1_779_962_400 * 10**9 + n)]


def test_the_loki_body_holds_every_line_with_its_trace_id() -> None:
    sent = entries()
    decoded = decode_json_push(loki_body(sent))
    rows = decoded.rows
    assert sorted(zip(rows.column(TS).to_pylist(), rows.column(LINE).to_pylist(), rows.column("meta.trace_id").to_pylist(), strict=True)) == sorted(
        (entry.ts_ns, entry.line, entry.trace_id) for entry in sent
    )
    assert {dict(stream.labels or ())["service_name"] for stream in decoded.streams} == {entry.service for entry in sent}


def test_the_otlp_body_holds_every_line_with_severity_and_trace_id() -> None:
    sent = entries()
    rows = decode_otlp_logs(otlp_body(sent), json=True, now_ns=0, index_attributes=OTLP_INDEX_ATTRIBUTES).rows
    found = zip(*(rows.column(name).to_pylist() for name in (TS, LINE, "meta.trace_id", "meta.severity_text")), strict=True)
    assert sorted(found) == sorted((entry.ts_ns, entry.line, entry.trace_id, entry.level.upper()) for entry in sent)
