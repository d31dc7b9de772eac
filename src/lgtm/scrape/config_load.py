"""YAML text in the form of prometheus.yml → jobs.

What is not understood is refused with its path. What concerns other parts of Prometheus is passed over and named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lgtm.errors import BadRequest
from lgtm.model.labels import quote
from lgtm.model.tenant import Tenant
from lgtm.relabel.rule import REGEX, REPLACEMENT, SEPARATOR, Action, RelabelRule, RelabelRules, parse_action
from lgtm.scrape.config import PROTOBUF, PROTOCOLS, TEXT_PROTOCOLS, ScrapeConfig, ScrapeLimits
from lgtm.scrape.config_discovery import read_discoveries, read_static
from lgtm.scrape.config_http import read_http
from lgtm.scrape.document import parse_yaml, print_yaml
from lgtm.scrape.section import NO, InvalidScrapeConfig, Section
from lgtm.wire.exposition_resolution import Resolution, schema_of_factor

_ELSEWHERE = {
    "alerting": "no alerts are sent from here",
    "rule_files": "no rules are evaluated here",
    "remote_write": "samples stay here",
    "remote_read": "only what is here is read",
    "storage": "the settings of the node say how long samples are kept, and where",
    "tracing": "the node has no spans of its own",
    "otlp": "limits of tenants say how OTLP becomes samples",
    "runtime": "there is no Go runtime",
}
"""Parts of a prometheus.yml that have nothing to do with scraping."""
_GLOBAL_ELSEWHERE = {
    "evaluation_interval": "no rules are evaluated here",
    "rule_query_offset": "no rules are evaluated here",
    "query_log_file": "queries are settings of the node",
    "external_labels": "they belong to what leaves Prometheus; here samples stay, so add labels by relabel_configs",
    "runtime": "there is no Go runtime",
}
_NOT_YET = {"scrape_config_files": "put the jobs into scrape_configs"}
_LEFT_OUT = {
    "convert_classic_histograms_to_nhcb": "classic buckets are kept as series",
    "metric_name_validation_scheme": "all names that are UTF-8 are taken",
    "metric_name_escaping_scheme": "names are taken as they are",
    "scrape_failure_log_file": "failures are shown by the targets page",
}
_HARMLESS = {
    "convert_classic_histograms_to_nhcb": NO,
    "metric_name_validation_scheme": ("utf8",),
    "metric_name_escaping_scheme": ("allow-utf-8",),
    "scrape_failure_log_file": ("",),
}


_SECRETS = ("password", "credentials", "secret_key", "bearer_token", "secrets")


@dataclass(slots=True, frozen=True)
class ScrapeFile:
    """jobs: in their order. texts: of each job as the file has it, as YAML without secrets. ignored: what is passed over, path and reason each."""

    jobs: tuple[ScrapeConfig, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()


def load_scrape_configs(text: str, directory: str = "") -> ScrapeFile:
    """directory: of the file, which names of files in it are relative to. Raises InvalidScrapeConfig."""
    document = parse_yaml(text)
    root = Section(document, "", directory)
    root.left_out(_NOT_YET)
    global_ = root.section("global")
    ignored = (*root.ignored(_ELSEWHERE), *global_.ignored(_GLOBAL_ELSEWHERE))
    defaults = _read_global(global_)
    jobs = tuple(_read_job(section, defaults) for section in root.sections("scrape_configs"))
    root.end()
    _check_names(jobs)
    texts = {job.job_name: print_yaml(_without_secrets(one)) for job, one in zip(jobs, document["scrape_configs"], strict=True)} if jobs else {}
    return ScrapeFile(jobs, texts, ignored)


def _check_names(jobs: tuple[ScrapeConfig, ...]) -> None:
    names: set[str] = set()
    for at, job in enumerate(jobs):
        if job.job_name in names:
            raise InvalidScrapeConfig(f"scrape_configs[{at}].job_name", f"found multiple scrape configs with job name {quote(job.job_name)}")
        names.add(job.job_name)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, list):
        return list(map(_without_secrets, value))
    if isinstance(value, dict):
        return {key: _hidden(one) if key in _SECRETS else _without_secrets(one) for key, one in value.items()}
    return value


def _hidden(value: Any) -> Any:
    return ["<secret>"] * len(value) if isinstance(value, list) else "<secret>"


def _read_global(section: Section) -> ScrapeConfig:
    """A job without a name, which says what others have that do not say it themselves."""
    job = _read_shared(section, ScrapeConfig(job_name=""))
    section.end()
    if job.timeout_ns > job.interval_ns and section.given("scrape_timeout"):
        raise section.error("scrape_timeout", "global scrape timeout greater than scrape interval")
    return replace(job, timeout_ns=min(job.timeout_ns, job.interval_ns))


def _read_job(section: Section, defaults: ScrapeConfig) -> ScrapeConfig:
    name = section.text("job_name")
    if not name:
        raise section.error("job_name", "job_name is empty")
    job = _read_shared(section, defaults)
    if job.timeout_ns > job.interval_ns:
        if section.given("scrape_timeout"):
            raise section.error("scrape_timeout", f"scrape timeout greater than scrape interval for scrape config with job name {quote(name)}")
        job = replace(job, timeout_ns=job.interval_ns)
    job = replace(
        job,
        job_name=name,
        tenant=_tenant(section),
        metrics_path=section.text("metrics_path", "/metrics"),
        scheme=section.choice("scheme", "http", ("http", "https")),
        params=_params(section),
        honor_labels=section.switch("honor_labels", False),
        honor_timestamps=section.switch("honor_timestamps", True),
        track_timestamps_staleness=section.switch("track_timestamps_staleness", False),
        enable_compression=section.switch("enable_compression", True),
        resolution=Resolution(schema_of_factor(section.number("native_histogram_min_bucket_factor")), section.count("native_histogram_bucket_limit")),
        http=read_http(section),
        static=read_static(section),
        discoveries=read_discoveries(section),
        relabel=read_rules(section, "relabel_configs"),
        metric_relabel=read_rules(section, "metric_relabel_configs"),
    )
    section.end()
    return job


def _read_shared(section: Section, defaults: ScrapeConfig) -> ScrapeConfig:
    """What stands in the global section and in jobs."""
    section.left_out(_LEFT_OUT, harmless=_HARMLESS)
    interval_ns = section.duration_ns("scrape_interval", defaults.interval_ns)
    if not interval_ns:
        raise section.error("scrape_interval", "must be longer than 0")
    native = section.switch("scrape_native_histograms", defaults.native_histograms)
    classic = section.switch("scrape_classic_histograms", defaults.classic_histograms)
    return replace(
        defaults,
        interval_ns=interval_ns,
        timeout_ns=section.duration_ns("scrape_timeout", defaults.timeout_ns) or defaults.timeout_ns,
        protocols=_protocols(section, defaults, native),
        fallback_protocol=section.choice("fallback_scrape_protocol", defaults.fallback_protocol, PROTOCOLS),
        native_histograms=native,
        classic_histograms=section.switch("always_scrape_classic_histograms", classic),
        extra_metrics=section.switch("extra_scrape_metrics", defaults.extra_metrics),
        limits=_limits(section, defaults.limits),
    )


def _limits(section: Section, defaults: ScrapeLimits) -> ScrapeLimits:
    return ScrapeLimits(
        body_bytes_max=section.size("body_size_limit", defaults.body_bytes_max),
        samples_max=section.count("sample_limit", defaults.samples_max),
        labels_max=section.count("label_limit", defaults.labels_max),
        label_name_bytes_max=section.count("label_name_length_limit", defaults.label_name_bytes_max),
        label_value_bytes_max=section.count("label_value_length_limit", defaults.label_value_bytes_max),
        targets_max=section.count("target_limit", defaults.targets_max),
        kept_dropped_targets_max=section.count("keep_dropped_targets", defaults.kept_dropped_targets_max),
    )


def _protocols(section: Section, defaults: ScrapeConfig, native: bool) -> tuple[str, ...]:
    names = section.texts("scrape_protocols")
    for name in names:
        if name not in PROTOCOLS:
            raise section.error("scrape_protocols", f"unknown scrape protocol {name}, supported: {', '.join(PROTOCOLS)}")
        if names.count(name) > 1:
            raise section.error("scrape_protocols", f"duplicated protocol in scrape_protocols, got {name}")
    if names:
        return names
    # Only protobuf has native histograms, so that asking for them asks for it; a list of one's own is kept.
    return (PROTOBUF, *defaults.protocols) if native and defaults.protocols == TEXT_PROTOCOLS else defaults.protocols


def _params(section: Section) -> tuple[tuple[str, tuple[str, ...]], ...]:
    params = section.section("params")
    return tuple((name, params.texts(name)) for name in params.names())


def _tenant(section: Section) -> str:
    tenant = section.text("tenant")
    if tenant:
        try:
            Tenant(tenant)
        except BadRequest as error:
            raise section.error("tenant", str(error)) from error
    return tenant


def read_rules(section: Section, key: str) -> RelabelRules:
    return tuple(_read_rule(one) for one in section.sections(key))


def _read_rule(section: Section) -> RelabelRule:
    try:
        rule = RelabelRule(
            action=parse_action(section.text("action", Action.REPLACE)),
            source_labels=section.texts("source_labels"),
            separator=section.text("separator", SEPARATOR),
            regex=section.text("regex", REGEX),
            modulus=section.count("modulus", 0),
            target_label=section.text("target_label"),
            replacement=section.text("replacement", REPLACEMENT),
        )
    except InvalidScrapeConfig:
        raise
    except (ValueError, BadRequest) as error:
        raise InvalidScrapeConfig(section.path, str(error)) from error
    section.end()
    return rule
