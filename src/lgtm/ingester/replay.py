"""Replay: the records of earlier processes become the generations that those processes had.

Frames that are damaged never come this far. What does is checked again as a part; one that is not is counted, reported and skipped, so that one bad
record never stops a start. It is set aside first, because the segment that holds it is deleted once its other rows are in blocks: it may be an
acknowledged part in the form of a newer version.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from lgtm.errors import Corruption
from lgtm.ingester.generation import Generation
from lgtm.ingester.records import KIND_ALONE, KIND_GENERATION, Alone, split_record
from lgtm.model.part import Part
from lgtm.telemetry import event
from lgtm.wire.part import decode_part

logger = logging.getLogger(__name__)

SetAside = Callable[[int, memoryview], str]
"""Segment and bytes of a record → where they were put."""
IsPrimary = Callable[[Part], bool]
"""Whether it falls to this node to bring a part into a block."""


@dataclass(slots=True)
class Replayed:
    """Generations in order, all sealed. repeated_parts: those found twice, of which the first counts."""

    generations: list[Generation] = field(default_factory=list)
    row_count: int = 0
    part_count: int = 0
    repeated_parts: int = 0
    malformed_records: int = 0
    unlabelled_series: int = 0


def replay(
    records: Iterable[tuple[int, memoryview]], *, wal_id: str, now_ns: int, set_aside: SetAside, is_primary: IsPrimary = lambda _: True
) -> Replayed:
    """records: (segment, payload) in the order of the log. now_ns: monotonic. set_aside: called with the segment and the bytes of a record that
    cannot be read; returns once they are durable. Blocks: CPU and disk."""
    found = Replayed()
    for segment, data in records:
        try:
            kind, payload = split_record(data)
            if kind == KIND_GENERATION:
                _open(found, wal_id, int(bytes(payload)), now_ns)
            elif kind == KIND_ALONE:
                _remember(found, Alone.from_bytes(bytes(payload)))
            else:
                _add(found, wal_id, segment, decode_part(payload), now_ns, is_primary)
        except (Corruption, ValueError) as error:
            found.malformed_records += 1
            place = set_aside(segment, data)
            event(logger, logging.ERROR, "set aside a record of the log that cannot be read", segment=segment, place=place, error=str(error))
    found.generations = [generation for generation in found.generations if generation.row_count]
    for generation in found.generations:
        generation.seal(now_ns)
    return found


def _open(found: Replayed, wal_id: str, number: int, now_ns: int) -> None:
    if not found.generations or found.generations[-1].number < number:
        found.generations.append(Generation(wal_id, number, now_ns, now_ns))


def _remember(found: Replayed, alone: Alone) -> None:
    """Of a part whose generation is stored already nothing needs to be known."""
    for generation in found.generations:
        if generation.has(alone.part):
            generation.is_alone(alone.homes, alone.rows)


def _add(found: Replayed, wal_id: str, segment: int, part: Part, now_ns: int, is_primary: IsPrimary) -> None:
    if not found.generations:
        # The mark itself was damaged, or its segment is gone.
        _open(found, wal_id, segment, now_ns)
    generation = found.generations[-1]
    if unlabelled := generation.head(part.batch.tenant, part.batch.signal).missing(part.batch):
        # The frame with the labels was damaged. The rows are kept, and whoever has the other copy still has to bring it into a block.
        found.unlabelled_series += len(unlabelled)
        part = replace(part, id=part.id.of_remains(), owners=())
    if any(generation.holds(part) for generation in found.generations):
        found.repeated_parts += 1
        return
    generation.add(part, primary=is_primary(part))
    found.row_count += len(part.batch)
    found.part_count += 1
