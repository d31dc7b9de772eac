"""Both processors span by span, as one would write them first: what the columns are compared with."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Sequence

from lgtm.spanmetrics.config import DATABASE_ATTRIBUTES, LATENCY_BUCKETS_S, PEER_ATTRIBUTES, REQUEST_BUCKETS_S
from spanmetrics.given import CLIENT, CONSUMER, ERROR, PRODUCER, SERVER, Span, message_of, name_of

KINDS = ["SPAN_KIND_" + kind for kind in ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")]
STATUSES = ["STATUS_CODE_" + status for status in ("UNSET", "OK", "ERROR")]
Labels = dict[str, str]


class Naive:
    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()

    def add(self, metric: str, labels: Labels, amount: float = 1) -> None:
        self.numbers[name_of(metric, labels)] += amount  # type: ignore[assignment]

    def observe(self, metric: str, labels: Labels, seconds: float, edges: Sequence[float]) -> None:
        for edge in (*edges, float("inf")):
            bound = "+Inf" if edge == float("inf") else f"{edge:.15g}"
            self.add(f"{metric}_bucket", {**labels, "le": bound}, float(seconds <= edge))
        self.add(f"{metric}_sum", labels, seconds)
        self.add(f"{metric}_count", labels)


def span_metrics(spans: Sequence[Span], dimensions: Sequence[str] = ()) -> dict[str, float]:
    naive = Naive()
    for span in spans:
        labels = {"service": span.service or "", "span_name": span.name, "span_kind": KINDS[span.kind], "status_code": STATUSES[span.status]}
        labels |= {key.replace(".", "_"): span.lookup(key) for key in dimensions}
        naive.add("traces_spanmetrics_calls_total", labels)
        naive.add("traces_spanmetrics_size_total", labels, message_of(span).ByteSize())
        naive.observe("traces_spanmetrics_latency", labels, max(span.duration_ns, 0) / 1e9, LATENCY_BUCKETS_S)
    return dict(naive.numbers)


class ServiceGraphs:
    """Everything that has not met its other half when `finish` is called has waited for too long."""

    def __init__(self) -> None:
        self.naive = Naive()
        self.waiting: dict[tuple[int, int], deque[Span]] = defaultdict(deque)

    def feed(self, span: Span) -> None:
        if not span.service or span.kind not in (SERVER, CLIENT, PRODUCER, CONSUMER):
            return
        is_client = span.kind in (CLIENT, PRODUCER)
        databases = [key for key in DATABASE_ATTRIBUTES if span.lookup(key)]
        if is_client and databases:
            named = [span.lookup(key) for key in ("peer.service", "server.address", databases[0]) if span.lookup(key)]
            self.edge(span, span, span.service, named[0], "database")
        elif not is_client and not span.parent:
            self.edge(None, span, peer_of(span) or "user", span.service, "virtual_node")
        else:
            self.meet(span, is_client)

    def meet(self, span: Span, is_client: bool) -> None:
        waiting = self.waiting[span.trace, span.id if is_client else span.parent]
        if not waiting or (waiting[0].kind in (CLIENT, PRODUCER)) == is_client:
            waiting.append(span)
            return
        other = waiting.popleft()
        client, server = (span, other) if is_client else (other, span)
        messaging = {client.kind, server.kind} & {PRODUCER, CONSUMER}
        self.edge(client, server, client.service or "", server.service or "", "messaging_system" if messaging else "")

    def finish(self) -> dict[str, float]:
        for span in (span for waiting in self.waiting.values() for span in waiting):
            is_client = span.kind in (CLIENT, PRODUCER)
            if is_client and peer_of(span):
                self.edge(span, None, span.service or "", peer_of(span), "virtual_node")
            else:
                self.naive.add("traces_service_graph_unpaired_spans_total", {"client" if is_client else "server": span.service or ""})
        return dict(self.naive.numbers)

    def edge(self, client: Span | None, server: Span | None, client_name: str, server_name: str, kind: str) -> None:
        labels = {"client": client_name, "server": server_name, "connection_type": kind}
        prefix = "traces_service_graph_request"
        self.naive.add(f"{prefix}_total", labels)
        if any(span and span.status == ERROR for span in (client, server)):
            self.naive.add(f"{prefix}_failed_total", labels)
        for side, span in (("client", client), ("server", server)):
            seconds = max(span.duration_ns, 0) / 1e9 if span else 0.0
            self.naive.observe(f"{prefix}_{side}_seconds", labels, seconds, REQUEST_BUCKETS_S)


def peer_of(span: Span) -> str:
    return next((str(span.attributes[key]) for key in PEER_ATTRIBUTES if key in span.attributes), "")
