"""What lies in a directory is told as it is: sound blocks with their figures, damaged ones with the file and the reason, and nothing is touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.inspect import inspect_block
from lgtm.blocks.layout import META_FILE, ROWS_FILE, SERIES_FILE, TOMBSTONE_FILE, TRACES_FILE
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.writer import WrittenBlock
from support.blocks import DAY_START_NS, day_of_entries, without_index, written, written_spans
from support.spans import span


@pytest.fixture
def block(tmp_path: Path) -> Path:
    """The directory of a block of 40 entries of three streams, as an object store of files has it."""
    made = written(day_of_entries(), tmp_path / "flush")
    return in_store(made, made.meta, tmp_path / "store")


def in_store(block: WrittenBlock, meta: BlockMeta, store: Path) -> Path:
    directory = store / meta.path
    for name, file in meta.files.items():
        target = directory / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        block.files[name].rename(target)
    (directory / META_FILE).write_bytes(meta.to_json())
    return directory


def contents(directory: Path) -> dict[str, bytes]:
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in directory.rglob("*") if path.is_file()}


def meta_of(directory: Path) -> BlockMeta:
    return BlockMeta.from_json((directory / META_FILE).read_bytes(), name=META_FILE)


def change_meta(directory: Path, old: str, new: str) -> None:
    path = directory / META_FILE
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.mark.parametrize("name", ["", META_FILE])
def test_a_sound_block_is_described_without_touching_it(block: Path, name: str) -> None:
    before = contents(block)
    description = inspect_block(block / name)
    facts = description.as_json()
    assert contents(block) == before
    assert facts["damage"] == facts["strangers"] == []
    assert not facts["is_deleted"]
    assert (facts["row_count"], facts["series_count"], facts["min_ns"]) == (40, 3, DAY_START_NS)
    assert [(one["labels"]["app"], one["row_count"]) for one in facts["series"]] == [("api", 13), ("db", 13), ("web", 14)]
    assert sum(one["nbytes"] for one in facts["series"]) == facts["line_bytes"] + facts["metadata_bytes"]
    assert json.loads(json.dumps(facts)) == facts
    assert "40 rows of 3 series" in description.as_text()


def rows_path(directory: Path) -> Path:
    return directory / meta_of(directory).files[ROWS_FILE].path


def series_path(directory: Path) -> Path:
    return directory / meta_of(directory).files[SERIES_FILE].path


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda block: flip(rows_path(block)), "rows.parquet: checksum differs"),
        (lambda block: flip(series_path(block)), "series.parquet: checksum differs"),
        (lambda block: rows_path(block).write_bytes(rows_path(block).read_bytes()[:-1]), "bytes instead of"),
        (lambda block: rows_path(block).unlink(), "rows.parquet: No such file or directory"),
        (lambda block: (block / META_FILE).write_bytes(b"{"), "meta.json: JSONDecodeError"),
        (lambda block: change_meta(block, '"format_version": 1', '"format_version": 2'), "format version 2"),
        (lambda block: change_meta(block, '"row_count": 40', '"row_count": 41'), "disagree on their numbers"),
        (lambda block: change_meta(block, f'"min_ns": {DAY_START_NS}', f'"min_ns": {DAY_START_NS + 1}'), "times are not those of the rows"),
        (lambda block: change_meta(block, '"line_bytes": ', '"line_bytes": 1'), "bytes are not those of the series"),
        (lambda block: change_meta(block, '"tenant": "fake"', '"tenant": "other"'), "belongs in signal=logs/tenant=other"),
    ],
)
def test_damage_is_told_with_its_file(block: Path, damage: Callable[[Path], object], told: str) -> None:
    damage(block)
    before = contents(block)
    description = inspect_block(block)
    assert any(told in problem for problem in description.damage)
    assert f"DAMAGE: {description.damage[0]}" in description.as_text()
    assert contents(block) == before


def test_every_flipped_byte_of_the_series_table_is_found(block: Path) -> None:
    path = series_path(block)
    sound = path.read_bytes()
    for at in range(0, len(sound), 97):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x10]) + sound[at + 1 :])
        assert inspect_block(block).damage


def test_files_of_other_attempts_and_tombstones_are_told_apart_from_damage(block: Path) -> None:
    (block / "0123").mkdir()
    (block / "0123" / ROWS_FILE).write_bytes(b"x")
    (block / TOMBSTONE_FILE).write_bytes(b"{}")
    description = inspect_block(block)
    assert (description.damage, description.strangers, description.is_deleted) == ((), ("0123/rows.parquet",), True)


def test_a_block_that_was_copied_elsewhere_is_still_one(block: Path, tmp_path: Path) -> None:
    copied = block.rename(tmp_path / block.name)
    assert not inspect_block(copied).damage
    assert inspect_block(copied.rename(tmp_path / "renamed")).damage


def test_a_directory_without_a_block_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=META_FILE):
        inspect_block(tmp_path)


@pytest.fixture
def spans(tmp_path: Path) -> WrittenBlock:
    made = [span("shop", DAY_START_NS + number, number % 6, number) for number in range(20)]
    return written_spans(made, tmp_path / "flush", options=WriteOptions(row_group_rows=7))


def test_traces_of_a_block_of_spans_are_counted(spans: WrittenBlock, tmp_path: Path) -> None:
    description = inspect_block(in_store(spans, spans.meta, tmp_path))
    assert (description.damage, description.trace_count, description.as_json()["trace_count"]) == ((), 6, 6)
    assert "6 traces in an index of " in description.as_text()


def test_a_block_without_an_index_of_traces_is_sound(spans: WrittenBlock, tmp_path: Path) -> None:
    description = inspect_block(in_store(spans, without_index(spans.meta), tmp_path))
    assert (description.damage, description.trace_count) == ((), None)


def test_an_index_that_is_not_that_of_the_rows_is_damage(spans: WrittenBlock, tmp_path: Path) -> None:
    other = written_spans([span("shop", DAY_START_NS, 1, 1)], tmp_path / "other")
    file = replace(other.meta.files[TRACES_FILE], path=spans.meta.files[TRACES_FILE].path)
    spans.files[TRACES_FILE].write_bytes(other.files[TRACES_FILE].read_bytes())
    description = inspect_block(in_store(spans, replace(spans.meta, files=spans.meta.files | {TRACES_FILE: file}), tmp_path))
    assert description.damage == (f"{file.path}: is not the index of the rows",)
