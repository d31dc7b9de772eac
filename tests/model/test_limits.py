import pytest

from lgtm.model.limits import Limits, TenantLimits
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
