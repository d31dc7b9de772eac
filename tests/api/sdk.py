"""Logs and spans as an application makes them with the OpenTelemetry SDK."""

from __future__ import annotations

from typing import Any

from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, set_span_in_context

T = 1795168860000000000


def emit(exporter: Any) -> None:
    """Two records through a batch processor; returns when they have been sent."""
    provider = LoggerProvider(Resource({"service.name": "shop", "host.name": "h1"}), shutdown_on_exit=False)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    logger = provider.get_logger("lib", "1.2")
    for number in (0, 1):
        logger.emit(
            LogRecord(
                timestamp=T + number,
                observed_timestamp=T + 5,
                severity_number=SeverityNumber.WARN,
                severity_text="WARN",
                body={"message": "sold", "items": [1, 2]} if number else "plain",
                attributes={"http.status_code": 200, "ok": True},
            )
        )
    provider.force_flush()
    provider.shutdown()


def expected_entries(entries: list[tuple[int, int, str, dict[str, str]]]) -> bool:
    """Whether these are the records of `emit`."""
    metadata = {
        "host_name": "h1",
        "scope_name": "lib",
        "scope_version": "1.2",
        "severity_number": "13",
        "severity_text": "WARN",
        "observed_timestamp": str(T + 5),
        "http_status_code": "200",
        "ok": "true",
    }
    return entries == [(0, T, "plain", metadata), (0, T + 1, '{"items":[1,2],"message":"sold"}', metadata)]


def emit_spans(exporter: Any) -> str:
    """A request of two spans through a batch processor; returns the id of their trace when they have been sent."""
    provider = TracerProvider(resource=Resource({"service.name": "shop", "host.name": "h1"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    tracer = provider.get_tracer("lib", "1.2")
    root = tracer.start_span("GET /cart", kind=SpanKind.SERVER, start_time=T, attributes={"http.status_code": 200, "ok": True, "tags": ["a", "b"]})
    child = tracer.start_span("SELECT", set_span_in_context(root), start_time=T + 10)
    child.add_event("retry", {"attempt": 2}, timestamp=T + 11)
    child.set_status(StatusCode.ERROR, "deadlock")
    child.end(T + 20)
    root.end(T + 30)
    provider.force_flush()
    provider.shutdown()
    return f"{root.get_span_context().trace_id:032x}"
