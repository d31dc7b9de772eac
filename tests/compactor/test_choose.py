from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.blocks.layout import date_of
from lgtm.blocks.lineage import compacted_identity
from lgtm.blocks.meta import BlockFile, BlockMeta, PartInterval
from lgtm.clock import NS_PER_S
from lgtm.compactor.choose import choose
from lgtm.compactor.config import CompactorConfig
from lgtm.model.limits import DAY_NS, HOUR_NS
from support.blocks import DAY_START_NS, identity

CONFIG = CompactorConfig(fan_in=4, block_bytes_max=1_000, closed_after_s=3_600)
DAY_END_NS = DAY_START_NS + DAY_NS
NOON_NS = DAY_START_NS + 12 * HOUR_NS


def block(
    number: int, *, nbytes: int = 10, day: int = 0, level: int = 0, created_ns: int = DAY_START_NS, parts: tuple[int, int] | None = None
) -> BlockMeta:
    """The number-th block of a day; it spans one second. parts: first and last sequence; None: some of its own."""
    start = DAY_START_NS + day * DAY_NS + number * NS_PER_S
    of = identity(date_of(start), generation=number)
    if parts is not None:
        of = replace(of, parts=(PartInterval(b"w" * 16, 1, *parts),))
    files = {"rows.parquet": BlockFile("x/rows.parquet", nbytes, "", "")}
    return BlockMeta(replace(of, level=level), 1, 1, start, start + NS_PER_S - 1, 1, 0, (), (), False, "x", files, created_ns)


def merged(blocks: tuple[BlockMeta, ...], nbytes: int, created_ns: int) -> BlockMeta:
    of = compacted_identity(blocks)
    files = {"rows.parquet": BlockFile("x/rows.parquet", nbytes, "", "")}
    return replace(
        blocks[0], identity=of, min_ns=min(b.min_ns for b in blocks), max_ns=max(b.max_ns for b in blocks), files=files, created_ns=created_ns
    )


SEQUENCES = st.none() | st.tuples(st.integers(0, 50), st.integers(50, 99))
BLOCKS = st.lists(st.tuples(st.integers(0, 1), st.integers(1, 1_500), st.integers(0, 2), SEQUENCES), max_size=30).map(
    lambda found: [block(n, day=day, nbytes=nbytes, level=level, parts=parts) for n, (day, nbytes, level, parts) in enumerate(found)]
)


@given(BLOCKS, st.sampled_from([NOON_NS, DAY_END_NS + HOUR_NS, DAY_END_NS + 2 * DAY_NS]), st.randoms())
def test_jobs_are_of_two_blocks_or_more_of_one_date_and_share_none(blocks: list[BlockMeta], now_ns: int, rng: object) -> None:
    jobs = choose(blocks, now_ns, CONFIG)
    assert all(len(job.blocks) > 1 and len({b.identity.date for b in job.blocks}) == 1 for job in jobs)
    ids = [b.block_id for job in jobs for b in job.blocks]
    assert len(ids) == len(set(ids))
    shuffled = list(blocks)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    assert choose(shuffled, now_ns, CONFIG) == jobs, "the same blocks are the same jobs, whoever looks"


@given(BLOCKS)
def test_only_copies_make_blocks_larger_than_allowed(blocks: list[BlockMeta]) -> None:
    for job in choose(blocks, DAY_END_NS + 2 * DAY_NS, CONFIG):
        assert job.reason == "copies" or job.nbytes <= CONFIG.block_bytes_max


def test_a_level_is_merged_when_it_is_full() -> None:
    blocks = [block(n) for n in range(3)]
    assert choose(blocks, NOON_NS, CONFIG) == []
    (job,) = choose([*blocks, block(3), block(4, level=1)], NOON_NS, CONFIG)
    assert (job.reason, [b.identity.level for b in job.blocks]) == ("level", [0, 0, 0, 0])


def test_a_few_blocks_that_make_a_large_one_are_merged_before_the_level_is_full() -> None:
    (job,) = choose([block(n, nbytes=300) for n in range(3)], NOON_NS, CONFIG)
    assert job.nbytes == 900


def test_large_blocks_are_left_alone() -> None:
    assert choose([block(n, nbytes=501) for n in range(10)], DAY_END_NS + DAY_NS, CONFIG) == []


def test_a_date_that_is_over_becomes_as_few_blocks_as_allowed() -> None:
    blocks = [block(n, nbytes=400, level=n % 2) for n in range(3)]
    before, after = DAY_END_NS + CONFIG.closed_after_s * NS_PER_S - 1, DAY_END_NS + CONFIG.closed_after_s * NS_PER_S
    assert not any(job.reason == "closed" for job in choose(blocks, before, CONFIG))
    assert [(job.reason, len(job.blocks)) for job in choose(blocks, after, CONFIG)] == [("closed", 2)]


def test_a_date_that_still_gets_blocks_is_not_over() -> None:
    blocks = [block(0), block(1, created_ns=DAY_END_NS + DAY_NS)]
    assert choose(blocks, DAY_END_NS + DAY_NS + HOUR_NS - 1, CONFIG) == []
    assert len(choose(blocks, DAY_END_NS + DAY_NS + HOUR_NS, CONFIG)) == 1


def test_copies_are_merged_at_once_whatever_their_size() -> None:
    blocks = [block(0, nbytes=900, parts=(0, 9)), block(1, nbytes=900, parts=(9, 12)), block(2, nbytes=900, parts=(20, 30)), block(3, parts=(12, 12))]
    (job,) = choose(blocks, NOON_NS, CONFIG)
    assert (job.reason, {b.block_id for b in job.blocks}) == ("copies", {blocks[at].block_id for at in (0, 1, 3)})


@pytest.mark.parametrize("flushes", [24, 500])
def test_a_day_of_small_flushes_rewrites_each_row_few_times_and_ends_as_one_block(flushes: int) -> None:
    blocks: list[BlockMeta] = []
    rewritten = most = 0
    for number in range(flushes):
        blocks.append(block(number, nbytes=1))
        while jobs := choose(blocks, NOON_NS, CONFIG):
            for job in jobs:
                rewritten += job.nbytes
                blocks = [b for b in blocks if b not in job.blocks] + [merged(job.blocks, job.nbytes, NOON_NS)]
        most = max(most, len(blocks))
    assert most <= 4 * 5, "as many as the levels have room for"
    assert rewritten <= flushes * 5, "once a level"
    jobs = choose(blocks, DAY_END_NS + DAY_NS, CONFIG)
    assert len(blocks) == 1 or (len(jobs) == 1 and len(jobs[0].blocks) == len(blocks))
