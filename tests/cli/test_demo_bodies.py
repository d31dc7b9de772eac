"""What the demo sends is what our own decoders understand."""

from __future__ import annotations

from cli.test_demo_shop import visits
from lgtm.cli.demo_bodies import loki_body, otlp_body, traces_body
from lgtm.cli.demo_logs import DemoEntry, entries_of
from lgtm.cli.demo_spans import spans_of
from lgtm.model.attributes import RESOURCE, AttributeName
from lgtm.model.limits import OTLP_INDEX_ATTRIBUTES
from lgtm.model.signal import LINE, TRACE_ID, TS
from lgtm.wire.loki_json import decode_json_push
from lgtm.wire.otlp_logs import decode_otlp_logs
from lgtm.wire.otlp_spans import decode_otlp_spans

SERVICE_NAME = str(AttributeName(RESOURCE, "", "service.name"))


def entries() -> list[DemoEntry]:
    return [entry for visit in visits(50) for entry in entries_of(visit)]


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


def test_the_traces_body_holds_every_span_with_its_ids_times_and_status() -> None:
    sent = [span for visit in visits(300) for span in spans_of(visit)]
    decoded = decode_otlp_spans(traces_body(sent), json=True)
    columns = (decoded.rows.column(name).to_pylist() for name in (TRACE_ID, "span_id", TS, "duration_ns", "name", "kind", "status"))
    assert sorted((trace.hex(), span.hex(), *rest) for trace, span, *rest in zip(*columns, strict=True)) == sorted(
        (span.trace_id, span.span_id, span.begin_ns, span.end_ns - span.begin_ns, span.name, span.kind, 2 if span.error else 0) for span in sent
    )
    assert {dict(labels)[SERVICE_NAME] for labels in decoded.series} == {span.service for span in sent}
