from __future__ import annotations

from prometheus_client import CollectorRegistry

from lgtm.app.limits_used import watch_limits


def test_the_ratio_is_what_is_used_at_the_moment_of_asking() -> None:
    registry, used = CollectorRegistry(), [0]
    watch_limits(registry, {"a.bytes_max": (lambda: used[0], 200), "b.off": (lambda: 5, 0)})
    for nbytes, ratio in ((0, 0.0), (50, 0.25), (200, 1.0)):
        used[0] = nbytes
        assert registry.get_sample_value("lgtm_limit_used_ratio", {"limit": "a.bytes_max"}) == ratio
    assert registry.get_sample_value("lgtm_limit_used_ratio", {"limit": "b.off"}) == 0.0
