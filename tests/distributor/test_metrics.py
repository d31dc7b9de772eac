from __future__ import annotations

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from lgtm.distributor.metrics import DistributorMetrics
from lgtm.distributor.refusals import Reason, Refusal
from lgtm.model.signal import LOGS, SPANS
from lgtm.model.tenant import Tenant


def samples(registry: CollectorRegistry) -> dict[tuple[str, ...], float]:
    families = text_string_to_metric_families(generate_latest(registry).decode())
    return {(s.name, *s.labels.values()): s.value for f in families for s in f.samples if not s.name.endswith("_created")}


def test_lines_and_bytes_are_counted_under_our_names_and_lokis() -> None:
    registry = CollectorRegistry()
    metrics = DistributorMetrics(registry, tenants_max=10)
    metrics.accepted(LOGS, Tenant("t"), 3, 100)
    metrics.refused(LOGS, Tenant("t"), [Refusal(Reason.LINE_TOO_LONG, "text", 2, 50, times=2)])
    found = samples(registry)
    for name in ("lgtm_distributor", "loki_distributor"):
        assert found[f"{name}_lines_received_total", "t"] == 3
        assert found[f"{name}_bytes_received_total", "t"] == 100
    assert found["lgtm_distributor_refused_lines_total", "line_too_long", "t"] == found["loki_discarded_samples_total", "line_too_long", "t"] == 2
    assert found["lgtm_distributor_refused_bytes_total", "line_too_long", "t"] == found["loki_discarded_bytes_total", "line_too_long", "t"] == 50


def test_tenants_beyond_the_bound_are_counted_together() -> None:
    registry = CollectorRegistry()
    metrics = DistributorMetrics(registry, tenants_max=2)
    for number in range(5):
        metrics.accepted(LOGS, Tenant(f"t{number}"), 1, 10)
    metrics.accepted(LOGS, Tenant("t0"), 1, 10)
    found = samples(registry)
    counted = {key[1]: value for key, value in found.items() if key[0] == "loki_distributor_lines_received_total"}
    assert counted == {"t0": 2, "t1": 1, "other": 3}


def test_two_nodes_fit_in_one_process() -> None:
    for _ in range(2):
        DistributorMetrics(CollectorRegistry(), tenants_max=1)


def test_spans_are_counted_under_our_names_and_tempos() -> None:
    registry = CollectorRegistry()
    metrics = DistributorMetrics(registry, tenants_max=10)
    metrics.accepted(SPANS, Tenant("t"), 3, 100)
    metrics.refused(SPANS, Tenant("t"), [Refusal(Reason.TOO_FAR_IN_FUTURE, "text", 2, 50)])
    found = samples(registry)
    for name in ("lgtm_distributor", "tempo_distributor"):
        assert found[f"{name}_spans_received_total", "t"] == 3
    assert found["lgtm_distributor_span_bytes_received_total", "t"] == found["tempo_distributor_bytes_received_total", "t"] == 100
    assert found["tempo_discarded_spans_total", "too_far_in_future", "t"] == 2
    assert not any(name.startswith("loki") for name, *_ in found)
