from __future__ import annotations

from lgtm.ingester.records import KIND_ALONE, KIND_GENERATION, KIND_PART, Alone, record
from lgtm.ingester.replay import Replayed, replay
from lgtm.model.part import Part
from lgtm.wire.part import encode_part
from support.parts import part


def logged(one: Part) -> memoryview:
    return memoryview(b"".join(record(KIND_PART, encode_part(one))))


def mark(number: int) -> memoryview:
    return memoryview(b"".join(record(KIND_GENERATION, b"%d" % number)))


def replayed(*records: tuple[int, memoryview], aside: list[tuple[int, bytes]] | None = None) -> Replayed:
    kept: list[tuple[int, bytes]] = [] if aside is None else aside

    def set_aside(segment: int, data: memoryview) -> str:
        kept.append((segment, bytes(data)))
        return "aside"

    return replay(records, wal_id="w", now_ns=0, set_aside=set_aside)


def test_generations_are_those_that_the_marks_say() -> None:
    found = replayed((3, mark(3)), (3, logged(part(0, ["a"]))), (4, logged(part(1, ["b"]))), (5, mark(5)), (5, logged(part(2, ["c"]))))

    assert [(g.number, g.row_count, g.sealed) for g in found.generations] == [(3, 2, True), (5, 1, True)]
    assert (found.row_count, found.part_count) == (3, 3)


def test_without_a_mark_the_segment_of_the_first_record_names_the_generation() -> None:
    assert [g.number for g in replayed((7, logged(part(0, ["a"])))).generations] == [7]


def test_a_generation_without_rows_is_none() -> None:
    assert replayed((3, mark(3)), (4, mark(4))).generations == []


def test_a_part_found_twice_counts_once_even_across_generations() -> None:
    found = replayed((1, mark(1)), (1, logged(part(0, ["a"]))), (1, logged(part(0, ["a"]))), (2, mark(2)), (2, logged(part(0, ["a"]))))

    assert found.row_count == 1
    assert found.repeated_parts == 2


def test_a_record_that_cannot_be_read_is_set_aside_and_counted() -> None:
    noise, no_part, aside = b"noise", b"".join(record(KIND_PART, b"noise")), list[tuple[int, bytes]]()
    found = replayed((1, mark(1)), (1, memoryview(noise)), (1, memoryview(no_part)), (1, logged(part(0, ["a"]))), aside=aside)

    assert aside == [(1, noise), (1, no_part)]
    assert found.malformed_records == 2
    assert found.row_count == 1


def test_rows_whose_labels_were_lost_do_not_stand_for_the_part() -> None:
    """The other node that holds the part must still bring it into a block."""
    lost = part(0, ["a"], labels=False)
    later = part(1, ["b"], labels=False)
    (generation,) = replayed((1, mark(1)), (1, logged(lost)), (1, logged(later))).generations
    assert not generation.has(lost.id)
    assert not generation.has(later.id), "the placeholder of the first one is no knowledge"
    assert generation.has(lost.id.of_remains())
    assert generation.primaries().covers(generation.uncovered())


def test_what_no_other_node_has_is_remembered() -> None:
    first, second = part(0, ["a"]), part(1, ["b", "c"])
    alone = [record(KIND_ALONE, Alone(each.id, homes, len(each.batch)).to_bytes()) for each, homes in ((first, 1), (second, 2))]
    stored = record(KIND_ALONE, Alone(part(9, ["x"]).id, 1, 1).to_bytes())
    records = [(1, mark(1)), (1, logged(first)), (2, mark(2)), (2, logged(second)), *((2, memoryview(b"".join(one))) for one in (*alone, stored))]
    generations = replayed(*records).generations
    assert [(each.single_copy_rows, each.spilled_rows) for each in generations] == [(1, 0), (0, 2)]


def test_rows_whose_labels_were_lost_are_kept_and_counted() -> None:
    found = replayed((1, mark(1)), (1, logged(part(0, ["a"], labels=False))))

    assert found.row_count == 1
    assert found.unlabelled_series == 1
