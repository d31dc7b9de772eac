"""What a tenant may choose about OTLP metrics fits together."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from lgtm.model.limits import Limits
from lgtm.wire.otlp_metrics_options import OPTIONS, OtlpMetricsOptions, options_of


@pytest.mark.parametrize(
    "options",
    [
        {"promote_all_resource_attributes": True, "promote_resource_attributes": frozenset({"a"})},
        {"ignore_resource_attributes": frozenset({"a"})},
        {"target_info_interval_ns": 0},
    ],
)
def test_what_excludes_each_other_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"promote|target_info"):
        OtlpMetricsOptions(**options)


def test_every_option_but_the_interval_is_a_limit_of_the_tenant() -> None:
    for one in dataclasses.fields(OtlpMetricsOptions):
        if one.name != "target_info_interval_ns":
            assert f"otlp_{one.name}" in {limit.name for limit in dataclasses.fields(Limits)}
    options = options_of(Limits(otlp_promote_all_resource_attributes=True, otlp_ignore_resource_attributes=("a", "b")))
    assert options == OtlpMetricsOptions(promote_all_resource_attributes=True, ignore_resource_attributes=frozenset({"a", "b"}))
    assert options_of(Limits(otlp_keep_identifying_resource_attributes=True)).keep_identifying_resource_attributes
    assert options_of(Limits()) == OPTIONS
