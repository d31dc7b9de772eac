from __future__ import annotations

import itertools
import random
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lgtm.blocks import union
from lgtm.blocks.encoding import WriteOptions
from lgtm.blocks.layout import DATA_FILES, ROWS_FILE, SERIES_FILE, DamagedBlock
from lgtm.blocks.meta import BlockMeta
from lgtm.blocks.reader import BlockReader, Where
from lgtm.blocks.writer import WrittenBlock
from lgtm.model.matchers import Matcher, Matchers, MatchOp
from lgtm.model.trace_ids import TraceIds
from lgtm.model.window import ALWAYS, Window
from support.blocks import DAY_START_NS, day_of_entries, identity, open_block, open_index, written, written_spans
from support.rows import Entry, entries_of, entry
from support.spans import Span, span, spans_of

SMALL_GROUPS = WriteOptions(row_group_rows=7)
S = 1_000_000_000


def at(seconds: float) -> int:
    return DAY_START_NS + int(seconds * S)


@pytest.fixture
def block(tmp_path: Path) -> WrittenBlock:
    return written(day_of_entries(), tmp_path, options=SMALL_GROUPS)


@pytest.mark.parametrize("app", ["api", "db", "web", "ap", None])
@pytest.mark.parametrize(
    "window", [ALWAYS, Window(at(3), at(10)), Window(at(12), at(13)), Window(at(39), at(40)), Window(at(40), at(99)), Window(0, 1)]
)
@pytest.mark.parametrize("newest_first", [False, True])
def test_exactly_the_rows_of_the_series_in_the_window_are_read(block: WrittenBlock, app: str | None, window: Window, newest_first: bool) -> None:
    matchers: Matchers = () if app is None else (Matcher("app", MatchOp.EQ, app),)
    reader = open_block(block)
    found = entries_of(list(reader.read(reader.series(matchers, window), window, newest_first=newest_first)))
    expected = {e.identity for e in day_of_entries() if (app is None or ("app", app) in e.labels) and e.ts in window}
    assert {e.identity for e in found} == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("matcher", "apps"),
    [
        (Matcher("app", MatchOp.EQ, "api"), ["api"]),
        (Matcher("app", MatchOp.NE, "api"), ["db", "web"]),
        (Matcher("app", MatchOp.RE, "a.*|web"), ["api", "web"]),
        (Matcher("app", MatchOp.NRE, ".*b"), ["api"]),
        (Matcher("absent", MatchOp.EQ, ""), ["api", "db", "web"]),
        (Matcher("absent", MatchOp.NE, ""), []),
    ],
)
def test_series_are_chosen_by_their_labels(block: WrittenBlock, matcher: Matcher, apps: list[str]) -> None:
    assert [dict(s.labels or ())["app"] for s in open_block(block).series((matcher,)).series] == apps


def test_series_that_have_nothing_near_the_window_are_left_out(tmp_path: Path) -> None:
    reader = open_block(written([entry("early", at(1), "x"), entry("late", at(9), "x")], tmp_path))
    assert [s.labels for s in reader.series((), Window(at(5), at(10))).series] == [(("app", "late"),)]


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (None, ["line", "meta.trace"]),
        (frozenset(), []),
        (frozenset({"line"}), ["line"]),
        (frozenset({"meta.trace", "meta.unknown"}), ["meta.trace"]),
    ],
)
def test_only_the_columns_asked_for_are_read(block: WrittenBlock, columns: frozenset[str] | None, names: list[str]) -> None:
    assert {tuple(b.rows.schema.names) for b in open_block(block).read(columns=columns)} == {("series", "ts", *names)}


def test_rows_are_the_same_in_number_and_order_whatever_the_columns(block: WrittenBlock) -> None:
    window = Window(at(3), at(30))
    keys = [
        (b.series[n].labels, ts) for b in open_block(block).read(None, window, frozenset()) for n, ts in zip(*map(_list, b.rows.columns), strict=True)
    ]
    assert keys == [(e.labels, e.ts) for e in entries_of(list(open_block(block).read(None, window)))]


def _list(column: object) -> list[int]:
    return list(column.to_pylist())  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["a", "a.b", "rest.key_value.key", "rest", "ü\n\0", "meta.a"])
def test_a_metadata_name_is_only_a_name(tmp_path: Path, name: str) -> None:
    rows = [Entry((("app", "api"),), at(1), "x", {"a": "1", "a.b": "2", name: "mine"})]
    found = entries_of(list(open_block(written(rows, tmp_path)).read(columns=frozenset({f"meta.{name}"}))))
    assert [e.metadata for e in found] == [{name: "mine"}]


def test_names_that_did_not_fit_are_found_in_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(union, "DYNAMIC_COLUMNS_MAX", 1)
    block = written([entry("api", at(n), "x", None, **{"common": "1"}, **({"rare": "2"} if n == 0 else {})) for n in range(3)], tmp_path)
    assert (block.meta.dynamic_columns, block.meta.has_rest) == (("meta.common",), True)
    assert [e.metadata for e in entries_of(list(open_block(block).read(columns=frozenset({"meta.rare"}))))] == [{"rare": "2"}, {}, {}]
    assert [b.rows.schema.names for b in open_block(block).read(columns=frozenset({"meta.common"}))] == [["series", "ts", "meta.common"]]
    assert entries_of(list(open_block(block).read()))[0].metadata == {"common": "1", "rare": "2"}


def test_newest_first_gives_row_groups_by_falling_time(tmp_path: Path) -> None:
    rows = [entry(app, at(base + n), "x") for app, base in (("a", 100), ("b", 0), ("c", 50)) for n in range(7)]
    reader = open_block(written(rows, tmp_path, options=SMALL_GROUPS))
    newest = [max(e.ts for e in entries_of(b)) for b in reader.read(newest_first=True)]
    oldest = [min(e.ts for e in entries_of(b)) for b in reader.read()]
    assert newest == [at(106), at(56), at(6)]
    assert oldest == [at(0), at(50), at(100)]


def test_a_query_that_has_enough_narrows_the_window_as_it_goes(tmp_path: Path) -> None:
    rows = [entry(app, at(base + n), "x") for app, base in (("a", 100), ("b", 0), ("c", 50)) for n in range(7)]
    windows = itertools.chain([ALWAYS], itertools.repeat(Window(at(104), at(999))))
    read = open_block(written(rows, tmp_path, options=SMALL_GROUPS)).read(window=lambda: next(windows), newest_first=True)
    assert [len(b) for b in read] == [7]


def test_blocks_are_read_from_bytes_as_from_files(block: WrittenBlock) -> None:
    from_bytes = BlockReader(block.files[ROWS_FILE].read_bytes(), block.files[SERIES_FILE].read_bytes(), block.meta)
    assert entries_of(list(from_bytes.read())) == entries_of(list(open_block(block).read()))


def test_all_batches_share_the_series_of_the_selection(block: WrittenBlock) -> None:
    reader = open_block(block)
    selection = reader.series((Matcher("app", MatchOp.NE, "api"),))
    assert all(b.series is selection.series for b in reader.read(selection))
    assert len(selection) == 2


Damage = Callable[[bytes, random.Random], bytes]


def flipped_bit(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def cut(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data))]


def extended(data: bytes, rng: random.Random) -> bytes:
    return data + rng.randbytes(rng.randrange(1, 9))


def zeroed_stretch(data: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(data) - 64)
    return data[:at] + bytes(64) + data[at + 64 :]


def noise(data: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(len(data))


@pytest.mark.parametrize("damage", [flipped_bit, cut, extended, zeroed_stretch, noise])
@pytest.mark.parametrize("name", DATA_FILES)
def test_damage_anywhere_in_a_file_is_found_before_a_row_is_believed(block: WrittenBlock, name: str, damage: Damage) -> None:
    whole = block.files[name].read_bytes()
    rng = random.Random(11)
    for _ in range(40):
        damaged = damage(whole, rng)
        if damaged == whole:
            continue
        block.files[name].write_bytes(damaged)
        with pytest.raises(DamagedBlock, match=name):
            open_block(block)


def test_a_flipped_bit_in_a_page_that_appears_after_opening_is_found_while_reading(tmp_path: Path) -> None:
    block = written([entry("api", at(n), f"{n * 7919 % 10_007:08d}" * 5) for n in range(2_000)], tmp_path)
    reader = open_block(block)
    data = block.files[ROWS_FILE].read_bytes()
    middle = len(data) // 3
    block.files[ROWS_FILE].write_bytes(data[:middle] + bytes([data[middle] ^ 16]) + data[middle + 1 :])
    with pytest.raises(DamagedBlock, match=ROWS_FILE):
        list(reader.read())


def fewer_rows(meta: BlockMeta) -> BlockMeta:
    return replace(meta, row_count=meta.row_count - 1)


def more_series(meta: BlockMeta) -> BlockMeta:
    return replace(meta, series_count=meta.series_count + 1)


def of_other_files(meta: BlockMeta) -> BlockMeta:
    files = {name: replace(file, xxh3="0" * 32) for name, file in meta.files.items()}
    return replace(meta, files=files)


@pytest.mark.parametrize("foreign", [fewer_rows, more_series, of_other_files])
def test_files_that_are_not_those_of_the_meta_are_refused(block: WrittenBlock, foreign: Callable[[BlockMeta], BlockMeta]) -> None:
    with pytest.raises(DamagedBlock):
        open_block(block, meta=foreign(block.meta))


def test_files_of_another_block_are_refused_even_without_digests(tmp_path: Path) -> None:
    rows = day_of_entries()
    mine = written(rows, tmp_path / "mine")
    other = written(rows[:-1], tmp_path / "other", of=identity(generation=2))
    with pytest.raises(DamagedBlock):
        open_block(mine, meta=other.meta, verify=False)


def test_a_missing_file_is_damage(block: WrittenBlock) -> None:
    block.files[ROWS_FILE].unlink()
    with pytest.raises(DamagedBlock, match="FileNotFoundError"):
        open_block(block)


def test_one_reader_serves_many_reads_at_once(block: WrittenBlock) -> None:
    reader = open_block(block)
    together = list(itertools.zip_longest(reader.read(), reader.read(newest_first=True)))
    first, second = ([b for b in side if b is not None] for side in zip(*together, strict=True))
    assert sorted(e.identity for e in entries_of(first)) == sorted(e.identity for e in entries_of(second)) != []


SPANS_OF = st.builds(
    lambda service, at_ns, trace, number: span(service, DAY_START_NS + at_ns, trace, number),
    st.sampled_from(["a", "b", "c"]),
    st.integers(0, 20),
    st.integers(0, 9),
    st.integers(0, 500),
)


@settings(max_examples=40)
@given(st.lists(SPANS_OF, min_size=1, max_size=30), st.sets(st.integers(0, 11)), st.integers(0, 20), st.booleans(), st.booleans())
def test_rows_of_traces_are_read_with_an_index_and_without(spans: list[Span], wanted: set[int], start: int, cut: bool, indexed: bool) -> None:
    window = Window(DAY_START_NS + start, DAY_START_NS + start + 8) if cut else ALWAYS
    traces = TraceIds.of(number.to_bytes(16) for number in wanted)
    with tempfile.TemporaryDirectory() as directory:
        block = written_spans(spans, Path(directory), options=SMALL_GROUPS)
        row_groups = open_index(block).row_groups(traces) if indexed else None
        found = list(open_block(block).read(None, window, traces=traces, row_groups=row_groups))
    expected = {one.record for one in spans if one.trace_id in set(traces) and (not cut or one.ts in window)}
    assert sorted(one.record for one in spans_of(found)) == sorted(expected)


@pytest.fixture
def three_groups(tmp_path: Path) -> WrittenBlock:
    """Nine spans in three row groups; trace 5 is in the second one alone."""
    return written_spans([span("a", DAY_START_NS + n, n, n, name=f"{n}") for n in range(1, 10)], tmp_path, options=WriteOptions(row_group_rows=3))


FIVE = TraceIds.of([(5).to_bytes(16)])


def without_column(block: WrittenBlock, name: str, *, group: int) -> BlockReader:
    """The block with a column of a row group overwritten, which reading it would find."""
    reader = open_block(block, verify=False)
    row_group = pq.read_metadata(block.files[ROWS_FILE]).row_group(group)
    (column,) = [row_group.column(at) for at in range(row_group.num_columns) if row_group.column(at).path_in_schema == name]
    data = bytearray(block.files[ROWS_FILE].read_bytes())
    start = column.dictionary_page_offset or column.data_page_offset
    data[start : start + column.total_compressed_size] = bytes(column.total_compressed_size)
    block.files[ROWS_FILE].write_bytes(data)
    return reader


@pytest.mark.parametrize("name", ["ts", "trace_id", "span_id", "name"])
@pytest.mark.parametrize("group", [0, 2])
def test_row_groups_without_a_row_of_the_trace_are_not_opened(three_groups: WrittenBlock, name: str, group: int) -> None:
    row_groups = open_index(three_groups).row_groups(FIVE)
    reader = without_column(three_groups, name, group=group)
    assert [one.span_id for one in spans_of(list(reader.read(traces=FIVE, row_groups=row_groups)))] == [(5).to_bytes(8)]
    with pytest.raises(DamagedBlock):
        list(reader.read())


def test_without_an_index_only_ids_and_times_are_read_of_row_groups_without_a_row_of_the_trace(three_groups: WrittenBlock) -> None:
    reader = without_column(three_groups, "span_id", group=0)
    assert [one.span_id for one in spans_of(list(reader.read(traces=FIVE)))] == [(5).to_bytes(8)]


def test_a_test_of_rows_is_given_its_columns_and_decides_before_others_are_read(three_groups: WrittenBlock) -> None:
    seen: list[list[str]] = []

    def mask(rows: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        seen.append(rows.schema.names)
        return np.array([name in ("4", "6", "9") for name in rows.column("name").to_pylist()])

    reader = without_column(three_groups, "span_id", group=0)
    found = list(reader.read(columns=frozenset({"span_id"}), where=Where(frozenset({"name", "span.absent"}), mask)))
    assert [[int.from_bytes(one) for one in batch.rows.column("span_id").to_pylist()] for batch in found] == [[4, 6], [9]]
    assert [batch.rows.schema.names for batch in found] == [["series", "ts", "span_id"]] * 2
    assert seen == [["ts", "name"]] * 3


def test_what_a_test_of_rows_raises_is_no_damage(three_groups: WrittenBlock) -> None:
    def fails(rows: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        raise KeyError(rows.num_rows)

    with pytest.raises(KeyError):
        list(open_block(three_groups).read(where=Where(frozenset(), fails)))


def test_both_tests_must_pass(three_groups: WrittenBlock) -> None:
    def odd(rows: pa.RecordBatch) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        return np.array([int(name) % 2 == 1 for name in rows.column("name").to_pylist()])

    traces = TraceIds.of(number.to_bytes(16) for number in (4, 5))
    found = open_block(three_groups).read(traces=traces, where=Where(frozenset({"name"}), odd))
    assert [one.trace_id for one in spans_of(list(found))] == [(5).to_bytes(16)]
