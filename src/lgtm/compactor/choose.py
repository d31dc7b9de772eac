"""Which blocks are merged: pure, from what their metas say.

    copies    blocks of a date that share parts: both replicas flushed them; merged whatever their size, because each query pays for copies
    level     fan_in blocks of one level, neighbours in time: each row is rewritten once a level, so log(fan_in) of the number of flushes
    closed    all small blocks of a date that is over; the ids of their parts, of which there are many, are forgotten

Everything else stays as it is. The same metas give the same jobs, so two nodes that both think a tenant is theirs publish the same blocks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lgtm.blocks.layout import day_of_date
from lgtm.blocks.lineage import parts_of
from lgtm.blocks.meta import BlockMeta
from lgtm.clock import NS_PER_S
from lgtm.compactor.config import CompactorConfig
from lgtm.model.limits import DAY_NS


@dataclass(slots=True, frozen=True)
class Job:
    """blocks: two or more of one tenant, signal and date. reason: copies, level or closed."""

    blocks: tuple[BlockMeta, ...]
    reason: str

    @property
    def nbytes(self) -> int:
        return sum(block.nbytes for block in self.blocks)


def choose(blocks: Iterable[BlockMeta], now_ns: int, config: CompactorConfig) -> list[Job]:
    """Jobs for the visible blocks of one tenant and signal; no block is in two of them. Oldest date first."""
    dates: dict[str, list[BlockMeta]] = defaultdict(list)
    for block in blocks:
        dates[block.identity.date].append(block)
    return [job for date in sorted(dates) for job in _of_date(dates[date], date, now_ns, config)]


def _of_date(blocks: Sequence[BlockMeta], date: str, now_ns: int, config: CompactorConfig) -> list[Job]:
    in_time = sorted(blocks, key=lambda block: (block.min_ns, block.block_id))
    copies = list(_sharing_parts(in_time))
    jobs = [Job(tuple(group), "copies") for group in copies]
    taken = {block.block_id for group in copies for block in group}
    small = [block for block in in_time if block.block_id not in taken and 2 * block.nbytes <= config.block_bytes_max]
    if _is_closed(blocks, date, now_ns, config):
        return jobs + [Job(tuple(group), "closed") for group in _packed(small, config.block_bytes_max, len(small)) if len(group) > 1]
    return jobs + [Job(tuple(group), "level") for group in _full_levels(small, config)]


def _is_closed(blocks: Sequence[BlockMeta], date: str, now_ns: int, config: CompactorConfig) -> bool:
    ended_ns = (day_of_date(date) + 1) * DAY_NS
    quiet_since_ns = max(ended_ns, *(block.created_ns for block in blocks))
    return now_ns - quiet_since_ns >= config.closed_after_s * NS_PER_S


def _sharing_parts(blocks: Sequence[BlockMeta]) -> Iterator[list[BlockMeta]]:
    """Groups of blocks in which each shares a part with another one of the group."""
    groups: list[list[BlockMeta]] = []
    for block in blocks:
        mine = parts_of([block])
        joined = [group for group in groups if mine.overlaps(parts_of(group))]
        groups = [group for group in groups if group not in joined]
        groups.append([*(one for group in joined for one in group), block])
    yield from (group for group in groups if len(group) > 1)


def _full_levels(small: Sequence[BlockMeta], config: CompactorConfig) -> Iterator[list[BlockMeta]]:
    levels: dict[int, list[BlockMeta]] = defaultdict(list)
    for block in small:
        levels[block.identity.level].append(block)
    for level in sorted(levels):
        for group in _packed(levels[level], config.block_bytes_max, config.fan_in):
            is_full = len(group) >= config.fan_in or sum(block.nbytes for block in group) * 2 > config.block_bytes_max
            if is_full and len(group) > 1:
                yield group


def _packed(blocks: Sequence[BlockMeta], bytes_max: int, count_max: int) -> Iterator[list[BlockMeta]]:
    """The blocks in groups of neighbours, none with more than bytes_max bytes or count_max blocks unless it is one block."""
    group: list[BlockMeta] = []
    nbytes = 0
    for block in blocks:
        if group and (nbytes + block.nbytes > bytes_max or len(group) >= count_max):
            yield group
            group, nbytes = [], 0
        group.append(block)
        nbytes += block.nbytes
    if group:
        yield group
