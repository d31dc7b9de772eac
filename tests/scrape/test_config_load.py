"""prometheus.yml is read: defaults, what is inherited, and what is refused."""

from __future__ import annotations

import pytest

from lgtm.clock import NS_PER_S
from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import TEXT_PROTOCOLS, ScrapeConfig, ScrapeLimits
from lgtm.scrape.config_discovery import FileDiscovery, StaticConfig
from lgtm.scrape.config_load import ScrapeFile, load_scrape_configs
from lgtm.scrape.section import InvalidScrapeConfig
from lgtm.wire.exposition_resolution import Resolution


def job(text: str, global_: str = "{}") -> ScrapeConfig:
    (config,) = load_scrape_configs(f"global: {global_}\nscrape_configs:\n- {{job_name: j, {text}}}\n").jobs
    return config


def test_a_job_with_a_name_has_the_defaults_of_prometheus() -> None:
    assert load_scrape_configs("scrape_configs: [{job_name: j}]").jobs == (ScrapeConfig(job_name="j"),)
    assert load_scrape_configs("") == ScrapeFile()
    assert job("")  # the rest of the tests rests on it


def test_every_setting_is_read() -> None:
    (config,) = load_scrape_configs("""
global: {scrape_interval: 30s, sample_limit: 5}
scrape_configs:
- job_name: j
  tenant: team-a
  scrape_timeout: 3s
  metrics_path: /m
  scheme: https
  params: {match: [a, b]}
  honor_labels: true
  honor_timestamps: false
  track_timestamps_staleness: true
  enable_compression: false
  scrape_protocols: [PrometheusText0.0.4]
  fallback_scrape_protocol: PrometheusText0.0.4
  scrape_classic_histograms: true
  extra_scrape_metrics: true
  body_size_limit: 1MB
  label_limit: 1
  label_name_length_limit: 2
  label_value_length_limit: 3
  target_limit: 4
  keep_dropped_targets: 6
  static_configs: [{targets: [h:1]}]
  file_sd_configs: [{files: [x.json]}]
  relabel_configs: [{source_labels: [a], target_label: b}]
  metric_relabel_configs: [{action: DROP, source_labels: [__name__], regex: go_.*}]
""").jobs
    assert config == ScrapeConfig(
        job_name="j",
        tenant="team-a",
        interval_ns=30 * NS_PER_S,
        timeout_ns=3 * NS_PER_S,
        metrics_path="/m",
        scheme="https",
        params=(("match", ("a", "b")),),
        honor_labels=True,
        honor_timestamps=False,
        track_timestamps_staleness=True,
        enable_compression=False,
        protocols=("PrometheusText0.0.4",),
        fallback_protocol="PrometheusText0.0.4",
        classic_histograms=True,
        extra_metrics=True,
        limits=ScrapeLimits(
            body_bytes_max=1024**2,
            samples_max=5,
            labels_max=1,
            label_name_bytes_max=2,
            label_value_bytes_max=3,
            targets_max=4,
            kept_dropped_targets_max=6,
        ),
        static=(StaticConfig(("h:1",)),),
        discoveries=(FileDiscovery(files=("x.json",)),),
        relabel=(RelabelRule(source_labels=("a",), target_label="b"),),
        metric_relabel=(RelabelRule(action=Action.DROP, source_labels=("__name__",), regex="go_.*"),),
    )


def test_a_timeout_that_nobody_gave_follows_the_interval() -> None:
    assert job("scrape_interval: 5s").timeout_ns == 5 * NS_PER_S
    assert job("", "{scrape_interval: 2s}").timeout_ns == 2 * NS_PER_S
    assert job("scrape_interval: 1m", "{scrape_interval: 20s, scrape_timeout: 15s}").timeout_ns == 15 * NS_PER_S


def test_native_histograms_are_asked_for_as_protobuf() -> None:
    assert job("scrape_native_histograms: true").protocols == ("PrometheusProto", *TEXT_PROTOCOLS)
    assert job("scrape_native_histograms: true, scrape_protocols: [PrometheusText0.0.4]").protocols == ("PrometheusText0.0.4",)
    assert job("always_scrape_classic_histograms: true").classic_histograms


def test_native_histograms_may_be_kept_coarser() -> None:
    assert job("native_histogram_bucket_limit: 160, native_histogram_min_bucket_factor: 1.1").resolution == Resolution(schema_max=2, buckets_max=160)


def test_settings_that_change_nothing_may_stand_there() -> None:
    assert job("metric_name_validation_scheme: utf8, convert_classic_histograms_to_nhcb: false") == job("")
    assert job("native_histogram_bucket_limit: 0, native_histogram_min_bucket_factor: 0") == job("")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no YAML"),
        ("[]", "is no mapping"),
        ("scrape_config_files: [x]", "scrape_config_files: is not supported: put the jobs into scrape_configs"),
        ("[" * 1_500, "is no YAML"),
        ("scrape_config: []", "scrape_config: is no setting; did you mean scrape_configs?"),
        ("global: {scrape_interval: 0s}", "global.scrape_interval: must be longer than 0"),
        ("global: {scrape_interval: 5s, scrape_timeout: 6s}", "global scrape timeout greater than scrape interval"),
        ("scrape_configs: [{}]", "scrape_configs[0].job_name: job_name is empty"),
        ("scrape_configs: [{job_name: a}, {job_name: a}]", 'scrape_configs[1].job_name: found multiple scrape configs with job name "a"'),
        ("scrape_configs: [{job_name: a, scrape_interval: 5s, scrape_timeout: 6s}]", 'scrape interval for scrape config with job name "a"'),
        ("scrape_configs: [{job_name: a, scheme: gopher}]", 'scrape_configs[0].scheme: "gopher" is none of http, https'),
        ("scrape_configs: [{job_name: a, tenant: a/b}]", "scrape_configs[0].tenant: tenant ID 'a/b' contains"),
        ("scrape_configs: [{job_name: a, scrape_protocols: [x]}]", "unknown scrape protocol x, supported: PrometheusProto"),
        ("scrape_configs: [{job_name: a, scrape_protocols: [PrometheusProto, PrometheusProto]}]", "duplicated protocol in scrape_protocols"),
        ("scrape_configs: [{job_name: a, convert_classic_histograms_to_nhcb: true}]", "convert_classic_histograms_to_nhcb: is not supported"),
        ("scrape_configs: [{job_name: a, relabel_configs: [{action: x}]}]", 'relabel_configs[0]: unknown relabel action "x"'),
        ("scrape_configs: [{job_name: a, relabel_configs: [{target_label: x, regex: '('}]}]", "relabel_configs[0]: error parsing regexp"),
        (
            "scrape_configs: [{job_name: a, relabel_configs: [{target_label: x, regx: a}]}]",
            "relabel_configs[0].regx: is no setting; did you mean regex?",
        ),
        ("scrape_configs: [{job_name: a, relabel_configs: [{source_labels: x}]}]", 'relabel_configs[0].source_labels: "x" is not a list of texts'),
        ("scrape_configs: [{job_name: a, oauth2: {}}]", "scrape_configs[0].oauth2: is not supported"),
    ],
)
def test_what_does_not_go_is_refused_with_its_path(text: str, message: str) -> None:
    with pytest.raises(InvalidScrapeConfig) as raised:
        load_scrape_configs(text)
    assert message in str(raised.value)


WHOLE = """
global:
  scrape_interval: 15s
  evaluation_interval: 15s
  external_labels: {cluster: eu}
alerting:
  alertmanagers: [{static_configs: [{targets: [am:9093]}]}]
rule_files: [rules/*.yml]
remote_write: [{url: https://mimir.example.com/api/v1/push}]
storage: {tsdb: {out_of_order_time_window: 30m}}
scrape_configs:
- job_name: node
  basic_auth: {username: u, password: hush}
  static_configs: [{targets: [n:9100]}]
"""


def test_a_whole_file_of_prometheus_is_read_and_what_is_passed_over_is_named() -> None:
    loaded = load_scrape_configs(WHOLE)
    assert [(one.job_name, one.interval_ns) for one in loaded.jobs] == [("node", 15 * NS_PER_S)]
    assert [text.split(":")[0] for text in loaded.ignored] == [
        "alerting", "rule_files", "remote_write", "storage", "global.evaluation_interval", "global.external_labels",
    ]  # fmt: skip


def test_a_job_is_told_as_it_is_written_without_its_secrets() -> None:
    assert load_scrape_configs(WHOLE).texts == {
        "node": "job_name: node\nbasic_auth:\n  username: u\n  password: <secret>\nstatic_configs:\n- targets:\n  - n:9100\n"
    }


def test_names_of_files_are_relative_to_the_file_that_has_them() -> None:
    text = "scrape_configs: [{job_name: j, tls_config: {ca_file: ca.pem}, file_sd_configs: [{files: [t/*.json, /x.yml]}]}]"
    (config,) = load_scrape_configs(text, "/etc/p").jobs
    assert (config.http.tls.ca_file, config.discoveries) == ("/etc/p/ca.pem", (FileDiscovery(files=("/etc/p/t/*.json", "/x.yml")),))


TYPED = """
scrape_configs:
- job_name: 2026
  honor_labels: yes
  sample_limit: 1_000
  scrape_interval: 10s
  params: {debug: [1, true]}
  static_configs: [{targets: [h:1], labels: {version: 1.10, zero: 010, flag: true, since: 2026-11-28, none: }}]
  relabel_configs: [{target_label: x, replacement: on}, {target_label: y, replacement: 1.0, separator: 0}]
"""


def test_values_are_read_as_they_are_written() -> None:
    loaded = load_scrape_configs(TYPED)
    (config,) = loaded.jobs
    assert (config.job_name, config.honor_labels, config.limits.samples_max, config.params) == ("2026", True, 1_000, (("debug", ("1", "true")),))
    assert config.static[0].labels == (("flag", "true"), ("since", "2026-11-28"), ("version", "1.10"), ("zero", "010"))
    assert [(rule.replacement, rule.separator) for rule in config.relabel] == [("on", ";"), ("1.0", "0")]
    assert "version: 1.10\n" in loaded.texts["2026"]
    assert load_scrape_configs("scrape_configs:\n- " + loaded.texts["2026"].replace("\n", "\n  ")).jobs == loaded.jobs


def test_a_job_may_be_made_of_parts_of_another() -> None:
    text = "scrape_configs:\n- &base {job_name: a, scheme: https, sample_limit: 010}\n- {<<: *base, job_name: b}\n"
    assert [(one.job_name, one.scheme, one.limits.samples_max) for one in load_scrape_configs(text).jobs] == [("a", "https", 8), ("b", "https", 8)]


def test_a_key_that_stands_twice_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidScrapeConfig, match=r'^line 4: key "scheme" is already set in line 3$'):
        load_scrape_configs("scrape_configs:\n- job_name: a\n  scheme: http\n  scheme: https\n")


def test_no_secret_is_told() -> None:
    text = "scrape_configs: [{job_name: a, bearer_token: hush1}, {job_name: b, http_headers: {X-Key: {values: [v], secrets: [hush2, hush3]}}}]"
    texts = "".join(load_scrape_configs(text).texts.values())
    assert "hush" not in texts
    assert texts.count("<secret>") == 3


def test_a_file_that_says_what_holds_anyway_is_read() -> None:
    text = "enable_http2: true, http_sd_configs: [{url: 'http://h', enable_http2: false}], ec2_sd_configs: [{enable_http2: true}]"
    assert len(job(text).discoveries) == 2
