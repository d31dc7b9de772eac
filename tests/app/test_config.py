from typing import Any

import pytest

from lgtm.app.config import Config, SelfTelemetryConfig, ServerConfig
from lgtm.model.limits import Limits
from lgtm.model.tenant import Tenant
from lgtm.scrape.settings import ScrapeSettings


@pytest.mark.parametrize(
    ("cls", "settings", "complaint"),
    [
        (Config, {"target": "querier"}, "target is 'querier'; so far there is only all"),
        (Config, {"data_dir": ""}, "data_dir is empty"),
        (Config, {"overrides": {"a/b": {}}}, "tenant ID 'a/b'"),
        (Config, {"self_telemetry": SelfTelemetryConfig(enabled=True, tenant="ops")}, "self_telemetry.tenant is ops, which nobody can ask for"),
        (Config, {"self_telemetry": SelfTelemetryConfig(metrics=True, tenant="ops")}, "self_telemetry.tenant is ops, which nobody can ask for"),
        (SelfTelemetryConfig, {"metrics_interval_s": 0.5}, "self_telemetry.metrics_interval_s must be at least 1"),
        (Config, {"scrape": ScrapeSettings(tenant="ops")}, "scrape.tenant is ops, which nobody can ask for"),
        (Config, {"limits": Limits(otlp_translation_strategy="None")}, r"limits.otlp_\*: 'None' is not a valid TranslationStrategy"),
        (Config, {"limits": Limits(otlp_ignore_resource_attributes=("a",))}, "ignore_resource_attributes needs promote_all_resource_attributes"),
        (
            Config,
            {"limits": Limits(otlp_promote_resource_attributes=("a",)), "overrides": {"b": {"otlp_promote_all_resource_attributes": True}}},
            r"overrides.b.otlp_\*: promote_all_resource_attributes and promote_resource_attributes exclude each other",
        ),
        (ServerConfig, {"http_port": 65_536}, "server.http_port must lie between 0 and 65535"),
        (ServerConfig, {"http_port": 4317}, "server.http_port and server.otlp_grpc_port are both 4317"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_path(cls: type[Any], settings: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Exception, match=complaint):
        cls(**settings)


def test_any_number_of_ports_may_be_left_to_the_system() -> None:
    ServerConfig(http_port=0, otlp_http_port=0, otlp_grpc_port=0)


@pytest.mark.parametrize(
    ("auth_enabled", "tenant", "own"),
    [(False, "", "fake"), (True, "", "lgtm"), (True, "ops", "ops"), (False, "fake", "fake")],
)
def test_own_logs_go_where_they_can_be_asked_for(auth_enabled: bool, tenant: str, own: str) -> None:
    config = Config(auth_enabled=auth_enabled, self_telemetry=SelfTelemetryConfig(enabled=True, tenant=tenant))
    assert config.own_tenant == Tenant(own)


def test_overrides_change_what_they_name_for_one_tenant() -> None:
    limits = Config(overrides={"a": {"max_line_size": 1}}).tenant_limits()
    assert limits.for_tenant(Tenant("a")).max_line_size == 1
    assert limits.for_tenant(Tenant("a")).max_query_series == limits.for_tenant(Tenant("b")).max_query_series
    assert limits.for_tenant(Tenant("b")).max_line_size > 1
