"""What a node scrapes: the jobs of the file in `scrape.config_file`, and the nodes themselves where `self_telemetry.metrics` is on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lgtm.app.config import Config
from lgtm.app.config_given import InvalidConfig
from lgtm.clock import NS_PER_S
from lgtm.model.labels import quote
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.parsing.durations import format_duration
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.config_discovery import NodesDiscovery
from lgtm.scrape.config_load import ScrapeFile, load_scrape_configs
from lgtm.scrape.section import InvalidScrapeConfig

OWN_JOB = "lgtm"
OWN_TIMEOUT_S_MAX = 10.0


@dataclass(slots=True, frozen=True)
class Jobs:
    """texts: each job as YAML. ignored: what the file has that is passed over, path and reason each. source: its text."""

    configs: tuple[ScrapeConfig, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    source: str = ""

    def of(self, tenant: Tenant, default: Tenant) -> dict[str, ScrapeConfig]:
        return {one.job_name: one for one in self.configs if (one.tenant or default) == tenant}


def read_jobs(config: Config) -> Jobs:
    """Raises InvalidConfig."""
    return jobs_of(config, read_source(config))


def read_source(config: Config) -> str:
    """The text of the file; empty without one. Raises InvalidConfig when it cannot be read."""
    file = config.scrape.config_file
    if not file:
        return ""
    try:
        return Path(file).read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidConfig(f"scrape.config_file: {file}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise InvalidConfig(f"scrape.config_file: {file}: not UTF-8 at byte {error.start}") from error


def jobs_of(config: Config, source: str) -> Jobs:
    """source: the text of the file. Raises InvalidConfig."""
    file = config.scrape.config_file
    try:
        found = load_scrape_configs(source, str(Path(file).parent)) if file else ScrapeFile()
    except InvalidScrapeConfig as error:
        raise InvalidConfig(f"{file}: {error}") from error
    if problems := list(_problems(config, found.jobs)):
        raise InvalidConfig(*(f"{file}: {problem}" for problem in problems))
    own = _own_job(config)
    return Jobs((*found.jobs, *own), {**found.texts, **{one.job_name: _text(one) for one in own}}, found.ignored, source)


def tenant_of_jobs(config: Config) -> Tenant:
    """Of those that name none."""
    return Tenant(config.scrape.tenant) if config.scrape.tenant else DEFAULT_TENANT


def _problems(config: Config, jobs: tuple[ScrapeConfig, ...]) -> Iterator[str]:
    for at, job in enumerate(jobs):
        path = f"scrape_configs[{at}]"
        if config.self_telemetry.metrics and job.job_name == OWN_JOB:
            yield f"{path}.job_name: {quote(OWN_JOB)} is the job that self_telemetry.metrics makes; choose another name, or switch that off"
        if config.auth_enabled and not (job.tenant or config.scrape.tenant):
            yield f"{path}.tenant: is missing: auth_enabled is on, so say whose the samples are, here or for all jobs in scrape.tenant"
        if not config.auth_enabled and job.tenant not in ("", DEFAULT_TENANT):
            yield f"{path}.tenant: is {job.tenant}, which nobody can ask for while auth_enabled is off"


def _own_job(config: Config) -> tuple[ScrapeConfig, ...]:
    settings = config.self_telemetry
    if not settings.metrics:
        return ()
    interval_ns = int(settings.metrics_interval_s * NS_PER_S)
    timeout_ns = min(interval_ns, int(OWN_TIMEOUT_S_MAX * NS_PER_S))
    job = ScrapeConfig(
        job_name=OWN_JOB, tenant=config.own_tenant, interval_ns=interval_ns, timeout_ns=timeout_ns, discoveries=(NodesDiscovery(),)
    )  # fmt: skip
    return (job,)


def _text(job: ScrapeConfig) -> str:
    return f"# the nodes of this store, by self_telemetry.metrics\njob_name: {job.job_name}\nscrape_interval: {format_duration(job.interval_ns)}\n"
