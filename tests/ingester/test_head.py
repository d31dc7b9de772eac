from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lgtm.ingester.head import Head, HeadSnapshot
from lgtm.model.batch import Batch
from lgtm.model.labels import UNLABELLED, placeholder
from lgtm.model.matchers import Matcher, MatchOp
from lgtm.model.part import Part, PartId
from lgtm.model.signal import LINE, LOGS, SERIES
from lgtm.wire.part import decode_part, encode_part
from support.parts import TENANT, WRITER, batch, series


def rows_of(snapshot: HeadSnapshot) -> list[tuple[str, str]]:
    """(app, line) of every row in order."""
    found = []
    for run in snapshot.runs:
        for number, line in zip(run.rows.column(SERIES).to_pylist(), run.rows.column(LINE).to_pylist(), strict=True):
            found.append((dict(snapshot.series[number].labels or ())["app"], line))
    return found


def head() -> Head:
    return Head(LOGS, TENANT, "g-1")


def add(one: Head, rows: Batch) -> None:
    """As the next part of one writer."""
    one.add(rows, PartId(WRITER, 1, one.row_count))


def test_rows_of_all_batches_are_seen_in_order_under_their_own_series() -> None:
    one = head()
    add(one, batch(["a", "b"], apps=("api", "web")))
    add(one, batch(["c", "d"], apps=("web", "db")))

    assert rows_of(one.snapshot()) == [("api", "a"), ("web", "b"), ("web", "c"), ("db", "d")]
    assert one.row_count == 4


def test_a_snapshot_does_not_change_when_the_head_does() -> None:
    one = head()
    add(one, batch(["a"]))
    before = one.snapshot()
    add(one, batch(["b"], apps=("web",)))

    assert rows_of(before) == [("api", "a")]


def test_labels_are_needed_once() -> None:
    one = head()
    unlabelled = batch(["b"], labels=False)
    assert one.missing(unlabelled) == (series("api").fingerprint,)

    add(one, batch(["a"]))
    assert one.missing(unlabelled) == ()
    add(one, unlabelled)
    assert rows_of(one.snapshot()) == [("api", "a"), ("api", "b")]
    assert one.labelled(unlabelled.table) == (series("api"),)


def test_a_series_without_labels_gets_a_placeholder_until_they_come() -> None:
    one = head()
    add(one, batch(["a"], labels=False))
    assert one.snapshot().series[0].labels == ((UNLABELLED, series("api").fingerprint.hex()),)

    add(one, batch(["b"]))
    assert rows_of(one.snapshot()) == [("api", "a"), ("api", "b")]


@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=4))
def test_many_new_series_are_taken_in_as_each_would_be(parts: list[tuple[int, bool]]) -> None:
    """Some of them known already, some without labels, and as they come out of the log."""
    one, met = head(), dict[str, bool]()
    for first, (count, labels) in enumerate(parts):
        apps = tuple(f"app-{number}" for number in range(10 * first, 10 * first + count))
        rows = batch(["x"] * count, apps=apps, labels=labels)
        add(one, decode_part(encode_part(Part(PartId(WRITER, 9, first), ("a",), rows))).batch if first % 2 else rows)
        met |= {app: met.get(app, False) or labels for app in apps}
    found = one.snapshot()
    assert [one.labels for one in found.series] == [
        series(app).labels if labels else placeholder(series(app).fingerprint) for app, labels in met.items()
    ]
    matching = found.matching((Matcher("app", MatchOp.RE, "app-1.*"),))
    assert matching.tolist() == [labels and app.startswith("app-1") for app, labels in met.items()]


@given(st.lists(st.integers(1, 40), min_size=1, max_size=60), st.integers(2, 100))
def test_merging_small_runs_keeps_every_row_in_order(sizes: list[int], rows_min: int) -> None:
    one = head()
    lines = iter(range(sum(sizes)))
    for size in sizes:
        add(one, batch([str(next(lines)) for _ in range(size)], apps=("api", "web")))
    before = one.snapshot()

    while (found := one.small_runs(rows_min)) is not None:
        at, runs = found
        assert len(runs) > 1
        one.replace(at, runs, one.merge(runs))

    after = one.snapshot()
    assert rows_of(after) == rows_of(before)
    assert [run.parts.row_count for run in after.runs] == [run.rows.num_rows for run in after.runs]
    assert one.row_count == sum(sizes)
    assert one.nbytes == sum(run.nbytes for run in after.runs)
    assert len(after.runs) <= len(before.runs)


def test_many_tiny_parts_end_in_few_runs() -> None:
    one = head()
    for i in range(5_000):
        add(one, batch([str(i)]))
        while (found := one.small_runs(1_000)) is not None:
            one.replace(found[0], found[1], one.merge(found[1]))

    assert len(one.snapshot().runs) < 5_000 / 64 + 64
