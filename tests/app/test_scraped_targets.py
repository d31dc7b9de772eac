"""What several nodes know of targets, put together."""

from __future__ import annotations

from dataclasses import replace

from lgtm.api.prometheus.scraping import ActiveTarget
from lgtm.app.scraped_targets import decode_scraped, encode_scraped, targets_of
from lgtm.clock import NS_PER_S, ManualClock
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.loop import TargetLoop, TargetState
from lgtm.scrape.pool import PoolView
from lgtm.scrape.target import build_target
from lgtm.wire.decoded_samples import Metadata
from scrape.fakes import Pages, Remembered, loop_parts

JOB = ScrapeConfig(job_name="j")
MS = (Metadata("m", "counter", "Ms.", ""),)


def loop(address: str, state: TargetState) -> TargetLoop:
    clock = ManualClock()
    target = build_target(JOB, {"__address__": address, "__meta_x": "é"})
    assert target is not None
    return TargetLoop(JOB, target, loop_parts(clock, Pages(clock), Remembered()), state=state)


def view(here: TargetState, elsewhere: TargetState) -> PoolView:
    """Of target `a`, which is scraped here, and `b`, which is not."""
    return PoolView(JOB, (loop("a", here),), ((("__address__", "c"),),), 5, (loop("b", elsewhere),))


def health(targets: list[ActiveTarget]) -> dict[str, str]:
    return {dict(target.labels)["instance"]: target.health for target in targets}


SCRAPED = TargetState("up", "", 3 * NS_PER_S, NS_PER_S // 4, MS)


def test_a_node_tells_of_all_targets_and_how_those_do_that_it_scrapes() -> None:
    told = targets_of([view(SCRAPED, TargetState())])
    assert (told.pools, told.dropped_counts, [one.discovered for one in told.dropped]) == (["j"], {"j": 5}, [(("__address__", "c"),)])
    first, second = told.active
    assert (first.pool, first.url, first.health, first.last_scrape_ns, first.last_scrape_s) == ("j", "http://a/metrics", "up", 3 * NS_PER_S, 0.25)
    assert (second.url, second.health, second.last_scrape_ns) == ("http://b/metrics", "unknown", None)


def test_what_another_node_says_arrives_as_it_was() -> None:
    here = view(SCRAPED, TargetState())
    told = decode_scraped(encode_scraped([here], metadata=True))
    assert told == targets_of([here]).active[:1], "what was never scraped there is not told"
    assert decode_scraped(encode_scraped([here], metadata=False)) == [replace(told[0], metadata=())]


def test_the_latest_scrape_of_a_target_counts() -> None:
    before, later = TargetState("down", "away", NS_PER_S), TargetState("up", "", 2 * NS_PER_S)
    other = decode_scraped(encode_scraped([view(before, later)], metadata=False))
    assert health(list(targets_of([view(TargetState(), before)], other).active)) == {"a": "down", "b": "up"}
    assert health(list(targets_of([view(later, TargetState())], other).active)) == {"a": "up", "b": "up"}


def test_a_target_that_only_another_node_has_found_yet_is_told() -> None:
    other = decode_scraped(encode_scraped([view(SCRAPED, TargetState())], metadata=False))
    assert health(list(targets_of([], other).active)) == {"a": "up"}


def test_errors_that_no_json_can_hold_are_told_all_the_same() -> None:
    told = decode_scraped(encode_scraped([view(TargetState("down", "bad \udcff", NS_PER_S), TargetState())], metadata=False))
    assert told[0].last_error == "bad ?"
