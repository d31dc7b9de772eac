"""Log queries: recorded answers, and the choice of the first `limit` entries."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lgtm.logql import evaluate_log
from lgtm.logql.evaluate_log import Entries, LogQuery, LogResult, filtering_stages
from lgtm.logql.parser import parse
from lgtm.logql.pipeline import compile_pipeline
from lgtm.logql.syntax import LogExpr
from lgtm.model.window import ALWAYS, Window
from support.recorded_logs import Answer, answers, read, stored_rows
from support.rows import Entry, batch_of, entry


def log_expr(text: str) -> LogExpr:
    expr = parse(text)
    assert isinstance(expr, LogExpr)
    return expr


def ask(answer: Answer) -> LogResult:
    query = LogQuery(
        log_expr(answer.query),
        Window(answer.time_ns("start"), answer.time_ns("end")),
        limit=int(answer.params.get("limit", "100")),
        forward=answer.params.get("direction", "").lower() == "forward",
        interval_ns=answer.duration_ns("interval"),
    )
    for batch in read(stored_rows(), query.reads, pieces=1):
        query.add(batch)
    return query.result()


def told(result: LogResult, *, categorized: bool) -> list[dict[str, Any]]:
    """As the API tells it in JSON."""
    if not categorized:
        return [{"stream": dict(each.labels), "values": rows_of(each)} for each in result.folded()]
    answer = []
    for each in result.categorized():
        categories = [{"structuredMetadata": dict(c.metadata), "parsed": dict(c.parsed)} for c in each.categories or ()]
        extras = [{name: labels for name, labels in category.items() if labels} for category in categories]
        answer.append({"stream": dict(each.labels), "values": [[*row, extra] for row, extra in zip(rows_of(each), extras, strict=True)]})
    return answer


def rows_of(entries: Entries) -> list[list[Any]]:
    return [[str(ts), line] for ts, line in zip(entries.ts_ns.tolist(), entries.lines, strict=True)]


@pytest.mark.parametrize("answer", answers(of_logs=True), ids=lambda answer: answer.id)
def test_recorded_log_queries_are_answered_alike(answer: Answer) -> None:
    got = told(ask(answer), categorized="encodingFlags" in answer.answer)
    assert sorted(got, key=repr) == sorted(answer.answer["result"], key=repr)


def run(entries: Sequence[Entry], *, query: str = '{app=~".+"}', batch: int = 1_000, window: Window = ALWAYS, **options: Any) -> LogResult:
    log_query = LogQuery(log_expr(query), window, **{"limit": 100, "forward": True, **options})
    for i in range(0, len(entries), batch):
        log_query.add(batch_of(entries[i : i + batch]))
    return log_query.result()


SAME_TIME = [entry("a", 5, "first"), entry("b", 5, "second"), entry("a", 4, "zeroth"), entry("a", 5, "third")]


@pytest.mark.parametrize(
    ("forward", "limit", "lines"),
    [
        (True, 9, ["zeroth", "first", "second", "third"]),
        (True, 2, ["zeroth", "first"]),
        (False, 9, ["third", "second", "first", "zeroth"]),
        (False, 2, ["third", "second"]),
    ],
)
def test_entries_come_by_time_and_those_of_one_time_by_arrival(forward: bool, limit: int, lines: list[str]) -> None:
    assert run(SAME_TIME, forward=forward, limit=limit).lines == lines
    assert run(SAME_TIME, forward=forward, limit=limit, batch=1).lines == lines


@pytest.mark.parametrize("forward", [True, False])
def test_entries_of_one_time_keep_their_order_across_the_pieces_of_a_batch(forward: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluate_log, "PIECE_ROWS", 2)
    lines = [str(i) for i in range(7)]
    result = run([entry("a", 5, line) for line in lines], forward=forward, limit=5)
    assert result.lines == (lines if forward else lines[::-1])[:5]


def test_the_window_includes_its_start_and_excludes_its_end() -> None:
    assert run(SAME_TIME, window=Window(4, 5)).lines == ["zeroth"]
    assert run(SAME_TIME, window=Window(6, 9)).lines == []


def test_streams_are_told_apart_by_all_labels_or_by_their_own() -> None:
    result = run([entry("a", 1, "one", trace="x"), entry("a", 2, "two", trace="y"), entry("a", 3, "n=1", trace="x")], query='{app="a"} | logfmt')
    folded = [(each.labels, each.lines) for each in result.folded()]
    assert folded == [
        ((("app", "a"), ("n", "1"), ("trace", "x")), ["n=1"]),
        ((("app", "a"), ("trace", "x")), ["one"]),
        ((("app", "a"), ("trace", "y")), ["two"]),
    ]
    (only,) = result.categorized()
    assert (only.labels, only.lines) == ((("app", "a"),), ["one", "two", "n=1"])
    assert [(each.metadata, each.parsed) for each in only.categories or ()] == [
        ((("trace", "x"),), ()),
        ((("trace", "y"),), ()),
        ((("trace", "x"),), (("n", "1"),)),
    ]


def test_once_limit_rows_are_held_the_cutoff_tells_which_rows_cannot_matter() -> None:
    query = LogQuery(log_expr('{app="a"}'), ALWAYS, limit=2, forward=False)
    query.add(batch_of([entry("a", 10, "x")]))
    assert query.cutoff_ns is None
    query.add(batch_of([entry("a", at, "x") for at in (5, 7, 9)]))
    assert query.cutoff_ns == 9
    query.add(batch_of([entry("a", at, "x") for at in (8, 11)]))
    assert query.result().ts_ns.tolist() == [11, 10]
    assert query.cutoff_ns == 10


def spaced(times: list[int], interval: int, limit: int) -> list[int]:
    chosen: list[int] = []
    for at in times:
        if len(chosen) < limit and (not chosen or abs(at - chosen[-1]) >= interval):
            chosen.append(at)
    return chosen


@given(
    times=st.lists(st.integers(0, 60), max_size=40),
    interval=st.integers(0, 15),
    limit=st.integers(1, 12),
    forward=st.booleans(),
    batch=st.integers(1, 9),
    piece=st.sampled_from([1, 3, 1_024]),
)
def test_any_split_into_batches_gives_the_first_entries_of_the_whole(
    times: list[int], interval: int, limit: int, forward: bool, batch: int, piece: int
) -> None:
    entries = [entry("a", at, str(i)) for i, at in enumerate(times)]
    ordered = sorted(entries, key=lambda each: each.ts) if forward else sorted(entries, key=lambda each: each.ts)[::-1]
    expected = [each.ts for each in ordered][:limit] if not interval else spaced([each.ts for each in ordered], interval, limit)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(evaluate_log, "PIECE_ROWS", piece)
        result = run(entries, limit=limit, forward=forward, interval_ns=interval, batch=batch)
    assert result.ts_ns.tolist() == expected
    if not interval:
        assert result.lines == [each.line for each in ordered][:limit]


def test_filters_behind_parsers_choose_before_labels_are_made() -> None:
    entries = [entry("a", at, f"status={at * 100} size={at}") for at in range(1, 8)]
    random.Random(1).shuffle(entries)
    result = run(entries, query='{app="a"} | logfmt | status >= 300 | line_format "{{.size}}"', limit=2, batch=2)
    assert result.lines == ["3", "4"]
    assert [dict(result.labels[code].parsed) for code in result.codes.tolist()] == [{"status": "300", "size": "3"}, {"status": "400", "size": "4"}]


@given(
    lines=st.lists(
        st.sampled_from(
            [
                '{"a":"10.0.0.1","b":1}',
                '{"a":"8.8.8.8","b":2',
                '{"b":3,"a":"x"}',
                '{"b":"no',
                "text",
                '{"a":"9.9.9.9"}',
                '{"b":"4","a":"10.0.0.2","b":5}',
            ]
        ),
        max_size=12,
    ),
    filters=st.lists(
        st.sampled_from(['a=ip("10.0.0.0/8")', "b>1", '__error__=""', '__error__!=""', 'a!="x"', 'b=1 or a!=ip("9.9.9.9")']), max_size=3
    ),
)
def test_choosing_by_a_part_of_the_pipeline_equals_running_the_whole(lines: list[str], filters: list[str]) -> None:
    entries = [entry("a", at, line) for at, line in enumerate(lines)]
    query = '{app="a"} | json' + "".join(f" | {each}" for each in filters)
    whole = compile_pipeline(log_expr(query).stages, None).run(batch_of(entries)) if entries else None
    expected = [] if whole is None else whole.line.to_pylist()[:3]
    assert run(entries, query=query, limit=3, batch=5).lines == expected


@pytest.mark.parametrize(
    ("query", "stages", "needed"),
    [
        ('{a="b"} | json', [], set()),
        ('{a="b"} | json | drop x |= "y" | logfmt', ["| drop x", '|= "y"'], set()),
        ('{a="b"} | json | x="y" | logfmt', ["| json", '| x="y"'], set()),
        ('{a="b"} | json | x > 5 | logfmt', ["| json", "| x>5"], set()),
        ('{a="b"} | json | x=ip("10.0.0.0/8") | logfmt', ["| json", '| x=ip("10.0.0.0/8")'], {"__error__"}),
        ('{a="b"} | json | line_format "{{.z}}" |= "y"', ["| json", '| line_format "{{.z}}"', '|= "y"'], set()),
    ],
)
def test_stages_that_drop_no_row_wait_until_the_rows_are_chosen(query: str, stages: list[str], needed: set[str]) -> None:
    kept, names = filtering_stages(log_expr(query).stages)
    assert [str(stage) for stage in kept] == stages
    assert names == frozenset(needed)
