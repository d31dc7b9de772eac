import pytest

from lgtm.model.limits import DAY_NS, Limits, TenantLimits
from lgtm.model.signal import DELETIONS, EXEMPLARS, LOGS, METADATA, SAMPLES, SPANS
from lgtm.model.tenant import Tenant


def test_overrides_change_what_they_name_and_nothing_else() -> None:
    limits = TenantLimits(Limits(max_line_size=100, max_query_series=7), {"a": {"max_line_size": 200}})
    assert limits.for_tenant(Tenant("a")) == Limits(max_line_size=200, max_query_series=7)
    assert limits.for_tenant(Tenant("b")) is limits.defaults


def test_a_tenant_s_limits_are_the_same_object_each_time() -> None:
    limits = TenantLimits(overrides={"a": {"max_line_size": 200}})
    assert limits.for_tenant(Tenant("a")) is limits.for_tenant(Tenant("a"))


def test_a_limit_that_does_not_exist_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="max_lien"):
        TenantLimits(overrides={"a": {"max_lien": 1}})


def test_each_signal_is_kept_as_long_as_its_limit_says() -> None:
    limits = Limits(retention_period_ns=3 * DAY_NS, traces_retention_period_ns=2 * DAY_NS, metrics_retention_period_ns=DAY_NS)
    days = {signal.name: limits.retention_ns(signal) // DAY_NS for signal in (LOGS, SPANS, SAMPLES, EXEMPLARS, METADATA)}
    assert days == {"logs": 3, "traces": 2, "metrics": 1, "exemplars": 1, "metadata": 1}


def test_a_deletion_is_kept_until_no_block_can_hold_what_it_hides() -> None:
    assert Limits(metrics_retention_period_ns=15 * DAY_NS).retention_ns(DELETIONS) > 16 * DAY_NS
    assert Limits(metrics_retention_period_ns=0).retention_ns(DELETIONS) == 0
