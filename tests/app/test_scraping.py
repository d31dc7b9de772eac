"""Scraping as part of a node, on a clock and a network of the test's own: reloads, tenants, what is told of targets, what becomes of samples."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from app.nodes import config_in, until
from lgtm.api.prometheus.scraping import PoolNotFound
from lgtm.app.config_given import InvalidConfig
from lgtm.app.machine import Machine
from lgtm.app.scrape_jobs import read_jobs
from lgtm.app.scraping import LOOK_S, Scraping, Sharing
from lgtm.clock import ManualClock
from lgtm.distributor.refusals import Reason, Refusal, SamplesRefused, Written
from lgtm.errors import Unavailable
from lgtm.model.tenant import DEFAULT_TENANT, Tenant
from lgtm.wire.decoded_samples import DecodedSamples
from scrape.fakes import Pages, Remembered


class Network(Pages):
    closed = False

    async def close(self) -> None:
        self.closed = True


class Node:
    """Scrapes what `jobs` says, every 10 s. pushed: what came out. told_by_others: answers of other nodes to questions about targets."""

    def __init__(self, directory: Path, jobs: str, **settings: str) -> None:
        self.clock, self.pushed, self.registry = ManualClock(), Remembered(), CollectorRegistry()
        self.network = Network(self.clock)
        self.error: Exception | None = None
        self.told_by_others: list[bytes] = []
        self.file = directory / "prometheus.yml"
        self.write(jobs)
        config = config_in(directory / "data", scrape__config_file=str(self.file), **settings)
        machine, sharing = Machine(clock=self.clock, open_http=lambda: self.network), Sharing(lambda: ["n:1", "m:1"], ask=self._others)
        self.scraping = Scraping(config, read_jobs(config), self._push, machine, self.registry, sharing)

    def write(self, jobs: str) -> None:
        self.file.write_text(f"global: {{scrape_interval: 10s}}\nscrape_configs: [{jobs}]\n", encoding="utf-8")

    async def _push(self, tenant: Tenant, samples: DecodedSamples) -> None:
        if self.error is not None:
            raise self.error
        await self.pushed.append(tenant, samples)

    async def _others(self, question: bytes) -> Sequence[bytes]:
        return self.told_by_others

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Node]:
        task = asyncio.ensure_future(self.scraping.run())
        try:
            await self.clock.advance(0)
            yield self
        finally:
            task.cancel()
            await asyncio.wait([task])

    def told(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"lgtm_scrape_{name}", labels)

    async def urls(self, tenant: Tenant = DEFAULT_TENANT) -> dict[str, str]:
        """Of active targets, with their health."""
        return {target.url: target.health for target in (await self.scraping.targets(tenant)).active}


def static(name: str, *targets: str, **more: str) -> str:
    fields = "".join(f", {key}: {value}" for key, value in more.items())
    return f"{{job_name: {name}, static_configs: [{{targets: [{', '.join(targets)}]}}]{fields}}}"


async def test_samples_go_to_the_tenant_and_targets_are_told_of_to_that_tenant_alone(tmp_path: Path) -> None:
    jobs = f"{static('j', 'a')}, {static('k', 'b', tenant='team-b')}"
    async with Node(tmp_path, jobs, auth_enabled="true", scrape__tenant="team-a").running() as node:
        await node.clock.advance(10)
        assert set(node.pushed.tenants) == {"team-a", "team-b"}
        assert await node.urls(Tenant("team-a")) == {"http://a/metrics": "up"}
        assert await node.urls(Tenant("team-b")) == {"http://b/metrics": "up"}
        assert await node.urls() == {}
        assert node.scraping.pool_config(Tenant("team-b"), "k").startswith("job_name: k\n")
        steps = node.scraping.relabel_steps(Tenant("team-a"), "j", {"__address__": "a"})
        assert list(steps) == []
        with pytest.raises(PoolNotFound, match='scrape pool "k" not found'):
            node.scraping.pool_config(Tenant("team-a"), "k")
    assert node.network.closed


async def test_targets_are_counted_by_state(tmp_path: Path) -> None:
    async with Node(tmp_path, static("j", "a", "b")).running() as node:
        assert (node.told("targets", state="unknown"), node.told("targets", state="up")) == (2, 0)
        await node.clock.advance(10)
        assert (node.told("targets", state="unknown"), node.told("targets", state="up")) == (0, 2)
        assert node.told("scrapes_total", outcome="ok") == 2


async def test_a_changed_file_is_read_anew_and_what_stays_goes_on(tmp_path: Path) -> None:
    async with Node(tmp_path, static("j", "a")).running() as node:
        before, hash_ = node.told("config_last_reload_success_timestamp_seconds"), node.told("config_hash")
        node.write(f"{static('j', 'a')}, {static('k', 'b')}")
        await node.clock.advance(LOOK_S)
        await until(lambda: node.told("config_last_reload_success_timestamp_seconds") != before)
        await node.clock.advance(10)
        assert await node.urls() == {"http://a/metrics": "up", "http://b/metrics": "up"}
        assert node.told("config_hash") != hash_
        assert node.scraping.reloaded().is_well


async def test_a_broken_file_leaves_everything_as_it_was_and_says_so_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with Node(tmp_path, static("j", "a")).running() as node:
        hash_ = node.told("config_hash")
        node.write("{job_name: j, scheme: gopher}")
        for _ in range(3):
            await node.clock.advance(LOOK_S)
            await until(lambda: node.told("config_last_reload_successful") == 0)
        assert not node.scraping.reloaded().is_well
        assert await node.urls() == {"http://a/metrics": "up"}
        assert (node.told("config_hash"), [one.levelname for one in caplog.records]) == (hash_, ["ERROR"])
        with pytest.raises(InvalidConfig, match="gopher"):
            await node.scraping.reload()
        node.file.unlink()
        with pytest.raises(InvalidConfig, match="No such file"):
            await node.scraping.reload()
        node.write(static("j", "a"))
        await node.scraping.reload()
        assert node.told("config_last_reload_successful") == 1


async def test_a_hint_is_enough_for_a_reload_and_failures_are_only_logged(tmp_path: Path) -> None:
    async with Node(tmp_path, static("j", "a")).running() as node:
        for jobs, is_well in (("{}", 0), (static("j", "c"), 1)):
            node.write(jobs)
            node.scraping.hurry()
            await until(lambda is_well=is_well: node.told("config_last_reload_successful") == is_well)  # type: ignore[misc]
        await node.clock.advance(0)
        assert await node.urls() == {"http://c/metrics": "unknown"}


async def test_what_is_passed_over_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    node = Node(tmp_path, static("j", "a"))
    node.file.write_text("rule_files: [x]\n", encoding="utf-8")
    await node.scraping.reload()
    fields: list[Any] = [getattr(record, "fields", {}) for record in caplog.records]
    assert [one["part"] for one in fields if "part" in one] == ["rule_files: no rules are evaluated here"]


async def test_the_nodes_themselves_are_targets(tmp_path: Path) -> None:
    async with Node(tmp_path, "", self_telemetry__metrics="true").running() as node:
        assert await node.urls() == {"http://m:1/metrics": "unknown", "http://n:1/metrics": "unknown"}


async def test_other_nodes_are_asked_how_their_targets_do(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    node, other = Node(tmp_path, static("j", "a")), Node(tmp_path / "other", static("j", "a"))
    async with node.running(), other.running():
        await other.clock.advance(10)
        assert await node.urls() == {"http://a/metrics": "unknown"}
        node.told_by_others = [await other.scraping.tell(b'{"tenant": "fake", "metadata": false}')]
        assert await node.urls() == {"http://a/metrics": "up"}


async def test_refused_samples_do_not_fail_a_scrape(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async with Node(tmp_path, static("j", "a")).running() as node:
        node.error = SamplesRefused([Refusal(Reason.MISSING_LABELS, "too far ahead", 1, 0)], Written())
        await node.clock.advance(10)
        assert node.told("append_failures_total") == 0
        (target,) = (await node.scraping.targets(DEFAULT_TENANT)).active
        assert (target.health, target.last_error) == ("up", "samples were refused: too far ahead")
        assert "samples of a target were refused" in caplog.text


@pytest.mark.parametrize("error", [Unavailable("no room"), ZeroDivisionError()])
async def test_samples_that_are_not_stored_are_lost_and_counted_and_the_next_scrape_is_another(tmp_path: Path, error: Exception) -> None:
    async with Node(tmp_path, static("j", "a")).running() as node:
        node.error = error
        await node.clock.advance(10)
        assert node.told("append_failures_total") == 1
        assert "samples were not stored" in (await node.scraping.targets(DEFAULT_TENANT)).active[0].last_error
        node.error = None
        await node.clock.advance(10)
        assert node.pushed.of("m{a}") == [1.0]
