from __future__ import annotations

from distributor.pushes import TENANT
from lgtm.distributor.config import DistributorConfig
from lgtm.distributor.refusals import Reason
from lgtm.distributor.tenants import CACHED_LABELS_MAX, Tenants
from lgtm.model.limits import TenantLimits
from lgtm.model.tenant import Tenant
from lgtm.wire.decoded import DecodedStream

STREAM = DecodedStream('{app="x"}', (("app", "x"),))


def tenants(limits: TenantLimits | None = None, tenants_max: int = 10) -> Tenants:
    return Tenants(limits or TenantLimits(), DistributorConfig(cached_tenants_max=tenants_max))


def test_a_stream_is_judged_once() -> None:
    state = tenants().state(TENANT, 0)
    assert state.resolve(STREAM) is state.resolve(DecodedStream('{app="x"}', (("app", "x"),)))


def test_very_large_labels_are_not_kept() -> None:
    state = tenants().state(TENANT, 0)
    large = DecodedStream("x" * (CACHED_LABELS_MAX + 1), (("app", "x"),))
    assert state.resolve(large) == state.resolve(large)
    assert state.resolve(large) is not state.resolve(large)


def test_labels_that_did_not_parse_are_refused() -> None:
    refusal = tenants().state(TENANT, 0).resolve(DecodedStream("{a", None, "oops")).refusal
    assert refusal == (Reason.INVALID_LABELS, "error parsing labels '{a' with error: oops")


def test_a_tenant_has_its_own_limits() -> None:
    state = tenants(TenantLimits(overrides={"small": {"max_label_names_per_series": 1}}))
    two = DecodedStream('{a="1", b="2"}', (("a", "1"), ("b", "2")))
    assert state.state(Tenant("small"), 0).resolve(two).refusal is not None
    assert state.state(Tenant("large"), 0).resolve(two).refusal is None


def test_the_tenant_unused_longest_is_forgotten() -> None:
    known = tenants(tenants_max=2)
    first, second = (known.state(Tenant(name), 0) for name in ("first", "second"))
    assert known.state(Tenant("first"), 0) is first
    known.state(Tenant("third"), 0)
    assert known.state(Tenant("first"), 0) is first
    assert known.state(Tenant("second"), 0) is not second
