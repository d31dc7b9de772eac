"""Where targets come from, with Prometheus' defaults and errors."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.clock import NS_PER_S
from lgtm.scrape.config_discovery import (
    AwsAccess,
    DnsDiscovery,
    Ec2Discovery,
    EcsDiscovery,
    FileDiscovery,
    HttpDiscovery,
    StaticConfig,
    read_discoveries,
    read_static,
)
from lgtm.scrape.config_http import HttpConfig
from lgtm.scrape.section import InvalidScrapeConfig, Section


def test_static_targets_have_labels() -> None:
    section = Section({"static_configs": [{"targets": ["b:1", "a"], "labels": {"z": "1", "y": "2", "x": ""}}, {"targets": []}]}, "")
    assert read_static(section) == (StaticConfig(("b:1", "a"), (("y", "2"), ("z", "1"))), StaticConfig(()))


@pytest.mark.parametrize(
    ("key", "value", "config"),
    [
        ("file_sd_configs", {"files": ["t/*.json", "x.yml"]}, FileDiscovery(files=("t/*.json", "x.yml"))),
        ("http_sd_configs", {"url": "http://h/t", "refresh_interval": "5s"}, HttpDiscovery(url="http://h/t", refresh_ns=5 * NS_PER_S)),
        ("http_sd_configs", {"url": "http://h", "enable_http2": "true"}, HttpDiscovery(url="http://h")),
        (
            "http_sd_configs",
            {"url": "http://h", "bearer_token_file": "/t"},
            HttpDiscovery(url="http://h", http=HttpConfig(auth_type="Bearer", credentials_file="/t")),
        ),
        ("dns_sd_configs", {"names": ["a.b"]}, DnsDiscovery(names=("a.b",))),
        ("dns_sd_configs", {"names": ["a.b"], "type": "a", "port": "80"}, DnsDiscovery(names=("a.b",), type="A", port=80)),
        (
            "ec2_sd_configs",
            {"region": "eu-west-1", "port": "9100", "filters": [{"name": "tag:x", "values": ["y"]}]},
            Ec2Discovery(access=AwsAccess(region="eu-west-1"), port=9100, filters=(("tag:x", ("y",)),)),
        ),
        ("ec2_sd_configs", {"enable_http2": "true", "follow_redirects": "false"}, Ec2Discovery()),
        ("aws_sd_configs", {"role": "ec2", "port": "9100"}, Ec2Discovery(port=9100)),
        ("aws_sd_configs", {"role": "ecs", "region": "r", "clusters": ["c"]}, EcsDiscovery(access=AwsAccess(region="r"), clusters=("c",))),
        ("ecs_sd_configs", {"clusters": ["c"], "refresh_interval": "30s"}, EcsDiscovery(clusters=("c",), refresh_ns=30 * NS_PER_S)),
    ],
)
def test_discoveries_are_read(key: str, value: dict[str, Any], config: object) -> None:
    section = Section({key: [value]}, "")
    assert read_discoveries(section) == (config,)
    section.end()


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"file_sd_configs": [{}]}, r"x.file_sd_configs\[0\].files: file service discovery config must contain"),
        ({"file_sd_configs": [{"files": ["a.txt"]}]}, 'path name "a.txt" is not valid for file discovery'),
        ({"file_sd_configs": [{"files": ["*/a.json"]}]}, "is not valid for file discovery"),
        ({"http_sd_configs": [{}]}, "URL is missing"),
        ({"http_sd_configs": [{"url": "ftp://x"}]}, "URL scheme must be"),
        ({"dns_sd_configs": [{}]}, "must contain at least one"),
        ({"dns_sd_configs": [{"names": ["a"], "type": "TXT"}]}, "invalid DNS-SD records type TXT"),
        ({"dns_sd_configs": [{"names": ["a"], "type": "A"}]}, "a port is required"),
        ({"ec2_sd_configs": [{"port": "70000"}]}, "must lie between 0 and 65535"),
        ({"ec2_sd_configs": [{"access_key": "a"}]}, "go together"),
        ({"ec2_sd_configs": [{"filters": [{"name": "a"}]}]}, "filter values cannot be empty"),
        ({"ecs_sd_configs": [{"cluster": "a"}]}, r"x.ecs_sd_configs\[0\].cluster: is no setting; did you mean clusters\?"),
        ({"kubernetes_sd_configs": [{"role": "pod"}]}, "x.kubernetes_sd_configs: is not supported: write the targets"),
        ({"aws_sd_configs": [{"role": "msk"}]}, r'x.aws_sd_configs\[0\].role: "msk" is not supported: there are ec2 and ecs; write the targets'),
        ({"aws_sd_configs": [{"region": "eu-west-1"}]}, r'x.aws_sd_configs\[0\].role: "" is not supported: there are ec2 and ecs'),
        ({"ec2_sd_configs": [{"proxy_url": "http://p"}]}, r"x.ec2_sd_configs\[0\].proxy_url: is not supported: AWS is asked by its SDK"),
        ({"ec2_sd_configs": [{"enable_http2": "2"}]}, "enable_http2: .* is not true or false"),
    ],
)
def test_what_does_not_go_is_refused(value: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidScrapeConfig, match=message):
        read_discoveries(Section(value, "x"))


def test_a_static_target_is_no_url() -> None:
    with pytest.raises(InvalidScrapeConfig, match='"http://a" is not a valid hostname'):
        read_static(Section({"static_configs": [{"targets": ["http://a"]}]}, ""))
