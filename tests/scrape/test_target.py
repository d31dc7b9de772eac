"""Targets have the labels and addresses that Prometheus gives them."""

from __future__ import annotations

from typing import Any

import pytest

from lgtm.clock import NS_PER_S
from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.target import InvalidTarget, Target, build_target


def build(found: dict[str, str], **fields: Any) -> Target | None:
    return build_target(ScrapeConfig(job_name="j", **fields), found)


def test_defaults_are_discovered_labels_and_all_with_two_underscores_go() -> None:
    target = build({"__address__": "h:1", "__meta_x": "y", "env": "prod", "empty": ""}, params=(("p", ("a", "b")),))
    assert target is not None
    assert dict(target.discovered) == {
        "__address__": "h:1",
        "__meta_x": "y",
        "__metrics_path__": "/metrics",
        "__param_p": "a",
        "__scheme__": "http",
        "__scrape_interval__": "1m",
        "__scrape_timeout__": "10s",
        "env": "prod",
        "job": "j",
    }
    assert target.labels == (("env", "prod"), ("instance", "h:1"), ("job", "j"))
    assert target.url == "http://h:1/metrics?p=a&p=b"
    assert (target.interval_ns, target.timeout_ns) == (60 * NS_PER_S, 10 * NS_PER_S)


@pytest.mark.parametrize(
    ("found", "url"),
    [
        ({"__address__": "h"}, "http://h/metrics"),
        ({"__address__": "[::1]:80", "__scheme__": "https"}, "https://[::1]:80/metrics"),
        ({"__address__": "h", "__metrics_path__": "m x"}, "http://h/m%20x"),
        ({"__address__": "h", "__metrics_path__": "/m?a=b", "__param_c": "d e"}, "http://h/m?a=b&c=d+e"),
    ],
)
def test_the_address_is_made_of_labels(found: dict[str, str], url: str) -> None:
    target = build(found)
    assert target is not None
    assert target.url == url


def test_relabelling_makes_instance_address_interval_and_parameters() -> None:
    rules = (
        RelabelRule(source_labels=("__address__",), target_label="__param_target"),
        RelabelRule(target_label="__address__", replacement="prober:9115"),
        RelabelRule(source_labels=("__param_target",), target_label="instance"),
        RelabelRule(target_label="__scrape_interval__", replacement="15s"),
    )
    target = build({"__address__": "site"}, relabel=rules, params=(("target", ("x", "y")),))
    assert target is not None
    assert (target.url, dict(target.labels)["instance"], target.interval_ns) == (
        "http://prober:9115/metrics?target=site&target=y",
        "site",
        15 * NS_PER_S,
    )


def test_a_target_may_be_dropped() -> None:
    assert build({"__address__": "h"}, relabel=(RelabelRule(action=Action.DROP, source_labels=("__address__",), regex="h"),)) is None


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ({}, "no address"),
        ({"__address__": "h", "a": "\ud800"}, 'label "a" is not valid UTF-8'),
        ({"__address__": "http://h"}, '"http://h" is not a valid hostname'),
        ({"__address__": "h", "__scrape_interval__": "x"}, "error parsing scrape interval"),
        ({"__address__": "h", "__scrape_timeout__": "0s"}, "scrape timeout cannot be 0"),
        ({"__address__": "h", "__scrape_timeout__": "2m"}, r'scrape interval \("2m" > "1m"\)'),
    ],
)
def test_what_cannot_be_asked_is_refused(found: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidTarget, match=message):
        build(found)


def test_equal_labels_and_addresses_are_one_target() -> None:
    one, other, elsewhere = build({"__address__": "h", "__meta_a": "1"}), build({"__address__": "h", "__meta_a": "2"}), build({"__address__": "i"})
    assert one is not None
    assert other is not None
    assert elsewhere is not None
    assert one.hash == other.hash != elsewhere.hash
