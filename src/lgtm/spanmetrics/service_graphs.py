"""The processor `service-graphs`: which service calls which, how often, how long it takes and how often it fails.

A request is one edge, made of two spans: that of the client (or producer) and that of the server (or consumer), whose parent it is. They come in
any order and any batches, so what finds no other half in its batch waits. Within a batch halves are joined as columns, and so are those
that meet later (`waiting.py`).
"""

from __future__ import annotations

import numpy as np

from lgtm.clock import NS_PER_S
from lgtm.model.labels import Labels, labels_of
from lgtm.spanmetrics import names
from lgtm.spanmetrics.config import ServiceGraphsConfig
from lgtm.spanmetrics.edges import SIDES, Edges, from_users, paired, to_databases, to_peers
from lgtm.spanmetrics.family import Family, SeriesLimit
from lgtm.spanmetrics.halves import HALF, Halves, pair
from lgtm.spanmetrics.instruments import Counter, Gauge, Histogram
from lgtm.spanmetrics.samples import Samples
from lgtm.spanmetrics.span_table import SERVICE_NAME, SpanTable
from lgtm.spanmetrics.texts import Texts, first_of, group_rows, joined, keys_at
from lgtm.spanmetrics.waiting import Waiting
from lgtm.spanmetrics.weights import weights
from lgtm.vectors.matrix import I64, Bool

PREFIX = "traces_service_graph_"
VIRTUAL_NODE_LABEL = "virtual_node"


class ServiceGraphs:
    """Joins the spans it is fed: see `generator.py` for who must hand in what.

    Spans of resources without `service.name` take no part. Several servers of one client's span pair with it in order of arrival, which means that
    all but the first stay alone. Raises LabelNamesCollide for a configuration that makes no sense.
    """

    def __init__(self, config: ServiceGraphsConfig, limit: SeriesLimit | None = None, external: Labels = ()) -> None:
        self._config = config
        self._label_names = _label_names(config)
        names.check_distinct(self._label_names)
        self._waiting = Waiting(wait_ns=int(config.wait_s * NS_PER_S), most=config.max_items, texts=2 + len(config.dimensions))
        limit = limit or SeriesLimit(0)
        buckets = config.histogram_buckets_s
        self._total, self._failed = Counter(f"{PREFIX}request_total"), Counter(f"{PREFIX}request_failed_total")
        self._client, self._server = Histogram(f"{PREFIX}request_client_seconds", buckets), Histogram(f"{PREFIX}request_server_seconds", buckets)
        self._lag = Histogram(f"{PREFIX}request_messaging_system_seconds", buckets)
        self._info = Gauge(f"{PREFIX}connection_info")
        optional = [(config.enable_messaging_system_latency_histogram, self._lag), (config.enable_connection_info, self._info)]
        instruments = [self._total, self._failed, self._server, self._client, *(each for wanted, each in optional if wanted)]
        self._edges = Family(instruments, lambda key: labels_of(zip(self._label_names, key, strict=True)), limit, external)
        self._unpaired, self._dropped = Counter(f"{PREFIX}unpaired_spans_total"), Counter(f"{PREFIX}dropped_spans_total")
        self._lonely = Family([self._unpaired, self._dropped], lambda key: labels_of(zip(SIDES, key, strict=True)), limit, external)
        self.unpaired_total = 0
        """Halves that waited in vain and of whose other side nothing is known."""
        self.dropped_total = 0
        """Halves that found no room to wait."""

    @property
    def waiting(self) -> int:
        """How many halves wait."""
        return len(self._waiting)

    @property
    def overflowed_total(self) -> int:
        """Edges and halves that were counted under `metric_overflow`."""
        return self._edges.overflowed_total + self._lonely.overflowed_total

    def feed(self, spans: SpanTable, now_ns: int) -> None:
        self.expire(now_ns)
        rows = np.flatnonzero(_is_half(spans.kind) & spans.resource(SERVICE_NAME).filled)
        if not len(rows):
            return
        halves = self._halves(spans, rows)
        databases = self._databases(spans).take(rows)
        to_database = halves.is_client & databases.filled
        begins = ~halves.is_client & ~spans.has_parent[rows]
        asks, called = np.flatnonzero(to_database), np.flatnonzero(begins)
        found = [
            to_databases(halves.take(asks), databases.take(asks)),
            # Nobody can be the client of a server span without a parent, so it need not wait to be one of a user.
            from_users(halves.take(called)),
            *self._join(halves.take(np.flatnonzero(~to_database & ~begins)), now_ns),
        ]
        given = [edges for edges in found if len(edges)]
        if given:
            self._count(Edges.concat(given), now_ns)

    def expire(self, now_ns: int) -> None:
        """Ends the waiting of those who have waited for long enough. Whoever feeds or collects does that too."""
        expired = self._waiting.expire(now_ns)
        if not len(expired):
            return
        known = expired.is_client & expired.peer.filled
        if known.any():
            self._count(to_peers(expired.take(np.flatnonzero(known))), now_ns)
        alone = expired.take(np.flatnonzero(~known))
        self.unpaired_total += len(alone)
        self._count_lonely(self._unpaired, alone, now_ns)

    def collect(self, now_ns: int) -> Samples:
        """Everything counted since the start, and the exemplars since the last time. now_ns: later than at the last time."""
        self.expire(now_ns)
        return Samples.join([self._edges.collect(now_ns), self._lonely.collect(now_ns)])

    def forget_idle(self, before_ns: int) -> None:
        """Forgets series that nothing was added to since before_ns. They begin at 0 when they come back."""
        self._edges.forget_idle(before_ns)
        self._lonely.forget_idle(before_ns)

    def _halves(self, spans: SpanTable, rows: I64) -> Halves:
        kind = spans.kind[rows]
        is_client = (kind == names.CLIENT) | (kind == names.PRODUCER)
        records = np.empty(len(rows), HALF)
        records["key"][:, :16] = spans.ids("trace_id")[rows]
        records["key"][:, 16:] = spans.ids("span_id")[rows]
        if spans.has_parent.any():
            records["key"][~is_client, 16:] = spans.ids("parent_id")[rows[~is_client]]
        records["is_client"] = is_client
        records["is_messaging"] = (kind == names.PRODUCER) | (kind == names.CONSUMER)
        records["failed"] = spans.status[rows] == names.ERROR
        records["seconds"] = spans.seconds[rows]
        records["at_ns"] = np.where(is_client, spans.end_ns[rows], spans.start_ns[rows])
        weight = weights(spans, self._config.span_multiplier_key, trace_state=self._config.enable_trace_state_span_multiplier)
        records["weight"] = 1.0 if weight is None else weight[rows]
        peers = [spans.span(key) for key in self._config.peer_attributes]
        peer = first_of(peers) if peers else Texts.absent(len(spans))
        texts = [spans.resource(SERVICE_NAME), peer, *(spans.attribute(key) for key in self._config.dimensions)]
        return Halves(records, tuple(column.take(rows) for column in texts))

    def _databases(self, spans: SpanTable) -> Texts:
        """The name of the database that a span asks, absent where it asks none."""
        keys = self._config.database_name_attributes
        if not keys:
            return Texts.absent(len(spans))
        name = first_of([spans.attribute(key) for key in keys])
        host = spans.attribute("network.peer.address")
        port = spans.attribute("network.peer.port").only(host.present)
        address = joined([host, port], ":").only(host.present)
        return first_of([spans.attribute("peer.service"), spans.attribute("server.address"), address, name]).only(name.present)

    def _join(self, halves: Halves, now_ns: int) -> list[Edges]:
        keys = halves.key_numbers()
        meets = np.zeros(len(halves), bool)
        if len(self._waiting):
            meets = np.array([key in self._waiting for key in halves.key_bytes()], bool)
        apart = np.flatnonzero(~meets)
        clients, servers, left = pair(keys[apart], halves.is_client[apart])
        at_once = paired(halves.take(apart[clients]), halves.take(apart[servers]))
        return [at_once, *self._meet(halves.take(np.sort(np.concatenate([np.flatnonzero(meets), apart[left]]))), now_ns)]

    def _meet(self, halves: Halves, now_ns: int) -> list[Edges]:
        """halves: that found no other half in their batch, or for which one waits already."""
        rows, partners, dropped = self._waiting.meet(halves, now_ns)
        met = halves.take(rows)
        of_clients, of_servers = np.flatnonzero(met.is_client), np.flatnonzero(~met.is_client)
        self.dropped_total += len(dropped)
        self._count_lonely(self._dropped, halves.take(dropped), now_ns)
        return [paired(met.take(of_clients), partners.take(of_clients)), paired(partners.take(of_servers), met.take(of_servers))]

    def _count(self, edges: Edges, now_ns: int) -> None:
        columns = self._columns(edges)
        groups, first = group_rows([column.codes for column in columns])
        slots = self._edges.slots(keys_at(columns, first), np.bincount(groups), now_ns)
        self._total.add(slots, np.bincount(groups, edges.weight))
        failures = np.bincount(groups, edges.weight * edges.failed)
        self._failed.add(slots[failures > 0], failures[failures > 0])
        self._server.observe(slots, groups, edges.server_s, edges.trace_id, edges.weight)
        self._client.observe(slots, groups, edges.client_s, edges.trace_id, edges.weight)
        self._count_lags(edges, slots, groups)
        if self._config.enable_connection_info:
            self._info.show(slots)

    def _count_lags(self, edges: Edges, slots: I64, groups: I64) -> None:
        rows = np.flatnonzero(~np.isnan(edges.lag_s))
        if self._config.enable_messaging_system_latency_histogram and len(rows):
            used, of_used = np.unique(groups[rows], return_inverse=True)
            self._lag.observe(slots[used], of_used, edges.lag_s[rows], edges.trace_id[rows], edges.weight[rows])

    def _columns(self, edges: Edges) -> list[Texts]:
        """In the order of the label names."""
        columns = [edges.client, edges.server, edges.connection_type]
        if self._config.enable_client_server_prefix:
            columns += [column for both in zip(*edges.dimensions, strict=True) for column in both]
        else:
            columns += edges.merged_dimensions()
        return columns + ([edges.virtual_node] if self._config.enable_virtual_node_label else [])

    def _count_lonely(self, counter: Counter, halves: Halves, now_ns: int) -> None:
        if not len(halves):
            return
        columns = [halves.service.only(halves.is_client), halves.service.only(~halves.is_client)]
        groups, first = group_rows([column.codes for column in columns])
        counts = np.bincount(groups)
        counter.add(self._lonely.slots(keys_at(columns, first), counts, now_ns), counts)


def _is_half(kind: I64) -> Bool:
    return (kind >= names.SERVER) & (kind <= names.CONSUMER)


def _label_names(config: ServiceGraphsConfig) -> list[str]:
    found = [*SIDES, "connection_type"]
    for key in config.dimensions:
        found += [names.sanitize(f"{side}_{key}") for side in SIDES] if config.enable_client_server_prefix else [names.sanitize(key)]
    return found + ([VIRTUAL_NODE_LABEL] if config.enable_virtual_node_label else [])
