"""What a tenant may choose about OTLP metrics fits together."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.wire.otlp_metrics_options import OtlpMetricsOptions


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
