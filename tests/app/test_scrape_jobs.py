"""What a node scrapes, from its settings and the file that they name."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.nodes import config_in
from lgtm.app.config import Config
from lgtm.app.config_given import InvalidConfig
from lgtm.app.scrape_jobs import Jobs, read_jobs, tenant_of_jobs
from lgtm.clock import NS_PER_S
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.scrape.config_discovery import FileDiscovery, NodesDiscovery

ON, AUTH = {"self_telemetry__metrics": "true"}, {"auth_enabled": "true"}


def config_with(directory: Path, text: str, **settings: str) -> Config:
    file = directory / "prometheus.yml"
    file.write_text(text, encoding="utf-8")
    return config_in(directory / "data", scrape__config_file=str(file), **settings)


def test_by_default_nothing_is_scraped(tmp_path: Path) -> None:
    assert read_jobs(config_in(tmp_path)) == Jobs()


def test_jobs_are_those_of_the_file_and_names_in_it_are_relative_to_it(tmp_path: Path) -> None:
    text = "rule_files: [x]\nscrape_configs: [{job_name: j, file_sd_configs: [{files: [t.json]}]}]"
    jobs = read_jobs(config_with(tmp_path, text))
    (job,) = jobs.configs
    assert job.discoveries == (FileDiscovery(files=(str(tmp_path / "t.json"),)),)
    assert (list(jobs.texts), jobs.ignored, jobs.source) == (["j"], ("rule_files: no rules are evaluated here",), text)


def test_the_nodes_themselves_are_a_job_of_the_tenant_of_their_telemetry(tmp_path: Path) -> None:
    jobs = read_jobs(config_with(tmp_path, "scrape_configs: [{job_name: j}]", **ON, self_telemetry__metrics_interval_s="5"))
    job = jobs.configs[1]
    assert (job.job_name, job.tenant, job.interval_ns, job.timeout_ns) == ("lgtm", DEFAULT_TENANT, 5 * NS_PER_S, 5 * NS_PER_S)
    assert job.discoveries == (NodesDiscovery(),)
    assert "scrape_interval: 5s" in jobs.texts["lgtm"]
    (alone,) = read_jobs(config_in(tmp_path, **ON, **AUTH)).configs
    assert (alone.tenant, alone.interval_ns, alone.timeout_ns) == ("lgtm", 15 * NS_PER_S, 10 * NS_PER_S)


def test_jobs_belong_to_the_tenant_that_they_or_the_settings_name(tmp_path: Path) -> None:
    config = config_with(tmp_path, "scrape_configs: [{job_name: a, tenant: team-a}, {job_name: b}]", **AUTH, scrape__tenant="team-b")
    jobs = read_jobs(config)
    assert {tenant: list(jobs.of(Tenant(tenant), tenant_of_jobs(config))) for tenant in ("team-a", "team-b", "fake")} == {
        "team-a": ["a"],
        "team-b": ["b"],
        "fake": [],
    }


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("scrape_configs: [{job_name: j, scheme: gopher}]", {}, 'prometheus.yml: scrape_configs[0].scheme: "gopher" is none of http, https'),
        ("scrape_configs: [{job_name: lgtm}]", ON, 'scrape_configs[0].job_name: "lgtm" is the job that self_telemetry.metrics makes'),
        ("scrape_configs: [{job_name: j}]", AUTH, "scrape_configs[0].tenant: is missing: auth_enabled is on"),
        ("scrape_configs: [{job_name: j, tenant: t}]", {}, "scrape_configs[0].tenant: is t, which nobody can ask for"),
    ],
)
def test_what_does_not_go_is_refused_with_file_and_path(tmp_path: Path, text: str, settings: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_jobs(config_with(tmp_path, text, **settings))
    assert message in str(raised.value)
    assert str(raised.value).startswith(str(tmp_path / "prometheus.yml"))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    config = config_with(tmp_path, "")
    (tmp_path / "prometheus.yml").write_bytes(b"\xff")
    with pytest.raises(InvalidConfig, match=r"scrape.config_file: .*prometheus.yml: not UTF-8 at byte 0"):
        read_jobs(config)
    (tmp_path / "prometheus.yml").unlink()
    with pytest.raises(InvalidConfig, match=r"scrape.config_file: .*prometheus.yml: No such file or directory"):
        read_jobs(config)


def test_every_problem_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidConfig) as raised:
        read_jobs(config_with(tmp_path, "scrape_configs: [{job_name: a, tenant: t}, {job_name: b, tenant: t}]"))
    assert len(raised.value.problems) == 2
