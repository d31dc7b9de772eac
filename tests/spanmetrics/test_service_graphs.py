"""Service graphs are what pairing span by span gives, under Tempo's names, whatever batches the spans come in."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.clock import NS_PER_S
from lgtm.spanmetrics.config import ServiceGraphsConfig
from lgtm.spanmetrics.family import SeriesLimit
from lgtm.spanmetrics.names import LabelNamesCollide
from lgtm.spanmetrics.service_graphs import ServiceGraphs
from spanmetrics import naive
from spanmetrics.given import CLIENT, CONSUMER, ERROR, INTERNAL, NOW_NS, PRODUCER, SERVER, Span, Value, numbers_of, table_of

WAIT_NS = 10 * NS_PER_S
LATER_NS = NOW_NS + WAIT_NS

SPANS = st.lists(
    st.builds(
        Span,
        service=st.sampled_from(["shop", "cart", "mail", "", None]),
        kind=st.integers(1, 5),
        status=st.integers(0, 2),
        ms=st.sampled_from([-1.0, 0.0, 100.0, 150.0, 12_800.0, 13_000.0]),
        trace=st.integers(1, 3),
        id=st.integers(1, 3),
        parent=st.integers(0, 3),
        attributes=st.dictionaries(st.sampled_from(["db.name", "db.system", "peer.service", "server.address"]), st.sampled_from(["x", "y"])),
    ),
    max_size=40,
)


def edges(*batches: list[Span], config: ServiceGraphsConfig | None = None, metric: str = "request_total") -> dict[str, float]:
    """The series of one metric, after everybody has waited for long enough."""
    graphs = ServiceGraphs(config or ServiceGraphsConfig())
    for batch in batches:
        graphs.feed(table_of(*batch), NOW_NS)
    prefix = f"traces_service_graph_{metric}"
    found = numbers_of(graphs.collect(LATER_NS), LATER_NS)
    return {name.removeprefix(prefix): value for name, value in found.items() if name.startswith(prefix + "{")}


CALL = Span(service="shop", kind=CLIENT, id=2, parent=1, ms=200)
SERVED = Span(service="cart", kind=SERVER, id=3, parent=2, ms=150)
EDGE = '{client="shop",server="cart"}'


@given(SPANS, st.lists(st.integers(0, 40), max_size=5))
def test_any_batches_give_what_pairing_one_by_one_gives(spans: list[Span], cuts: list[int]) -> None:
    graphs, expected = ServiceGraphs(ServiceGraphsConfig()), naive.ServiceGraphs()
    bounds = sorted({0, len(spans), *(cut for cut in cuts if cut < len(spans))})
    for start, end in pairwise(bounds):
        graphs.feed(table_of(*spans[start:end]), NOW_NS)
    for span in spans:
        expected.feed(span)
    assert numbers_of(graphs.collect(LATER_NS), LATER_NS) == pytest.approx(expected.finish())
    assert graphs.waiting == 0


@pytest.mark.parametrize("batches", [([CALL, SERVED],), ([SERVED, CALL],), ([CALL], [SERVED]), ([SERVED], [CALL])])
def test_halves_pair_in_any_order(batches: tuple[list[Span], ...]) -> None:
    assert edges(*batches) == {EDGE: 1.0}
    assert edges(*batches, metric="request_client_seconds_sum") == {EDGE: 0.2}
    assert edges(*batches, metric="request_server_seconds_sum") == {EDGE: 0.15}
    assert edges(*batches, metric="unpaired_spans_total") == {}


def test_the_default_buckets_are_those_of_tempo() -> None:
    found = edges([CALL, SERVED], metric="request_server_seconds_bucket")
    assert [name.split('le="')[1].split('"')[0] for name in found] == ["0.1", "0.2", "0.4", "0.8", "1.6", "3.2", "6.4", "12.8", "+Inf"]


@pytest.mark.parametrize(("client", "server", "failed"), [(0, 0, {}), (ERROR, 0, {EDGE: 1.0}), (0, ERROR, {EDGE: 1.0}), (1, 1, {})])
def test_a_request_failed_when_either_side_says_so(client: int, server: int, failed: dict[str, float]) -> None:
    halves = [Span("shop", kind=CLIENT, id=2, status=client), Span("cart", kind=SERVER, id=3, parent=2, status=server)]
    assert edges(halves, metric="request_failed_total") == failed


def test_messages_have_a_type_and_a_time_between() -> None:
    sent = Span("shop", kind=PRODUCER, id=2, ms=5, late_ns=2 * NS_PER_S)
    received = Span("mail", kind=CONSUMER, id=3, parent=2, ms=500)
    config = ServiceGraphsConfig(enable_messaging_system_latency_histogram=True)
    edge = '{client="shop",connection_type="messaging_system",server="mail"}'
    assert edges([received], [sent], config=config) == {edge: 1.0}
    assert edges([received], [sent], config=config, metric="request_messaging_system_seconds_sum") == {edge: 1.5}
    assert edges([received], [sent], metric="request_messaging_system_seconds_sum") == {}
    too_early = Span("mail", kind=CONSUMER, id=3, parent=2, ms=5_000)
    assert edges([too_early, sent], config=config, metric="request_messaging_system_seconds_count") == {}


@pytest.mark.parametrize(
    ("attributes", "server"),
    [
        ({"db.name": "orders"}, "orders"),
        ({"db.namespace": "n", "db.name": "orders"}, "n"),
        ({"db.system": "redis"}, "redis"),
        ({"db.system.name": "redis"}, "redis"),
        ({"db.name": "orders", "network.peer.address": "10.0.0.1"}, "10.0.0.1"),
        ({"db.name": "orders", "network.peer.address": "10.0.0.1", "network.peer.port": 5432}, "10.0.0.1:5432"),
        ({"db.name": "orders", "network.peer.port": 5432}, "orders"),
        ({"db.name": "orders", "network.peer.address": "10.0.0.1", "server.address": "pg"}, "pg"),
        ({"db.name": "orders", "server.address": "pg", "peer.service": "primary"}, "primary"),
    ],
)
def test_a_database_is_named_by_the_first_that_is_there(attributes: dict[str, Value], server: str) -> None:
    asks = Span("shop", kind=CLIENT, id=2, ms=200, attributes=attributes)
    edge = f'{{client="shop",connection_type="database",server="{server}"}}'
    assert edges([asks]) == {edge: 1.0}
    assert edges([asks], metric="request_server_seconds_sum") == {edge: 0.2}


@pytest.mark.parametrize("kind", [SERVER, CONSUMER])
def test_the_first_server_of_a_trace_was_called_by_a_user(kind: int) -> None:
    config = ServiceGraphsConfig(enable_virtual_node_label=True)
    edge = '{client="user",connection_type="virtual_node",server="shop",virtual_node="client"}'
    assert edges([Span("shop", kind=kind)], config=config) == {edge: 1.0}
    named = edges([Span("shop", kind=kind, attributes={"peer.service": "phone"})])
    assert named == {'{client="phone",connection_type="virtual_node",server="shop"}': 1.0}


@pytest.mark.parametrize(("key", "counts"), [("peer.service", True), ("net.peer.name", False)])
def test_a_peer_that_sends_no_spans_is_named_by_its_client(key: str, counts: bool) -> None:
    config = ServiceGraphsConfig(enable_virtual_node_label=True)
    asks = Span("shop", kind=CLIENT, id=2, attributes={key: "bank"})
    edge = '{client="shop",connection_type="virtual_node",server="bank",virtual_node="server"}'
    assert edges([asks], config=config) == ({edge: 1.0} if counts else {})
    assert edges([asks], config=config, metric="unpaired_spans_total") == ({} if counts else {'{client="shop"}': 1.0})


def test_the_first_peer_attribute_counts_even_if_it_is_empty() -> None:
    asks = Span("shop", kind=CLIENT, id=2, attributes={"peer.service": "", "a": "x"})
    assert edges([asks], config=ServiceGraphsConfig(peer_attributes=("peer.service", "a"))) == {}


def test_a_half_waits_for_as_long_as_configured() -> None:
    graphs = ServiceGraphs(ServiceGraphsConfig())
    graphs.feed(table_of(CALL), NOW_NS)
    graphs.expire(LATER_NS - 1)
    assert graphs.waiting == 1
    graphs.feed(table_of(SERVED), LATER_NS)
    assert (graphs.waiting, graphs.unpaired_total) == (1, 1)


def test_what_finds_no_room_to_wait_is_dropped_and_counted() -> None:
    graphs = ServiceGraphs(ServiceGraphsConfig(max_items=2))
    graphs.feed(table_of(*(Span("shop", kind=CLIENT, id=n) for n in range(1, 6))), NOW_NS)
    assert (graphs.waiting, graphs.dropped_total) == (2, 3)
    graphs.feed(table_of(Span("cart", id=9, parent=1), Span("cart", id=8, parent=7)), NOW_NS)
    assert (graphs.waiting, graphs.dropped_total) == (2, 3), "who meets its other half makes room for the next"
    found = numbers_of(graphs.collect(NOW_NS))
    assert found['traces_service_graph_dropped_spans_total{client="shop"}'] == 3
    assert found[f"traces_service_graph_request_total{EDGE}"] == 1


def test_spans_of_other_kinds_and_without_a_service_take_no_part() -> None:
    graphs = ServiceGraphs(ServiceGraphsConfig())
    graphs.feed(table_of(Span(kind=INTERNAL), Span(service=None, kind=SERVER), Span(service="", kind=CLIENT)), NOW_NS)
    assert (len(graphs.collect(NOW_NS)), graphs.waiting) == (0, 0)


def test_a_client_without_a_server_in_its_trace_is_not_paired_with_another_trace() -> None:
    assert edges([CALL, Span("cart", trace=2, id=3, parent=2)]) == {}


def test_dimensions_are_those_of_the_server_or_else_of_the_client() -> None:
    config = ServiceGraphsConfig(dimensions=("zone", "http.method"))
    call = Span("shop", kind=CLIENT, id=2, attributes={"zone": "a", "http.method": "GET"})
    served = Span("cart", id=3, parent=2, resource={"zone": "b"})
    for batches in ([call, served],), ([call], [served]), ([served], [call]):
        assert edges(*batches, config=config) == {'{client="shop",http_method="GET",server="cart",zone="b"}': 1.0}


def test_with_a_prefix_both_sides_have_their_dimensions() -> None:
    config = ServiceGraphsConfig(dimensions=("zone",), enable_client_server_prefix=True)
    call = Span("shop", kind=CLIENT, id=2, attributes={"zone": "a"})
    served = Span("cart", id=3, parent=2, resource={"zone": "b"})
    assert edges([call], [served], config=config) == {'{client="shop",client_zone="a",server="cart",server_zone="b"}': 1.0}
    assert edges([Span("shop", resource={"zone": "a"})], config=config) == {
        '{client="user",connection_type="virtual_node",server="shop",server_zone="a"}': 1.0
    }


def test_two_dimensions_of_one_label_are_refused() -> None:
    with pytest.raises(LabelNamesCollide):
        ServiceGraphs(ServiceGraphsConfig(dimensions=("client",)))


def test_a_sampled_request_counts_as_what_it_stands_for() -> None:
    served = Span("cart", id=3, parent=2, attributes={"ratio": 0.5}, ms=1000, status=ERROR)
    config = ServiceGraphsConfig(span_multiplier_key="ratio")
    assert edges([CALL], [served], config=config) == {EDGE: 2.0}
    assert edges([CALL], [served], config=config, metric="request_failed_total") == {EDGE: 2.0}
    assert edges([CALL], [served], config=config, metric="request_server_seconds_sum") == {EDGE: 2.0}


def test_connections_are_shown_where_asked_for() -> None:
    assert edges([CALL, SERVED], config=ServiceGraphsConfig(enable_connection_info=True), metric="connection_info") == {EDGE: 1.0}
    assert edges([CALL, SERVED], metric="connection_info") == {}


def test_exemplars_name_the_trace() -> None:
    graphs = ServiceGraphs(ServiceGraphsConfig())
    graphs.feed(table_of(CALL), NOW_NS)
    graphs.feed(table_of(SERVED), NOW_NS)
    assert {(dict(e.labels)["traceID"], e.value) for e in graphs.collect(NOW_NS).exemplars} == {(CALL.trace_hex, 0.2), (CALL.trace_hex, 0.15)}


def test_edges_that_find_no_room_are_counted_as_overflow_and_idle_ones_make_room() -> None:
    one_edge = 2 + 2 * (9 + 2)
    graphs = ServiceGraphs(ServiceGraphsConfig(), SeriesLimit(one_edge))
    graphs.feed(table_of(Span("mail")), NOW_NS)
    graphs.feed(table_of(CALL, SERVED), NOW_NS)
    found = numbers_of(graphs.collect(NOW_NS))
    assert found['traces_service_graph_request_total{metric_overflow="true"}'] == graphs.overflowed_total == 1
    assert f"traces_service_graph_request_total{EDGE}" not in found
    graphs.forget_idle(NOW_NS + 1)
    graphs.feed(table_of(CALL, SERVED), NOW_NS + 2)
    assert numbers_of(graphs.collect(NOW_NS + 3), NOW_NS + 3)[f"traces_service_graph_request_total{EDGE}"] == 1
