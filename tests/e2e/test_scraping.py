"""Nodes as processes that scrape: themselves, pages that change and go away, and targets that they share while one of them is killed."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from benchmarks.client import Client
from e2e.asking import eventually
from e2e.conftest import Start
from e2e.exposition import Exposition
from lgtm.cli.drill_faults import Fault
from lgtm.cli.local_nodes import LocalNode, make_nodes, running, wait_for_members

QUICK = {
    "ring.probe_interval_ms": "200",
    "ring.probe_timeout_ms": "100",
    "ring.gossip_interval_ms": "50",
    "ring.heartbeat_s": "0.4",
    "ring.heartbeat_timeout_s": "2",
}
"""What takes seconds by default takes tenths of them."""
TAKEN_OVER_S = 15.0
"""Until a target of a dead node is asked again: the members notice (a second or two), a handover (2 s), a look whose it is and an interval (1 s)."""


def values(client: Client, query: str) -> dict[str, float]:
    """Of an instant query, by instance."""
    found = client.get("/api/v1/query", query=query).json()["data"]["result"]
    return {each["metric"].get("instance", ""): float(each["value"][1]) for each in found}


def samples(client: Client, selector: str) -> dict[str, list[tuple[float, str]]]:
    """All samples of the last minutes, by instance."""
    found = client.get("/api/v1/query", query=f"{selector}[10m]").json()["data"]["result"]
    return {each["metric"]["instance"]: [(float(at), value) for at, value in each["values"]] for each in found}


def job(name: str, *groups: str, interval: str = "1s") -> str:
    return f"- {{job_name: {name}, scrape_interval: {interval}, static_configs: [{', '.join(groups)}]}}\n"


def test_a_node_scrapes_itself_and_a_page_that_changes_goes_and_comes_back(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    with Exposition({"/metrics": "a 1\nb 2\n"}) as page:
        file.write_text("scrape_configs:\n" + job("page", f"{{targets: ['{page.address}'], labels: {{instance: page}}}}"))
        node = start(settings={"scrape.config_file": str(file), "self_telemetry.metrics": "true", "self_telemetry.metrics_interval_s": "1"})

        def becomes(query: str, expected: dict[str, float]) -> None:
            eventually(lambda: values(node.client, query), is_right=lambda found: found == expected)

        becomes('up{job="lgtm"}', {node.http.removeprefix("http://"): 1})
        becomes('sgn(lgtm_ingester_head_rows{job="lgtm"})', {node.http.removeprefix("http://"): 1})
        becomes("a + b", {"page": 3})

        page.pages["/metrics"] = "a 5\n"
        becomes("b", {})
        becomes("a", {"page": 5})
        assert values(node.client, "max_over_time(b[5m])") == {"page": 2}, "it has ended, and is not forgotten"

        page.stop()
        becomes('up{job="page"}', {"page": 0})
        assert values(node.client, "a") == {}
        (target,) = [one for one in node.client.get("/api/v1/targets").json()["data"]["activeTargets"] if one["scrapePool"] == "page"]
        assert (target["health"], "refused" in target["lastError"]) == ("down", True)
        page.start()
        becomes('up{job="page"}', {"page": 1})
        becomes("a", {"page": 5})

        (times,) = samples(node.client, 'up{job="page"}').values()
        gaps = [round(later - before, 3) for (before, _), (later, _) in pairwise(times)]
        assert min(gaps) > 0.5, "each time of the grid has one sample"
        assert node.metric("lgtm_scrape_append_failures_total") == 0


def test_what_is_scraped_is_read_anew_at_a_signal_and_a_broken_file_changes_nothing(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "prometheus.yml"
    with Exposition({"/metrics": "a 1\n"}) as page:
        group = f"{{targets: ['{page.address}'], labels: {{instance: page}}}}"
        file.write_text("scrape_configs:\n" + job("one", group))
        node = start(settings={"scrape.config_file": str(file)})

        def pools(expected: list[str]) -> None:
            eventually(lambda: node.client.get("/api/v1/scrape_pools").json()["data"]["scrapePools"], is_right=lambda found: found == expected)

        pools(["one"])
        file.write_text("scrape_configs:\n" + job("one", group) + job("two", group))
        node.process.send_signal(signal.SIGHUP)
        pools(["one", "two"])
        eventually(lambda: values(node.client, 'up{job="two"}'), is_right=lambda found: found == {"page": 1})

        file.write_text("scrape_configs: [{job_name: one, scrape_intervall: 5s}]")
        answer = node.client.post("/-/reload", b"")
        assert (answer.status, b"did you mean scrape_interval?" in answer.body) == (500, True)
        assert node.metric("lgtm_scrape_config_last_reload_successful") == 0
        pools(["one", "two"])

        file.write_text("scrape_configs:\n" + job("two", group))
        pools(["two"])  # within seconds, since the file has changed
        assert node.metric("lgtm_scrape_config_last_reload_successful") == 1
        eventually(lambda: values(node.client, 'up{job="one"}'), is_right=lambda found: found == {})


TARGETS = [f"t{number}" for number in range(12)]


class Shared:
    """Three nodes that share twelve targets."""

    def __init__(self, nodes: Sequence[LocalNode], page: Exposition) -> None:
        self.nodes, self.page = nodes, page

    def ask(self, node: LocalNode, path: str, **parameters: object) -> Any:
        client = Client(node.addr, timeout_s=10.0)
        try:
            return client.get(path, **parameters)
        finally:
            client.close()

    def scraped_by(self, node: LocalNode) -> int:
        """How many targets the node asks."""
        lines = self.ask(node, "/metrics").body.decode().splitlines()
        return int(sum(float(line.split()[-1]) for line in lines if line.startswith("lgtm_scrape_targets") and ('"up"' in line or '"down"' in line)))

    def shares(self) -> dict[str, int]:
        return {node.name: self.scraped_by(node) for node in self.nodes}

    def asked_again(self, since_s: float) -> bool:
        return all(self.page.asked[f"/{name}"][-1:] > [since_s] for name in TARGETS)

    def wait(self, holds: Callable[[], bool], deadline_s: float) -> None:
        eventually(holds, deadline_s=deadline_s)

    def check(self, node: LocalNode) -> None:
        """No target was asked by two nodes, and each time of the grid has at most one sample of a series."""
        closest = {name: self.page.closest_s(f"/{name}") for name in TARGETS}
        assert min(closest.values()) > 0.5, closest
        client = Client(node.addr)
        for name in ("up", "value"):
            found = samples(client, f'{name}{{job="shared"}}')
            assert set(found) == set(TARGETS)
            for times in found.values():
                assert min(later - before for (before, _), (later, _) in pairwise(times)) > 0.5, times
        client.close()


@pytest.mark.long
@pytest.mark.parametrize("fault", [Fault.KILL, Fault.PAUSE])
def test_three_nodes_share_targets_and_those_of_one_that_is_gone_are_taken_over(tmp_path: Path, fault: Fault) -> None:
    """One that was stopped for longer than it takes to be declared dead does not scrape on when it goes on."""
    file = tmp_path / "prometheus.yml"
    with Exposition({f"/{name}": "value 1\n" for name in TARGETS}) as page:
        groups = [f"{{targets: ['{page.address}'], labels: {{instance: {name}, __metrics_path__: /{name}}}}}" for name in TARGETS]
        file.write_text("scrape_configs:\n" + job("shared", *groups))
        settings = QUICK | {"scrape.config_file": str(file), "self_telemetry.metrics": "true", "self_telemetry.metrics_interval_s": "1"}
        with running(make_nodes(tmp_path, 3, settings=settings)) as nodes:
            shared, began = Shared(nodes, page), time.monotonic()
            shared.wait(lambda: shared.asked_again(began + 2), 40)
            shares = eventually(shared.shares, is_right=lambda found: sum(found.values()) == len(TARGETS) + len(nodes))
            for node in nodes:
                active = shared.ask(node, "/api/v1/targets").json()["data"]["activeTargets"]
                assert len(active) == len(TARGETS) + len(nodes)
                assert {each["health"] for each in active} == {"up"}, "whichever node is asked"

            victim = max(nodes, key=shared.scraped_by)
            others = [node for node in nodes if node is not victim]
            gone = time.monotonic()
            if fault is Fault.KILL:
                victim.kill()
            else:
                victim.send(signal.SIGSTOP)
            shared.wait(lambda: shared.asked_again(gone + 2), TAKEN_OVER_S)
            taken_over_s = max(next(at for at in page.asked[f"/{name}"] if at > gone) for name in TARGETS) - gone
            print(f"shares {shares}, {fault} {victim.name}: all targets asked again after {taken_over_s:.1f} s")
            client, dead = Client(others[0].addr), victim.addr.removeprefix("http://")
            eventually(lambda: values(client, 'up{job="lgtm"}').get(dead), is_right=lambda found: found == 0)
            shared.check(others[1])

            if fault is Fault.KILL:
                victim.start()
                victim.wait_until_ready()
            else:
                victim.send(signal.SIGCONT)
            wait_for_members(list(nodes))
            eventually(lambda: shared.scraped_by(victim), is_right=lambda count: count > 1)
            eventually(lambda: values(client, 'up{job="lgtm"}').get(dead), is_right=lambda found: found == 1)
            back = time.monotonic()
            shared.wait(lambda: shared.asked_again(back + 2), TAKEN_OVER_S)
            for node in nodes:
                shared.check(node)
            client.close()
