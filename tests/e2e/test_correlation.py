"""From a log line to its trace and from a trace to its logs, with the questions that Grafana puts: names and ids line up whoever sent them."""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from benchmarks.client import Client
from benchmarks.server import NodeProcess
from cli.command import lgtm
from e2e.asking import eventually, result
from e2e.conftest import Start
from e2e.spans import ask_json
from lgtm.clock import NS_PER_S

GRAFANA_PAGE = Path(__file__).parents[2] / "docs" / "grafana.md"
FILTER_BY_TRACE_ID = (
    '{{{tags}}} | label_format log_line_contains_trace_id=`{{{{ contains "{id}" __line__  }}}}`'
    ' | log_line_contains_trace_id="true" or trace_id="{id}"'
)
"""What Grafana asks with `filterByTraceID: true` and no query of its own."""
MANY = 5_000


@dataclass(slots=True, frozen=True)
class Line:
    ts_ns: int
    text: str
    labels: dict[str, str]


def settings() -> dict[str, dict[str, Any]]:
    """Of the data sources, by type, as the page has them and as Grafana reads them."""
    page = GRAFANA_PAGE.read_text(encoding="utf-8").split("```yaml\n")[1].split("```")[0]
    return {source["type"]: source for source in yaml.safe_load(page.replace("$$", "$"))["datasources"]}


def logs_of_span(span: dict[str, Any], trace_id: str) -> Iterator[str]:
    """The questions for the logs of a span: as the page sets it, and in Grafana's own way."""
    to_logs = settings()["tempo"]["jsonData"]["tracesToLogsV2"]
    of_resource = {"service.name": span["service"]}
    tags = ", ".join(f'{tag["value"]}="{of_resource[tag["key"]]}"' for tag in to_logs["tags"])
    yield to_logs["query"].replace("${__tags}", tags).replace("${__trace.traceId}", trace_id)
    yield FILTER_BY_TRACE_ID.format(tags=tags, id=trace_id)


def lines(client: Client, query: str, start_ns: int, end_ns: int) -> list[Line]:
    found = result(lambda: client.query_range(query, start=start_ns, end=end_ns, limit=MANY, direction="forward"))
    return [Line(int(at), text, stream["stream"]) for stream in found for at, text, *_ in stream["values"]]


def spans(client: Client, trace_id: str) -> dict[str, dict[str, Any]]:
    """By span id; each with its service."""
    answer = client.get(f"/api/v2/traces/{trace_id}").json()
    return {base64.b64decode(span["spanId"]).hex(): span for span in _spans(answer["trace"])}


def _spans(trace: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for of_resource in trace.get("resourceSpans", ()):
        named = {pair["key"]: pair["value"] for pair in of_resource["resource"]["attributes"]}
        for of_scope in of_resource["scopeSpans"]:
            yield from ({**span, "service": named["service.name"]["stringValue"]} for span in of_scope["spans"])


def sell(node: NodeProcess) -> None:
    """What an application does: a span inside another one, a line logged while each is open."""
    resource = Resource({"service.name": "shop"})
    tracing, logging = TracerProvider(resource=resource, shutdown_on_exit=False), LoggerProvider(resource, shutdown_on_exit=False)
    tracing.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{node.otlp_http}/v1/traces")))
    logging.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{node.otlp_http}/v1/logs")))
    tracer, logger = tracing.get_tracer("lib"), logging.get_logger("lib")
    with tracer.start_as_current_span("sell"):
        logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body="selling"))
        with tracer.start_as_current_span("pay"):
            logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body="paid"))
    logger.emit(LogRecord(timestamp=time.time_ns(), severity_number=SeverityNumber.INFO, body="closing"))
    for provider in (tracing, logging):
        provider.force_flush()
        provider.shutdown()


@pytest.mark.parametrize("flushed", [False, True], ids=["in memory", "in blocks"])
def test_lines_and_spans_of_the_opentelemetry_sdk_lead_to_each_other(start: Start, flushed: bool) -> None:
    node, begin_ns = start(), time.time_ns()
    sell(node)
    end_ns = time.time_ns()
    if flushed:
        node.flush()
    selling, paid, closing = lines(node.client, '{service_name="shop"}', begin_ns, end_ns)
    link, in_text = settings()["loki"]["jsonData"]["derivedFields"]
    trace_id = paid.labels[link["matcherRegex"]]
    assert (selling.labels["trace_id"], closing.labels.get("trace_id")) == (trace_id, None)
    for text in (f"trace_id={trace_id}", f'{{"traceId":"{trace_id}"}}', f"traceID: {trace_id}"):
        assert [found[1] for found in re.finditer(in_text["matcherRegex"], text)] == [trace_id]

    found = spans(node.client, trace_id)
    assert {span["name"] for span in found.values()} == {"sell", "pay"}
    pay = found[paid.labels["span_id"]]
    assert (pay["name"], pay["service"]) == ("pay", "shop")
    assert found[selling.labels["span_id"]]["name"] == "sell"

    for query in logs_of_span(pay, trace_id):
        assert [line.text for line in lines(node.client, query, begin_ns, end_ns)] == ["selling", "paid"]
    window = int(pay["startTimeUnixNano"]), int(pay["endTimeUnixNano"]) + 1
    assert [line.text for line in lines(node.client, '{service_name="shop"}', *window)] == ["paid"]


def test_spans_lead_to_their_metrics_and_exemplars_of_these_back_to_traces(start: Start) -> None:
    node = start(settings={"span_metrics.processors": "span-metrics,service-graphs", "span_metrics.collect_interval_s": "0.2"})
    begin_s = int(time.time())
    sell(node)
    to_metrics, prometheus = settings()["tempo"]["jsonData"]["tracesToMetrics"], settings()["prometheus"]["jsonData"]
    tags = ", ".join(f'{tag["value"]}="shop"' for tag in to_metrics["tags"])

    def metrics(query: str) -> Any:
        return result(lambda: ask_json(node.client, "/api/v1/query", query=query))["data"]["result"]

    calls = f"sum(traces_spanmetrics_calls_total{{{tags}}})"
    eventually(lambda: metrics(calls), is_right=lambda found: [one["value"][1] for one in found] == ["2"])
    for asked in to_metrics["queries"]:
        metrics(asked["query"].replace("$__tags", tags))
    range_ = {"start": begin_s, "end": int(time.time()) + 1}
    series = ask_json(node.client, "/api/v1/query_exemplars", query="traces_spanmetrics_latency_bucket", **range_)["data"]
    named = {name for one in series for exemplar in one["exemplars"] for name in exemplar["labels"]}
    links = {link["name"] for link in prometheus["exemplarTraceIdDestinations"]}
    assert named & links
    for one in series:
        for exemplar in one["exemplars"]:
            (trace_id,) = (exemplar["labels"][name] for name in links & exemplar["labels"].keys())
            assert {span["name"] for span in spans(node.client, trace_id).values()} == {"sell", "pay"}


def test_the_data_sources_of_the_page_name_each_other() -> None:
    loki, tempo, prometheus = (settings()[kind] for kind in ("loki", "tempo", "prometheus"))
    assert {tempo["jsonData"][key]["datasourceUid"] for key in ("serviceMap", "tracesToMetrics")} == {prometheus["uid"]}
    assert {link["datasourceUid"] for link in prometheus["jsonData"]["exemplarTraceIdDestinations"]} == {tempo["uid"]}
    assert {field["datasourceUid"] for field in loki["jsonData"]["derivedFields"]} == {tempo["uid"]}
    assert tempo["jsonData"]["tracesToLogsV2"]["datasourceUid"] == loki["uid"]


def test_every_line_of_the_demo_has_its_trace_and_every_trace_its_lines(start: Start) -> None:
    node, begin_ns = start(), time.time_ns() - 60 * NS_PER_S
    assert lgtm("demo", "--rate", "100", "--duration", "1", "--addr", node.http).code == 0
    end_ns = time.time_ns()
    logged = lines(node.client, '{deployment_environment="demo"}', begin_ns, end_ns)
    assert {line.labels["service_name"] for line in logged} == {"gateway", "checkout", "payments"}

    query = {"q": '{resource.deployment.environment="demo"}', "limit": MANY, "start": begin_ns // NS_PER_S, "end": end_ns // NS_PER_S + 1}
    traces = node.client.get("/api/search", **query).json()["traces"]
    assert {trace["traceID"].zfill(32) for trace in traces} == {line.labels["trace_id"] for line in logged}
    for trace_id in sorted({line.labels["trace_id"] for line in logged})[:20]:
        found = spans(node.client, trace_id)
        for line in lines(node.client, f'{{deployment_environment="demo"}} | trace_id="{trace_id}"', begin_ns, end_ns):
            span = found[line.labels["span_id"]]
            assert span["service"] == line.labels["service_name"]
            assert int(span["startTimeUnixNano"]) <= line.ts_ns <= int(span["endTimeUnixNano"])
