"""The statistics block has every key that Loki writes."""

from __future__ import annotations

import dataclasses

from api.loki.query_server import FakeStats
from lgtm.api.loki.stats import stats_block


def test_the_summary_says_what_was_read_and_how_fast() -> None:
    assert stats_block(FakeStats())["summary"] == {
        "bytesProcessedPerSecond": 200,
        "linesProcessedPerSecond": 20,
        "totalBytesProcessed": 100,
        "totalLinesProcessed": 10,
        "execTime": 0.5,
        "queueTime": 0.25,
        "subqueries": 0,
        "splits": 1,
        "shards": 0,
        "totalEntriesReturned": 2,
        "totalPostFilterLines": 5,
        "totalStructuredMetadataBytesProcessed": 0,
    }


def test_a_query_that_took_no_time_has_no_rate() -> None:
    assert stats_block(FakeStats(exec_s=0.0))["summary"]["bytesProcessedPerSecond"] == 0


def test_what_was_read_is_told_of_one_side_only() -> None:
    in_memory, in_blocks = stats_block(FakeStats()), stats_block(dataclasses.replace(FakeStats(), blocks=2))
    sides = [(each["ingester"]["store"]["chunk"], each["querier"]["store"]["chunk"]) for each in (in_memory, in_blocks)]
    assert [(a["decompressedLines"], b["decompressedLines"]) for a, b in sides] == [(10, 0), (0, 10)]


def test_every_part_that_loki_writes_is_there() -> None:
    block = stats_block(FakeStats())
    assert list(block) == ["summary", "querier", "ingester", "cache", "index"]
    assert len(block["cache"]) == 10
    assert all(len(each) == 8 for each in block["cache"].values())
    assert block["querier"]["store"].keys() == block["ingester"]["store"].keys()
